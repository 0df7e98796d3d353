//! The quantisation tables of a quality, and quantisation without division.

use crate::zigzag::ZIGZAG;

/// Both quantisation tables of `quality`, luma's and chroma's, in natural order.
///
/// They are the examples of ITU-T T.81 annex K.1, scaled by the Independent JPEG Group's formula, from 1 % of quality
/// 100 over 100 % of quality 50 to 5000 % of quality 1. No step is below 1 or above 255, which is what 8 bits hold. A
/// quality below 1 counts as 1, one above 100 as 100.
pub(crate) fn quantisation_tables(quality: u8) -> [[u8; 64]; 2] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    // At most (121 · 5000 + 50) / 100.
    let step = |base: u8| u8::try_from((u32::from(base) * percent + 50) / 100).unwrap_or(u8::MAX).max(1);
    [LUMA_STEPS.map(step), CHROMA_STEPS.map(step)]
}

/// A quantisation table in zigzag order, as a file holds it.
pub(crate) fn in_zigzag(table: &[u8; 64]) -> [u8; 64] {
    ZIGZAG.map(|position| table[usize::from(position)])
}

/// Divides coefficients by the steps of a table, rounding halves away from zero.
///
/// A coefficient comes eight times too large from the DCT, so the divisor `d` is eight times the step. The quotient of
/// |x| is `((|x| + correction) · reciprocal >> 16) · scale >> 16`, two products of 16 bits of which the upper halves
/// are kept. This is the method of libjpeg-turbo's jcdctmgr.c, after Agner Fog: `reciprocal` is 2^r / d with r such
/// that it has 16 bits, rounded to nearest; rounding down is made up for by adding one more to |x|. It is exact for
/// every |x| below 2¹⁵, and the tests divide them all.
#[derive(Clone)]
#[repr(align(16))]
pub(crate) struct BlockQuantiser {
    /// In natural order, row by row, as all of these.
    pub(crate) correction: [[u16; 8]; 8],
    pub(crate) reciprocal: [[u16; 8]; 8],
    pub(crate) scale: [[u16; 8]; 8],
}

impl BlockQuantiser {
    /// The quantiser of a table in natural order. No step is 0.
    pub(crate) fn new(table: &[u8; 64]) -> Self {
        let mut it = Self { correction: [[0; 8]; 8], reciprocal: [[0; 8]; 8], scale: [[0; 8]; 8] };
        for (position, &step) in table.iter().enumerate() {
            let [correction, reciprocal, scale] = divisor(step);
            let (row, column) = (position / 8, position % 8);
            it.correction[row][column] = correction;
            it.reciprocal[row][column] = reciprocal;
            it.scale[row][column] = scale;
        }
        it
    }
}

/// Correction, reciprocal and scale for eight times `step`.
fn divisor(step: u8) -> [u16; 3] {
    let d = u32::from(step.max(1)) * 8;
    // 2^r / d is from 2¹⁵ on and below 2¹⁶ · 2; r is 19 to 26.
    let log = d.ilog2();
    let (power, half) = (1 << (16 + log), d / 2);
    let (quotient, rest) = (power / d, power % d);
    let (r, reciprocal, correction) = match rest {
        // A power of two: 2¹⁶ does not fit, so half of it is taken.
        0 => (15 + log, quotient / 2, half),
        rest if rest <= half => (16 + log, quotient, half + 1),
        _ => (16 + log, quotient + 1, half),
    };
    // `reciprocal` is below 2¹⁶, the others are far below.
    [correction, reciprocal, 1 << (32 - r)].map(|it: u32| u16::try_from(it).unwrap_or(u16::MAX))
}

/// ITU-T T.81 table K.1, in natural order.
#[rustfmt::skip]
const LUMA_STEPS: [u8; 64] = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

/// ITU-T T.81 table K.2, in natural order.
#[rustfmt::skip]
const CHROMA_STEPS: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quotient_is_that_of_a_division_rounded() {
        for step in 1..=255 {
            let [correction, reciprocal, scale] = divisor(step).map(u32::from);
            let d = u32::from(step) * 8;
            for x in 0..=16_384 {
                let quotient = ((((x + correction) * reciprocal) >> 16) * scale) >> 16;
                assert_eq!(quotient, (x + d / 2) / d, "{x} by {d}");
            }
        }
    }

    #[test]
    fn steps_are_those_of_the_formula() {
        assert_eq!(quantisation_tables(50), [LUMA_STEPS, CHROMA_STEPS]);
        assert_eq!(quantisation_tables(100), [[1; 64]; 2]);
        assert_eq!(quantisation_tables(1)[0][..2], [255, 255]);
        // 30 % of 16, 11, 10 and of 17, 18, 24.
        assert_eq!(quantisation_tables(85)[0][..3], [5, 3, 3]);
        assert_eq!(quantisation_tables(85)[1][..3], [5, 5, 7]);
        assert_eq!(quantisation_tables(0), quantisation_tables(1));
        assert_eq!(quantisation_tables(255), quantisation_tables(100));
    }

    #[test]
    fn a_file_holds_a_table_in_zigzag_order() {
        let table: [u8; 64] = std::array::from_fn(|position| u8::try_from(position).unwrap());
        assert_eq!(in_zigzag(&table)[..6], [0, 1, 8, 16, 9, 2]);
    }
}
