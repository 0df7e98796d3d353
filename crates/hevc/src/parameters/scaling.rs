//! Reads scaling lists (ITU-T H.265 § 7.3.4) and expands them to the scaling factors of every block size (§ 7.4.5).
//!
//! A list has 16 or 64 values in diagonal order. A block of 16 × 16 or 32 × 32 samples uses each value of its list for
//! a square of 2 × 2 or 4 × 4 coefficients, and has a first factor of its own.

use crate::rbsp::RbspReader;
use crate::scan::diagonal;

/// What a parameter set says of scaling lists.
#[derive(Debug)]
pub(crate) enum ScalingSyntax {
    /// There are none.
    Absent,
    /// Those of tables 7-5 and 7-6.
    Standard,
    /// Lists of the parameter set's own.
    Coded(Box<ScalingLists>),
    /// Lists with a value, or a reference to another list, that the standard forbids.
    OutOfRange,
}

/// The lists of 4 × 4, 8 × 8, 16 × 16 and 32 × 32 blocks, six of each: Y, Cb, Cr intra, then inter. Of the largest, the
/// standard codes the first and the fourth alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScalingLists([ScalingList; 24]);

/// One list. Blocks of 4 × 4 use its first 16 values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ScalingList {
    values: [u8; 64],
    /// The factor of the first coefficient, for blocks from 16 × 16 on.
    first: u8,
}

impl ScalingSyntax {
    /// Reads `scaling_list_data`; `None` where it is cut.
    pub(crate) fn read(bits: &mut RbspReader) -> Option<Self> {
        let mut lists = ScalingLists::standard();
        let mut in_range = true;
        for size in 0..4 {
            let step = if size == 3 { 3 } else { 1 };
            for matrix in (0..6).step_by(step) {
                let index = size * 6 + matrix;
                let list = if bits.bit()? {
                    let count = (if size == 0 { 16 } else { 64 }) + usize::from(size > 1);
                    let mut codes = [0; 65];
                    for code in &mut codes[..count] {
                        *code = bits.signed()?;
                    }
                    ScalingList::of(&codes[..count], size > 1)
                } else {
                    lists.referred(index, bits.unsigned()?, step)
                };
                match list {
                    Some(list) => lists.0[index] = list,
                    None => in_range = false,
                }
            }
        }
        Some(if in_range { Self::Coded(Box::new(lists)) } else { Self::OutOfRange })
    }
}

impl ScalingLists {
    /// Those of tables 7-5 and 7-6.
    pub(crate) fn standard() -> Self {
        Self(std::array::from_fn(ScalingList::standard))
    }

    /// The list that list `index` repeats (§ 7.4.5): the standard one for `back` = 0, and otherwise the one that lies
    /// `back` coded lists before it, of the same size.
    fn referred(&self, index: usize, back: u32, step: usize) -> Option<ScalingList> {
        let back = usize::try_from(back).ok()?.checked_mul(step)?;
        if back == 0 {
            return Some(ScalingList::standard(index));
        }
        let matrix = (index % 6).checked_sub(back)?;
        Some(self.0[index / 6 * 6 + matrix])
    }
}

impl ScalingList {
    /// Table 7-5 and table 7-6.
    fn standard(index: usize) -> Self {
        let values = match (index / 6, index % 6) {
            (0, _) => [16; 64],
            (_, 0..3) => INTRA,
            _ => INTER,
        };
        Self { values, first: 16 }
    }

    /// The list of `codes`: differences between values, modulo 256, behind the first factor less 8 where `has_first`.
    fn of(codes: &[i32], has_first: bool) -> Option<Self> {
        let mut list = Self { values: [0; 64], first: 16 };
        let mut next = 8;
        let mut deltas = codes;
        if has_first {
            let (code, rest) = codes.split_first()?;
            next = Some(*code).filter(|code| (-7..=247).contains(code))? + 8;
            list.first = u8::try_from(next).ok()?;
            deltas = rest;
        }
        for (value, delta) in list.values.iter_mut().zip(deltas) {
            // At most 255 + 127 + 256, at least 0 - 128 + 256.
            next = (next + Some(*delta).filter(|delta| (-128..=127).contains(delta))? + 256) & 255;
            *value = u8::try_from(next).ok()?;
        }
        Some(list)
    }
}

/// Scaling factors of intra blocks, by size (4 × 4 to 32 × 32) and component, rows tight.
pub(crate) struct ScalingFactors(Vec<Vec<u8>>);

impl ScalingFactors {
    /// Expands lists.
    pub(crate) fn of(lists: &ScalingLists) -> Self {
        let list = |size: usize, component: usize| match (size, component) {
            // The largest blocks of chroma, which 4:4:4 has, use the lists of 16 × 16.
            (3, 1..) => &lists.0[2 * 6 + component],
            _ => &lists.0[size * 6 + component],
        };
        Self((0..12).map(|at| expanded(list(at / 3, at % 3), at / 3)).collect())
    }

    /// The `side²` factors of a block of `side = 1 << log2` samples (2 ≤ `log2` ≤ 5) of luma (0), Cb (1) or Cr (2).
    pub(crate) fn of_block(&self, log2: u32, component: usize) -> &[u8] {
        &self.0[(log2 as usize - 2) * 3 + component]
    }
}

/// The factors of blocks of `4 << size` samples a side.
fn expanded(list: &ScalingList, size: usize) -> Vec<u8> {
    let (side, coded) = (4usize << size, if size == 0 { 4 } else { 8 });
    let ratio = side / coded;
    let mut factors = vec![16; side * side];
    for (&(x, y), &value) in diagonal(coded).iter().zip(&list.values) {
        for row in 0..ratio {
            let at = (y * ratio + row) * side + x * ratio;
            factors[at..at + ratio].fill(value);
        }
    }
    if size > 1 {
        factors[0] = list.first;
    }
    factors
}

/// Table 7-6 for intra blocks, in diagonal order.
#[rustfmt::skip]
const INTRA: [u8; 64] = [
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 16, 17, 16, 17, 18,
    17, 18, 18, 17, 18, 21, 19, 20, 21, 20, 19, 21, 24, 22, 22, 24,
    24, 22, 22, 24, 25, 25, 27, 30, 27, 25, 25, 29, 31, 35, 35, 31,
    29, 36, 41, 44, 41, 36, 47, 54, 54, 47, 65, 70, 65, 88, 88, 115,
];

/// Table 7-6 for inter blocks, in diagonal order.
#[rustfmt::skip]
const INTER: [u8; 64] = [
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 17, 17, 17, 17, 18,
    18, 18, 18, 18, 18, 20, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24,
    24, 24, 24, 24, 25, 25, 25, 25, 25, 25, 25, 28, 28, 28, 28, 28,
    28, 33, 33, 33, 33, 33, 41, 41, 41, 41, 54, 54, 54, 71, 71, 91,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::Writer;

    /// The payload, read as that of a NAL unit.
    fn read(w: &Writer) -> Option<ScalingSyntax> {
        ScalingSyntax::read(&mut RbspReader::of_nal(&w.nal()))
    }

    fn lists(w: &Writer) -> ScalingLists {
        match read(w) {
            Some(ScalingSyntax::Coded(lists)) => *lists,
            other => panic!("{other:?}"),
        }
    }

    /// `count` lists that repeat the standard ones.
    fn standard(w: &mut Writer, count: u32) {
        (0..count).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
    }

    #[test]
    fn lists_that_refer_to_nothing_are_the_standard_ones() {
        let mut w = Writer::default();
        standard(&mut w, 20);
        assert_eq!(lists(&w), ScalingLists::standard());
    }

    #[test]
    fn a_list_is_coded_by_differences_or_is_another() {
        let mut w = Writer::default();
        // The first list is 8 + 2, + 0 …; the second the same, the third the first again.
        w.bits(1, 1).unsigned(&[3]).unsigned(&[0; 15]);
        w.bits(0, 1).unsigned(&[1]).bits(0, 1).unsigned(&[2]);
        standard(&mut w, 9);
        // A list of 16 × 16 whose first factor is 8 + 4, the others from there 12 + 1.
        w.bits(1, 1).unsigned(&[7]).unsigned(&[1]).unsigned(&[0; 63]);
        standard(&mut w, 7);
        let factors = ScalingFactors::of(&lists(&w));
        (0..3).for_each(|component| assert_eq!(factors.of_block(2, component), [10; 16]));
        let large = factors.of_block(4, 0);
        assert_eq!((large[0], large[1], large[255]), (12, 13, 13));
        assert_eq!(factors.of_block(5, 0)[..3], [16, 16, 16]);
    }

    #[test]
    fn the_standard_factors_of_a_block_follow_its_diagonals() {
        let factors = ScalingFactors::of(&ScalingLists::standard());
        // The corner of the list for 8 × 8 is the last of its diagonals; before it come (6, 7) and (7, 6).
        let small = factors.of_block(3, 0);
        assert_eq!((small[63], small[7 * 8 + 6], small[6 * 8 + 7]), (115, 88, 88));
        // Table 7-6 in diagonal order: 16 16 16 16 16 16 16 16 16 16 17 16 17 16 17; (0, 4) is the eleventh.
        assert_eq!((small[4 * 8], small[3 * 8 + 1], small[2 * 8 + 2], small[8 + 3], small[4]), (17, 16, 17, 16, 17));
        // Each value of the list covers 4 × 4 coefficients of the largest block.
        let large = factors.of_block(5, 2);
        assert!((0..1024).all(|at| large[at] == small[at / 32 / 4 * 8 + at % 32 / 4]));
        assert_eq!(factors.of_block(2, 1), [16; 16]);
    }

    #[test]
    fn lists_out_of_range_are_read_to_their_end() {
        // A difference of 128, a first factor of 0, a reference to a list before the first.
        let mut difference = Writer::default();
        difference.bits(1, 1).unsigned(&[255]).unsigned(&[0; 15]);
        standard(&mut difference, 19);
        let mut first = Writer::default();
        standard(&mut first, 12);
        first.bits(1, 1).unsigned(&[16]).unsigned(&[0; 64]);
        standard(&mut first, 7);
        let mut reference = Writer::default();
        reference.bits(0, 1).unsigned(&[1]);
        standard(&mut reference, 19);
        for mut w in [difference, first, reference] {
            w.bits(0b1011, 4);
            let mut bits = RbspReader::of_nal(&w.nal());
            assert!(matches!(ScalingSyntax::read(&mut bits), Some(ScalingSyntax::OutOfRange)));
            assert_eq!(bits.bits(4), Some(0b1011));
        }
        let mut cut = Writer::default();
        standard(&mut cut, 3);
        assert!(read(&cut).is_none());
    }
}
