//! Reads what a macroblock says before its tokens: segment, skipping, and modes of prediction (RFC 6386 § 10, § 11).

use super::bools::{BoolDecoder, complement};

/// How a whole macroblock is predicted, luma or chroma (§ 12.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaneMode {
    /// The mean of the samples above and to the left.
    Dc,
    /// Left plus above less the corner.
    TrueMotion,
    /// The row above, repeated.
    Vertical,
    /// The column to the left, repeated.
    Horizontal,
}

/// How a subblock of 4 × 4 samples of luma is predicted (§ 12.3), in libwebp's order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SubblockMode {
    /// The mean of the samples above and to the left.
    #[default]
    Dc,
    /// Left plus above less the corner.
    TrueMotion,
    /// The row above, smoothed.
    Vertical,
    /// The column to the left, smoothed.
    Horizontal,
    /// Down and to the right.
    RightDown,
    /// Down, a little to the right.
    VerticalRight,
    /// Down and to the left.
    LeftDown,
    /// Down, a little to the left.
    VerticalLeft,
    /// To the right, a little down.
    HorizontalDown,
    /// To the right, a little up.
    HorizontalUp,
}

/// How the luma of a macroblock is predicted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LumaMode {
    /// As one.
    Whole(PlaneMode),
    /// Subblock by subblock, row by row.
    Subblocks([[SubblockMode; 4]; 4]),
}

/// What a macroblock says before its tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MacroblockModes {
    /// 0–3.
    pub(crate) segment: u8,
    /// Whether it has no tokens.
    pub(crate) skipped: bool,
    /// How luma is predicted.
    pub(crate) luma: LumaMode,
    /// How both planes of chroma are predicted.
    pub(crate) chroma: PlaneMode,
}

/// The modes of the subblocks beside the next macroblock, which say how likely its own are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SubblockContext(pub(crate) [SubblockMode; 4]);

/// The fields that a frame header decides on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModeFields {
    /// The complements of the probabilities of segments, where there is a map.
    pub(crate) segment_map: Option<[i16; 3]>,
    /// The complement of the probability that tokens follow, where macroblocks may be skipped.
    pub(crate) skip: Option<i16>,
}

/// Reads the next macroblock. `above` and `left` become its own modes.
#[inline(always)]
pub(crate) fn read(
    bools: &mut BoolDecoder<'_>,
    fields: ModeFields,
    above: &mut SubblockContext,
    left: &mut SubblockContext,
) -> MacroblockModes {
    let mut reader = *bools;
    let segment = fields.segment_map.map_or(0, |[high, low0, low1]| match reader.bit(high) {
        false => u8::from(reader.bit(low0)),
        true => 2 + u8::from(reader.bit(low1)),
    });
    let skipped = fields.skip.is_some_and(|skip| reader.bit(skip));
    let luma = if reader.bit(complement(145)) {
        let mode = luma_mode(&mut reader);
        // For its neighbours, a whole macroblock counts as subblocks of the like mode.
        (above.0, left.0) = ([like(mode); 4], [like(mode); 4]);
        LumaMode::Whole(mode)
    } else {
        LumaMode::Subblocks(subblock_modes(&mut reader, above, left))
    };
    let chroma = chroma_mode(&mut reader);
    *bools = reader;
    MacroblockModes { segment, skipped, luma, chroma }
}

/// The tree of § 11.2 for key frames, behind its first node.
#[inline(always)]
fn luma_mode(reader: &mut BoolDecoder<'_>) -> PlaneMode {
    if reader.bit(complement(156)) {
        if reader.bit(complement(128)) { PlaneMode::TrueMotion } else { PlaneMode::Horizontal }
    } else if reader.bit(complement(163)) {
        PlaneMode::Vertical
    } else {
        PlaneMode::Dc
    }
}

#[inline(always)]
fn chroma_mode(reader: &mut BoolDecoder<'_>) -> PlaneMode {
    if !reader.bit(complement(142)) {
        PlaneMode::Dc
    } else if !reader.bit(complement(114)) {
        PlaneMode::Vertical
    } else if reader.bit(complement(183)) {
        PlaneMode::TrueMotion
    } else {
        PlaneMode::Horizontal
    }
}

const fn like(mode: PlaneMode) -> SubblockMode {
    match mode {
        PlaneMode::Dc => SubblockMode::Dc,
        PlaneMode::TrueMotion => SubblockMode::TrueMotion,
        PlaneMode::Vertical => SubblockMode::Vertical,
        PlaneMode::Horizontal => SubblockMode::Horizontal,
    }
}

#[inline(always)]
fn subblock_modes(
    reader: &mut BoolDecoder<'_>,
    above: &mut SubblockContext,
    left: &mut SubblockContext,
) -> [[SubblockMode; 4]; 4] {
    let mut modes = [[SubblockMode::Dc; 4]; 4];
    for (row, left) in modes.iter_mut().zip(&mut left.0) {
        for (mode, above) in row.iter_mut().zip(&mut above.0) {
            *mode = subblock_mode(reader, &SUBBLOCK[*above as usize][*left as usize]);
            (*above, *left) = (*mode, *mode);
        }
    }
    modes
}

/// The tree of § 11.2 for subblocks.
#[inline(always)]
fn subblock_mode(reader: &mut BoolDecoder<'_>, nodes: &[u8; 9]) -> SubblockMode {
    let mut bit = |node: usize| reader.bit(complement(nodes[node]));
    if !bit(0) {
        SubblockMode::Dc
    } else if !bit(1) {
        SubblockMode::TrueMotion
    } else if !bit(2) {
        SubblockMode::Vertical
    } else if !bit(3) {
        if !bit(4) {
            SubblockMode::Horizontal
        } else if !bit(5) {
            SubblockMode::RightDown
        } else {
            SubblockMode::VerticalRight
        }
    } else if !bit(6) {
        SubblockMode::LeftDown
    } else if !bit(7) {
        SubblockMode::VerticalLeft
    } else if !bit(8) {
        SubblockMode::HorizontalDown
    } else {
        SubblockMode::HorizontalUp
    }
}

/// Probabilities of subblock modes, by the mode above, the mode to the left, and the node (§ 11.5).
#[rustfmt::skip]
static SUBBLOCK: [[[u8; 9]; 10]; 10] = [
    [
        [231, 120, 48, 89, 115, 113, 120, 152, 112],
        [152, 179, 64, 126, 170, 118, 46, 70, 95],
        [175, 69, 143, 80, 85, 82, 72, 155, 103],
        [56, 58, 10, 171, 218, 189, 17, 13, 152],
        [114, 26, 17, 163, 44, 195, 21, 10, 173],
        [121, 24, 80, 195, 26, 62, 44, 64, 85],
        [144, 71, 10, 38, 171, 213, 144, 34, 26],
        [170, 46, 55, 19, 136, 160, 33, 206, 71],
        [63, 20, 8, 114, 114, 208, 12, 9, 226],
        [81, 40, 11, 96, 182, 84, 29, 16, 36],
    ],
    [
        [134, 183, 89, 137, 98, 101, 106, 165, 148],
        [72, 187, 100, 130, 157, 111, 32, 75, 80],
        [66, 102, 167, 99, 74, 62, 40, 234, 128],
        [41, 53, 9, 178, 241, 141, 26, 8, 107],
        [74, 43, 26, 146, 73, 166, 49, 23, 157],
        [65, 38, 105, 160, 51, 52, 31, 115, 128],
        [104, 79, 12, 27, 217, 255, 87, 17, 7],
        [87, 68, 71, 44, 114, 51, 15, 186, 23],
        [47, 41, 14, 110, 182, 183, 21, 17, 194],
        [66, 45, 25, 102, 197, 189, 23, 18, 22],
    ],
    [
        [88, 88, 147, 150, 42, 46, 45, 196, 205],
        [43, 97, 183, 117, 85, 38, 35, 179, 61],
        [39, 53, 200, 87, 26, 21, 43, 232, 171],
        [56, 34, 51, 104, 114, 102, 29, 93, 77],
        [39, 28, 85, 171, 58, 165, 90, 98, 64],
        [34, 22, 116, 206, 23, 34, 43, 166, 73],
        [107, 54, 32, 26, 51, 1, 81, 43, 31],
        [68, 25, 106, 22, 64, 171, 36, 225, 114],
        [34, 19, 21, 102, 132, 188, 16, 76, 124],
        [62, 18, 78, 95, 85, 57, 50, 48, 51],
    ],
    [
        [193, 101, 35, 159, 215, 111, 89, 46, 111],
        [60, 148, 31, 172, 219, 228, 21, 18, 111],
        [112, 113, 77, 85, 179, 255, 38, 120, 114],
        [40, 42, 1, 196, 245, 209, 10, 25, 109],
        [88, 43, 29, 140, 166, 213, 37, 43, 154],
        [61, 63, 30, 155, 67, 45, 68, 1, 209],
        [100, 80, 8, 43, 154, 1, 51, 26, 71],
        [142, 78, 78, 16, 255, 128, 34, 197, 171],
        [41, 40, 5, 102, 211, 183, 4, 1, 221],
        [51, 50, 17, 168, 209, 192, 23, 25, 82],
    ],
    [
        [138, 31, 36, 171, 27, 166, 38, 44, 229],
        [67, 87, 58, 169, 82, 115, 26, 59, 179],
        [63, 59, 90, 180, 59, 166, 93, 73, 154],
        [40, 40, 21, 116, 143, 209, 34, 39, 175],
        [47, 15, 16, 183, 34, 223, 49, 45, 183],
        [46, 17, 33, 183, 6, 98, 15, 32, 183],
        [57, 46, 22, 24, 128, 1, 54, 17, 37],
        [65, 32, 73, 115, 28, 128, 23, 128, 205],
        [40, 3, 9, 115, 51, 192, 18, 6, 223],
        [87, 37, 9, 115, 59, 77, 64, 21, 47],
    ],
    [
        [104, 55, 44, 218, 9, 54, 53, 130, 226],
        [64, 90, 70, 205, 40, 41, 23, 26, 57],
        [54, 57, 112, 184, 5, 41, 38, 166, 213],
        [30, 34, 26, 133, 152, 116, 10, 32, 134],
        [39, 19, 53, 221, 26, 114, 32, 73, 255],
        [31, 9, 65, 234, 2, 15, 1, 118, 73],
        [75, 32, 12, 51, 192, 255, 160, 43, 51],
        [88, 31, 35, 67, 102, 85, 55, 186, 85],
        [56, 21, 23, 111, 59, 205, 45, 37, 192],
        [55, 38, 70, 124, 73, 102, 1, 34, 98],
    ],
    [
        [125, 98, 42, 88, 104, 85, 117, 175, 82],
        [95, 84, 53, 89, 128, 100, 113, 101, 45],
        [75, 79, 123, 47, 51, 128, 81, 171, 1],
        [57, 17, 5, 71, 102, 57, 53, 41, 49],
        [38, 33, 13, 121, 57, 73, 26, 1, 85],
        [41, 10, 67, 138, 77, 110, 90, 47, 114],
        [115, 21, 2, 10, 102, 255, 166, 23, 6],
        [101, 29, 16, 10, 85, 128, 101, 196, 26],
        [57, 18, 10, 102, 102, 213, 34, 20, 43],
        [117, 20, 15, 36, 163, 128, 68, 1, 26],
    ],
    [
        [102, 61, 71, 37, 34, 53, 31, 243, 192],
        [69, 60, 71, 38, 73, 119, 28, 222, 37],
        [68, 45, 128, 34, 1, 47, 11, 245, 171],
        [62, 17, 19, 70, 146, 85, 55, 62, 70],
        [37, 43, 37, 154, 100, 163, 85, 160, 1],
        [63, 9, 92, 136, 28, 64, 32, 201, 85],
        [75, 15, 9, 9, 64, 255, 184, 119, 16],
        [86, 6, 28, 5, 64, 255, 25, 248, 1],
        [56, 8, 17, 132, 137, 255, 55, 116, 128],
        [58, 15, 20, 82, 135, 57, 26, 121, 40],
    ],
    [
        [164, 50, 31, 137, 154, 133, 25, 35, 218],
        [51, 103, 44, 131, 131, 123, 31, 6, 158],
        [86, 40, 64, 135, 148, 224, 45, 183, 128],
        [22, 26, 17, 131, 240, 154, 14, 1, 209],
        [45, 16, 21, 91, 64, 222, 7, 1, 197],
        [56, 21, 39, 155, 60, 138, 23, 102, 213],
        [83, 12, 13, 54, 192, 255, 68, 47, 28],
        [85, 26, 85, 85, 128, 128, 32, 146, 171],
        [18, 11, 7, 63, 144, 171, 4, 4, 246],
        [35, 27, 10, 146, 174, 171, 12, 26, 128],
    ],
    [
        [190, 80, 35, 99, 180, 80, 126, 54, 45],
        [85, 126, 47, 87, 176, 51, 41, 20, 32],
        [101, 75, 128, 139, 118, 146, 116, 128, 85],
        [56, 41, 15, 176, 236, 85, 37, 9, 62],
        [71, 30, 17, 119, 118, 255, 17, 18, 138],
        [101, 38, 60, 138, 55, 70, 43, 26, 142],
        [146, 36, 19, 30, 171, 255, 97, 27, 20],
        [138, 45, 61, 62, 219, 1, 81, 188, 64],
        [32, 41, 20, 117, 151, 142, 20, 21, 163],
        [112, 19, 12, 61, 195, 128, 48, 4, 24],
    ],
];

#[cfg(test)]
mod tests {
    use super::super::bools::writer::BoolEncoder;
    use super::*;

    const PLAIN: ModeFields = ModeFields { segment_map: None, skip: None };

    fn read_one(fields: ModeFields, write: impl Fn(&mut BoolEncoder)) -> (MacroblockModes, [SubblockMode; 4]) {
        let mut writer = BoolEncoder::new();
        write(&mut writer);
        let bytes = writer.finish();
        let (mut above, mut left) = (SubblockContext::default(), SubblockContext::default());
        let modes = read(&mut BoolDecoder::new(&bytes), fields, &mut above, &mut left);
        (modes, left.0)
    }

    #[test]
    fn a_whole_macroblock_has_one_mode_for_luma_and_one_for_chroma() {
        let (modes, left) = read_one(PLAIN, |w| {
            w.bit(145, true).bit(156, true).bit(128, false).bit(142, true).bit(114, false);
        });
        assert!(matches!(modes.luma, LumaMode::Whole(PlaneMode::Horizontal)));
        assert_eq!((modes.chroma, modes.segment, modes.skipped), (PlaneMode::Vertical, 0, false));
        assert_eq!(left, [SubblockMode::Horizontal; 4]);
    }

    #[test]
    fn segment_and_skipping_are_read_where_the_header_has_them() {
        let fields = ModeFields { segment_map: Some([56, 156, 206]), skip: Some(26) };
        let (modes, _) = read_one(fields, |w| {
            w.bit(200, true)
                .bit(50, true)
                .bit(230, true)
                .bit(145, true)
                .bit(156, false)
                .bit(163, false)
                .bit(142, false);
        });
        assert_eq!((modes.segment, modes.skipped, modes.chroma), (3, true, PlaneMode::Dc));
    }

    #[test]
    fn a_subblock_s_mode_depends_on_those_above_and_to_the_left() {
        // The first subblock is horizontal-up, all others Dc.
        let (modes, left) = read_one(PLAIN, |w| {
            w.bit(145, false);
            for (node, bit) in [(0, true), (1, true), (2, true), (3, true), (6, true), (7, true), (8, true)] {
                w.bit(SUBBLOCK[0][0][node], bit);
            }
            for (above, left) in [(0, 9), (0, 0), (0, 0), (9, 0)].into_iter().chain([(0, 0); 11]) {
                w.bit(SUBBLOCK[above][left][0], false);
            }
            w.bit(142, false);
        });
        let LumaMode::Subblocks(rows) = modes.luma else { panic!("subblocks were written") };
        assert_eq!(rows[0][0], SubblockMode::HorizontalUp);
        assert!(rows.as_flattened()[1..].iter().all(|&mode| mode == SubblockMode::Dc));
        assert_eq!(left, [SubblockMode::Dc; 4]);
    }
}
