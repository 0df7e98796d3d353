//! Decides whether the intra decoder knows what a picture's parameter sets say, and holds what it needs of them.

use crate::parameters::picture::PictureParameterSet;
use crate::parameters::scaling::{ScalingFactors, ScalingLists, ScalingSyntax};
use crate::parameters::sequence::{CodingTools, SequenceParameterSet};

/// A picture that the intra decoder knows: sizes, tools and quantisers from both of its parameter sets.
///
/// The ranges below are checked once, here. The kernels rely on them.
pub(crate) struct IntraFormat {
    /// 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2.
    pub(crate) chroma_format: u32,
    /// Luma samples across: a positive multiple of `1 << min_coding_log2`.
    pub(crate) width: usize,
    /// Luma rows: a positive multiple of `1 << min_coding_log2`.
    pub(crate) height: usize,
    /// Bits per sample of all planes, 8 to 12.
    pub(crate) bit_depth: u32,
    /// The smallest coding block, 3 to 6 and at most `tree_log2`.
    pub(crate) min_coding_log2: u32,
    /// Coding tree blocks, 4 to 6.
    pub(crate) tree_log2: u32,
    /// The smallest transform block, from 2 on and below `min_coding_log2`.
    pub(crate) min_transform_log2: u32,
    /// The largest transform block, at most 5 and at most `tree_log2`.
    pub(crate) max_transform_log2: u32,
    /// How often a coding block may be split into transform blocks.
    pub(crate) max_transform_depth: u32,
    /// Blocks from this size on start a group of blocks with one quantiser; `None` where the slice has one.
    pub(crate) qp_group_log2: Option<u32>,
    /// The scaling factors in force; `None` where all are 16.
    pub(crate) factors: Option<ScalingFactors>,
    /// Whether sample adaptive offsets are in the bitstream.
    pub(crate) sao: bool,
    /// Whether 32 × 32 luma blocks may have their borders smoothed by interpolation.
    pub(crate) strong_smoothing: bool,
    /// Whether 4 × 4 blocks may skip their transform.
    pub(crate) transform_skip: bool,
    /// Whether a sign bit of each group of coefficients is hidden in their sum.
    pub(crate) hides_signs: bool,
    /// Whether each row of coding trees is a substream of its own.
    pub(crate) wavefront: bool,
    /// The picture parameter set, for what slice headers need of it.
    pub(crate) picture: PictureParameterSet,
}

impl IntraFormat {
    /// `None` for what the decoder leaves to another: 4:4:4, other depths than 8 to 12 bits, different depths of luma
    /// and chroma, PCM blocks, and sets that are cut, extended, out of range or not each other's.
    pub(crate) fn of(sequence: &SequenceParameterSet, picture: PictureParameterSet) -> Option<Self> {
        let tools = sequence.tools.as_ref()?;
        let (width, height) = (sequence.coded.width, sequence.coded.height);
        let is_known = sequence.is_whole
            && sequence.max_sub_layer < 7
            && sequence.chroma_format <= 2
            && sequence.luma_depth_over_8 <= 4
            && (sequence.chroma_depth_over_8 == sequence.luma_depth_over_8 || sequence.chroma_format == 0)
            && !tools.pcm
            && has_sizes_in_range(tools)
            && [width, height].iter().all(|side| *side > 0 && side.is_multiple_of(1 << tools.min_coding_log2));
        let qp_group_log2 = match picture.qp_group_depth {
            Some(depth) => Some(tools.tree_log2.checked_sub(depth)?),
            None => None,
        };
        let belongs = picture.sequence_id == sequence.id
            && picture.chroma_qp.iter().all(|qp| (-12..=12).contains(qp))
            && qp_group_log2.is_none_or(|log2| log2 >= tools.min_coding_log2)
            && picture.merge_log2_over_2.saturating_add(2) <= tools.tree_log2;
        if !is_known || !belongs {
            return None;
        }
        Some(Self {
            chroma_format: sequence.chroma_format,
            width: usize::try_from(width).ok()?,
            height: usize::try_from(height).ok()?,
            bit_depth: sequence.luma_depth_over_8 + 8,
            min_coding_log2: tools.min_coding_log2,
            tree_log2: tools.tree_log2,
            min_transform_log2: tools.min_transform_log2,
            max_transform_log2: tools.max_transform_log2,
            max_transform_depth: tools.intra_transform_depth,
            qp_group_log2,
            factors: factors_in_force(&tools.scaling, &picture.scaling)?,
            sao: tools.sao,
            strong_smoothing: tools.strong_smoothing,
            transform_skip: picture.transform_skip,
            hides_signs: picture.hides_signs,
            wavefront: picture.wavefront,
            picture,
        })
    }

    /// Coding trees in a row. The last may reach over the right edge.
    pub(crate) fn trees_across(&self) -> usize {
        self.width.div_ceil(1 << self.tree_log2)
    }

    /// Coding trees of the picture.
    pub(crate) fn trees(&self) -> usize {
        self.trees_across() * self.height.div_ceil(1 << self.tree_log2)
    }

    /// `QpBdOffset`: quantisers go from `-qp_offset` to 51 (§ 7.4.3.2.1).
    pub(crate) fn qp_offset(&self) -> i32 {
        (self.bit_depth as i32 - 8) * 6
    }
}

/// The ranges of § 7.4.3.2.1. A largest block is at least as large as the smallest by the way that its size is coded,
/// so the upper bounds hold for both.
fn has_sizes_in_range(tools: &CodingTools) -> bool {
    let deepest = tools.tree_log2.saturating_sub(tools.min_transform_log2);
    tools.order_count_bits <= 16
        && tools.max_references < 16
        && (4..=6).contains(&tools.tree_log2)
        && tools.max_transform_log2 <= tools.tree_log2.min(5)
        && tools.min_transform_log2 < tools.min_coding_log2
        && tools.inter_transform_depth <= deepest
        && tools.intra_transform_depth <= deepest
}

/// The factors that scale coefficients (§ 7.4.5): lists of the picture go before those of the sequence. The outer
/// `None` is for lists out of range, and for lists of a picture whose sequence has none.
fn factors_in_force(sequence: &ScalingSyntax, picture: &ScalingSyntax) -> Option<Option<ScalingFactors>> {
    match (sequence, picture) {
        (ScalingSyntax::OutOfRange, _) | (_, ScalingSyntax::OutOfRange) => None,
        (ScalingSyntax::Absent, ScalingSyntax::Absent) => Some(None),
        (ScalingSyntax::Absent, _) => None,
        (_, ScalingSyntax::Coded(lists)) | (ScalingSyntax::Coded(lists), _) => Some(Some(ScalingFactors::of(lists))),
        _ => Some(Some(ScalingFactors::of(&ScalingLists::standard()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbsp::RbspReader;
    use crate::tests::writer::{Writer, parameter_set};

    /// A sequence parameter set of 64 × 48 in 4:2:0, up to its scaling lists.
    fn sequence() -> Writer {
        let mut w = Writer::default();
        w.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
        w.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(1, 1).unsigned(&[1, 0, 0]);
        w.unsigned(&[0, 2, 0, 3, 1, 1]);
        w
    }

    /// The rest of a sequence parameter set, with long-term references and all usability information.
    fn end(w: &mut Writer) -> Vec<u8> {
        w.bits(0, 1).bits(1, 1).bits(0, 1).unsigned(&[0]);
        w.bits(1, 1).unsigned(&[1]).bits(0, 9).bits(0b01, 2);
        w.bits(1, 1).bits(1, 1).bits(255, 8).bits(0, 32).bits(0b11, 2);
        w.bits(1, 1).bits(0b1011, 4).bits(1, 1).bits(0, 24).bits(1, 1).unsigned(&[0, 0]).bits(0, 3);
        w.bits(1, 1).unsigned(&[0; 4]).bits(1, 1).bits(0, 32).bits(0, 32).bits(1, 1).unsigned(&[9]).bits(0, 1);
        w.bits(1, 1).bits(0, 3).unsigned(&[0; 5]);
        w.bits(0, 1).bits(1, 1);
        w.nal()
    }

    /// A picture parameter set with standard scaling lists where `scaling` is 1.
    fn picture_set(of: u32, scaling: u32, merge: u32) -> PictureParameterSet {
        let mut w = Writer::default();
        w.unsigned(&[0, of]).bits(0, 7).unsigned(&[0, 0, 0]).bits(0, 3).unsigned(&[0, 0]).bits(0, 7);
        w.bits(1, 1).bits(0b10, 2).unsigned(&[0, 0]).bits(scaling, 1);
        if scaling == 1 {
            (0..20).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
        }
        w.bits(0, 1).unsigned(&[merge]).bits(0b001, 3);
        PictureParameterSet::read(&w.nal()).unwrap()
    }

    fn format(sequence: &[u8], picture: PictureParameterSet) -> Option<IntraFormat> {
        IntraFormat::of(&SequenceParameterSet::read(sequence)?, picture)
    }

    #[test]
    fn a_known_format_has_its_sizes() {
        let format = format(&end(sequence().bits(0, 1)), picture_set(0, 0, 3)).unwrap();
        assert_eq!((format.width, format.height, format.chroma_format, format.bit_depth), (64, 48, 1, 8));
        assert_eq!((format.min_coding_log2, format.tree_log2), (3, 5));
        assert_eq!((format.min_transform_log2, format.max_transform_log2, format.max_transform_depth), (2, 5, 1));
        assert_eq!((format.trees_across(), format.trees(), format.qp_offset()), (2, 4, 0));
        assert!(format.factors.is_none() && format.qp_group_log2.is_none() && format.strong_smoothing && format.sao);
    }

    #[test]
    fn what_is_out_of_range_is_left_to_another_decoder() {
        let read = |pictures: u32, depth: u32, sub_layers: u32| {
            let mut w = Writer::default();
            w.bits(0, 4).bits(sub_layers, 3).bits(1, 1).bits(0, 48).bits(0, 48);
            w.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(0, 1).unsigned(&[pictures, 0, 0]);
            w.unsigned(&[0, 2, 0, 3, 1, depth]).bits(0, 1);
            format(&end(&mut w), picture_set(0, 0, 0)).is_some()
        };
        assert!(read(15, 3, 0));
        assert!(!read(16, 3, 0));
        assert!(!read(15, 4, 0));
        assert!(!read(15, 3, 7));
    }

    #[test]
    fn pulse_code_modulation_is_left_to_another_decoder() {
        let with_pcm = |pcm: u32| {
            let mut w = sequence();
            w.bits(0, 1).bits(0, 2).bits(pcm, 1);
            if pcm == 1 {
                w.bits(0x77, 8).unsigned(&[0, 0]).bits(0, 1);
            }
            w.unsigned(&[0]).bits(0, 4).bits(0, 1).bits(1, 1);
            format(&w.nal(), picture_set(0, 0, 0)).is_some()
        };
        assert!(with_pcm(0));
        assert!(!with_pcm(1));
        let set = SequenceParameterSet::read(&parameter_set().nal()).unwrap();
        assert!(set.tools.is_some_and(|tools| tools.pcm));
    }

    #[test]
    fn a_cut_or_extended_set_is_left_to_another_decoder() {
        let whole = end(sequence().bits(0, 1));
        assert!((0..whole.len()).all(|len| SequenceParameterSet::read(&whole[..len]).is_none_or(|set| !set.is_whole)));
        let mut extended = sequence();
        extended.bits(0, 1).bits(0, 3).unsigned(&[0]).bits(0, 4).bits(1, 1).bits(0x80, 8).bits(1, 1);
        assert!(format(&extended.nal(), picture_set(0, 0, 0)).is_none());
    }

    #[test]
    fn a_picture_set_belongs_to_its_sequence() {
        let sequence = end(sequence().bits(0, 1));
        let read = |of, scaling, merge| format(&sequence, picture_set(of, scaling, merge)).is_some();
        assert!(read(0, 0, 3));
        assert!(!read(1, 0, 3));
        assert!(!read(0, 1, 3));
        assert!(!read(0, 0, 4));
        assert!(!read(0, 0, u32::MAX - 1));
    }

    #[test]
    fn scaling_lists_of_the_picture_go_before_those_of_the_sequence() {
        use ScalingSyntax::{Absent, OutOfRange, Standard};
        let coded = |value: u32| {
            let mut w = Writer::default();
            // se(v) of value - 8, then the same value everywhere.
            w.bits(1, 1).unsigned(&[2 * (value - 8) - 1]).unsigned(&[0; 15]);
            (0..19).for_each(|_| _ = w.bits(0, 1).unsigned(&[0]));
            ScalingSyntax::read(&mut RbspReader::of_nal(&w.nal())).unwrap()
        };
        let first = |sequence, picture| {
            factors_in_force(&sequence, &picture).map(|factors| factors.map(|factors| factors.of_block(2, 0)[0]))
        };
        assert_eq!(first(Absent, Absent), Some(None));
        assert_eq!(first(Standard, Absent), Some(Some(16)));
        assert_eq!(first(coded(20), Absent), Some(Some(20)));
        assert_eq!(first(Standard, coded(30)), Some(Some(30)));
        assert_eq!(first(coded(20), coded(30)), Some(Some(30)));
        assert_eq!(first(Absent, coded(30)), None);
        assert_eq!(first(OutOfRange, coded(30)), None);
        assert_eq!(first(Standard, OutOfRange), None);
    }
}
