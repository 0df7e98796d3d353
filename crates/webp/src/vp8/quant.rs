//! Reads quantiser indices and turns them into factors (RFC 6386 § 9.6, § 14.1).

use super::bools::BoolDecoder;
use super::segments::Segments;

/// The factors of one segment: for the first coefficient of a block, and for the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlockFactors {
    /// Blocks of luma.
    pub(crate) luma: [i16; 2],
    /// The block of the luma blocks' first coefficients.
    pub(crate) second: [i16; 2],
    /// Blocks of chroma.
    pub(crate) chroma: [i16; 2],
}

/// Reads the indices of the frame and makes the factors of each segment.
pub(crate) fn read(bools: &mut BoolDecoder<'_>, segments: &Segments) -> [BlockFactors; 4] {
    let base = i32::from(bools.literal(7));
    let deltas = [(); 5].map(|()| bools.optional(|bools| bools.signed_literal(4)).unwrap_or(0));
    segments.quantiser.map(|of_segment| factors(of_segment.of(base), deltas))
}

/// The factors for an index, with the differences for luma's first coefficients, both kinds of second-order ones, and
/// both kinds of chroma. Every index is clamped to its table, and chroma's first one below 132 as a factor.
fn factors(index: i32, [luma_dc, second_dc, second_ac, chroma_dc, chroma_ac]: [i32; 5]) -> BlockFactors {
    let place = |delta: i32, last: i32| usize::try_from((index + delta).clamp(0, last)).unwrap_or(0);
    let dc = |delta, last| i16::from(DC[place(delta, last)]);
    let ac = |delta| AC[place(delta, 127)];
    // 155 / 100 of at most 284 is 440.
    let second_ac = (i32::from(ac(second_ac)) * 155 / 100).max(8);
    BlockFactors {
        luma: [dc(luma_dc, 127), ac(0)],
        second: [dc(second_dc, 127) * 2, i16::try_from(second_ac).unwrap_or(i16::MAX)],
        chroma: [dc(chroma_dc, 117), ac(chroma_ac)],
    }
}

/// Factors of first coefficients, by index.
#[rustfmt::skip]
static DC: [u8; 128] = [
    4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 17,
    18, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 25, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58,
    59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74,
    75, 76, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89,
    91, 93, 95, 96, 98, 100, 101, 102, 104, 106, 108, 110, 112, 114, 116, 118,
    122, 124, 126, 128, 130, 132, 134, 136, 138, 140, 143, 145, 148, 151, 154, 157,
];

/// Factors of other coefficients, by index.
#[rustfmt::skip]
static AC: [i16; 128] = [
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
    36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
    52, 53, 54, 55, 56, 57, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76,
    78, 80, 82, 84, 86, 88, 90, 92, 94, 96, 98, 100, 102, 104, 106, 108,
    110, 112, 114, 116, 119, 122, 125, 128, 131, 134, 137, 140, 143, 146, 149, 152,
    155, 158, 161, 164, 167, 170, 173, 177, 181, 185, 189, 193, 197, 201, 205, 209,
    213, 217, 221, 225, 229, 234, 239, 245, 249, 254, 259, 264, 269, 274, 279, 284,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_of_the_smallest_and_the_largest_index() {
        let smallest = BlockFactors { luma: [4, 4], second: [8, 8], chroma: [4, 4] };
        let largest = BlockFactors { luma: [157, 284], second: [314, 440], chroma: [132, 284] };
        assert_eq!(factors(0, [0; 5]), smallest);
        assert_eq!(factors(-200, [-15; 5]), smallest);
        assert_eq!(factors(127, [0; 5]), largest);
        assert_eq!(factors(254, [15; 5]), largest);
    }

    #[test]
    fn each_difference_has_its_factor() {
        let plain = factors(60, [0; 5]);
        assert_eq!(plain, BlockFactors { luma: [55, 70], second: [110, 108], chroma: [55, 70] });
        let changed = factors(60, [1, 2, 3, 4, 5]);
        assert_eq!(changed, BlockFactors { luma: [56, 70], second: [114, 117], chroma: [59, 80] });
    }
}
