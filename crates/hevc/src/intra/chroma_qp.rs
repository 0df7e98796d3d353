//! Maps quantisers of luma to quantisers of chroma (ITU-T H.265 § 8.6.1, § 8.7.2.5.5).

/// `QpC` of an index (§ 8.6.1), without an offset. From 30 on the quantiser of chroma rises more slowly in 4:2:0.
#[inline]
pub(crate) fn chroma_qp(index: i32, chroma_format: u32) -> i32 {
    match index {
        _ if chroma_format != 1 => index.min(51),
        ..30 => index,
        30..43 => CHROMA_QP[(index - 30) as usize],
        _ => index - 6,
    }
}

/// `QpC` of 4:2:0 for indices from 30 to 42 (table 8-10).
static CHROMA_QP: [i32; 13] = [29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chroma_falls_behind_luma_step_by_step() {
        let mapped: Vec<_> = (-12..=57).map(|index| chroma_qp(index, 1)).collect();
        assert!(mapped.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))));
        let some = [-12, 29, 30, 31, 34, 35, 42, 43, 57];
        assert_eq!(some.map(|index| chroma_qp(index, 1)), [-12, 29, 29, 30, 33, 33, 37, 37, 51]);
        assert_eq!([33, 36, 38, 40].map(|index| chroma_qp(index, 1)), [32, 34, 35, 36]);
        assert_eq!([-12, 30, 51, 57].map(|index| chroma_qp(index, 2)), [-12, 30, 51, 51]);
    }
}
