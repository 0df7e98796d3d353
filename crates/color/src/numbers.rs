//! The numbers of ICC profiles (ICC.1:2022, clause 4), big-endian.

/// `uInt32Number` as a length.
pub(crate) fn length(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

/// `uInt16Number`.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// `s15Fixed16Number`.
pub(crate) fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(i32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)) / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_end_with_the_bytes() {
        let bytes = [0x00, 0x01, 0x80, 0x00, 0xFF, 0xFF, 0x00, 0x00];
        assert_eq!((length(&bytes, 0), length(&bytes, 5)), (Some(0x1_8000), None));
        assert_eq!((word(&bytes, 2), word(&bytes, 7)), (Some(0x8000), None));
        assert_eq!((fixed(&bytes, 0), fixed(&bytes, 4), fixed(&bytes, 9)), (Some(1.5), Some(-1.0), None));
    }
}
