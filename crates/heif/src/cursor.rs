//! Reads big-endian fields from the payload of a box, never past its end.

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// A four-character code: the type of a box or of an item, or a brand.
pub type FourCc = [u8; 4];

/// Reads big-endian numbers from a slice; running out is `malformed`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[b]| b)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn four_cc(&mut self) -> Result<FourCc> {
        self.array()
    }

    /// A number of 32 bits where `has_32_bits`, else of 16.
    pub(crate) fn id(&mut self, has_32_bits: bool) -> Result<u32> {
        if has_32_bits { self.u32() } else { self.u16().map(u32::from) }
    }

    /// An unsigned number of 0, 4 or 8 bytes, as `iloc` has them (ISO/IEC 14496-12 § 8.11.3.3). One of 0 bytes is 0.
    pub(crate) fn sized(&mut self, bytes: u8) -> Result<u64> {
        match bytes {
            0 => Ok(0),
            4 => self.u32().map(u64::from),
            8 => self.u64(),
            _ => Err(DecodeError::malformed("iloc has a field size other than 0, 4 and 8")),
        }
    }

    /// Version and flags of a full box (ISO/IEC 14496-12 § 4.2): 8 bits and 24.
    pub(crate) fn full_box(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok((word.to_be_bytes()[0], word & 0x00ff_ffff))
    }
}

/// A four-character code for an error message: bounded, and with a dot for anything but printable ASCII.
///
/// ```
/// assert_eq!(image_ingest_heif::printable(*b"av01"), "av01");
/// assert_eq!(image_ingest_heif::printable([b'a', 0, b'\n', 0xE4]), "a...");
/// ```
#[must_use]
pub fn printable(code: FourCc) -> String {
    code.iter().map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '.' }).collect()
}

fn too_short() -> DecodeError {
    DecodeError::malformed("a box ends before its fields do")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian() {
        let mut cursor = Cursor(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!((cursor.u8().unwrap(), cursor.u16().unwrap()), (1, 0x0203));
        assert_eq!((cursor.u32().unwrap(), cursor.u64().unwrap()), (0x0405_0607, 0x0809_0A0B_0C0D_0E0F));
        assert!(matches!(cursor.u8(), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn fields_of_iloc_have_0_4_or_8_bytes() {
        let mut cursor = Cursor(&[0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert_eq!((cursor.sized(0).unwrap(), cursor.sized(4).unwrap()), (0, 7));
        assert_eq!(cursor.sized(8).unwrap(), 0x1_0000_0002);
        for bytes in [1, 2, 3, 5, 15] {
            assert!(matches!(Cursor(&[0; 16]).sized(bytes), Err(DecodeError::Malformed { .. })), "{bytes}");
        }
    }

    #[test]
    fn a_full_box_has_8_bits_of_version_and_24_of_flags() {
        assert_eq!(Cursor(&[2, 1, 0, 3]).full_box().unwrap(), (2, 0x1_0003));
    }
}
