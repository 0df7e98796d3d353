//! Decides whether the decoder knows what a picture's parameter sets say, and holds what it needs of them.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::intra::tiles::TileLayout;
use crate::parameters::extensions::{SequenceExtension, SequenceRangeExtension};
use crate::parameters::picture::PictureParameterSet;
use crate::parameters::references::ReferenceSyntax;
use crate::parameters::scaling::{ScalingFactors, ScalingLists, ScalingSyntax};
use crate::parameters::sequence::{CodingTools, PcmSyntax, SequenceParameterSet};
use crate::result::Result;

/// A picture that the decoder knows: sizes, tools and quantisers from both of its parameter sets.
///
/// The ranges below are checked once, here. The kernels rely on them.
pub(crate) struct IntraFormat {
    /// 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub(crate) chroma_format: u32,
    /// Luma samples across: a positive multiple of `1 << min_coding_log2`.
    pub(crate) width: usize,
    /// Luma rows: a positive multiple of `1 << min_coding_log2`.
    pub(crate) height: usize,
    /// Bits per sample of all planes, 8 to 16.
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
    /// Blocks from this size on start a group of blocks with offsets of their own for the quantisers of chroma; `None`
    /// where no slice has such.
    pub(crate) chroma_qp_group_log2: Option<u32>,
    /// The scaling factors in force; `None` where all are 16.
    pub(crate) factors: Option<ScalingFactors>,
    /// Whether sample adaptive offsets are in the bitstream.
    pub(crate) sao: bool,
    /// Whether 32 × 32 luma blocks may have their borders smoothed by interpolation.
    pub(crate) strong_smoothing: bool,
    /// Whether small blocks may skip their transform.
    pub(crate) transform_skip: bool,
    /// The largest block that may skip its transform, 2 to 5.
    pub(crate) max_skip_log2: u32,
    /// Whether a sign bit of each group of coefficients is hidden in their sum.
    pub(crate) hides_signs: bool,
    /// Blocks whose samples are stored as they are.
    pub(crate) pcm: Option<PcmSyntax>,
    /// Whether each row of coding trees of a tile is a substream of its own.
    pub(crate) wavefront: bool,
    /// The order of coding trees.
    pub(crate) tiles: TileLayout,
    /// Tools of the range extension.
    pub(crate) range: SequenceRangeExtension,
    /// Whether residuals need more than scaling, the plain transforms, and transform skip of 4 × 4.
    pub(crate) extends_residuals: bool,
    /// For the slice headers of pictures other than of an IDR.
    pub(crate) references: ReferenceSyntax,
    /// The picture parameter set, for what slice headers and filters need of it.
    pub(crate) picture: PictureParameterSet,
}

impl IntraFormat {
    /// Takes both parameter sets of a picture.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Unsupported`]: they use what is not known here, by the name of its flag.
    /// - [`DecodeError::Malformed`]: they are cut, out of range, or not each other's.
    /// - [`DecodeError::Work`]: there is no memory, or `timer` ends the work.
    pub(crate) fn of(
        sequence: SequenceParameterSet,
        picture: PictureParameterSet,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let (Some(tools), Some(extension)) = (sequence.tools, sequence.extension) else {
            return Err(DecodeError::malformed("the sequence parameter set is cut"));
        };
        let range = match extension {
            SequenceExtension::Known(range) => range,
            SequenceExtension::Other(flag) => return Err(DecodeError::unsupported(flag)),
        };
        if sequence.separate_planes {
            return Err(DecodeError::unsupported("separate_colour_plane_flag"));
        }
        if sequence.luma_depth_over_8 != sequence.chroma_depth_over_8 && sequence.chroma_format != 0 {
            return Err(DecodeError::unsupported("luma and chroma of different bit depths"));
        }
        let bit_depth = sequence.luma_depth_over_8.saturating_add(8);
        let sides = [sequence.coded.width, sequence.coded.height];
        let is_in_range = sequence.max_sub_layer < 7
            && bit_depth <= 16
            && has_sizes_in_range(&tools)
            && tools.pcm.is_none_or(|pcm| has_pcm_in_range(pcm, &tools, bit_depth))
            && sides.iter().all(|side| *side > 0 && side.is_multiple_of(1 << tools.min_coding_log2));
        if !is_in_range {
            return Err(DecodeError::malformed("a sequence parameter set out of range"));
        }
        if picture.sequence_id != sequence.id || !is_picture_in_range(&picture, &tools, bit_depth) {
            return Err(DecodeError::malformed("a picture parameter set out of range"));
        }
        let factors = factors_in_force(&tools.scaling, &picture.scaling)
            .ok_or_else(|| DecodeError::malformed("scaling lists out of range"))?;
        let trees = sides.map(|side| side.div_ceil(1 << tools.tree_log2));
        let tiles = TileLayout::new(picture.tiles.as_ref(), trees, timer)?;
        let group = |depth: u32| tools.tree_log2 - depth;
        let max_skip_log2 = picture.range.max_skip_log2_over_2 + 2;
        let side = |side: u32| usize::try_from(side).map_err(|_| DecodeError::out_of_memory(side.into()));
        Ok(Self {
            chroma_format: sequence.chroma_format,
            width: side(sides[0])?,
            height: side(sides[1])?,
            bit_depth,
            min_coding_log2: tools.min_coding_log2,
            tree_log2: tools.tree_log2,
            min_transform_log2: tools.min_transform_log2,
            max_transform_log2: tools.max_transform_log2,
            max_transform_depth: tools.intra_transform_depth,
            qp_group_log2: picture.qp_group_depth.map(group),
            chroma_qp_group_log2: picture.range.chroma_qp_depth.filter(|_| sequence.chroma_format != 0).map(group),
            factors,
            sao: tools.sao,
            strong_smoothing: tools.strong_smoothing,
            transform_skip: picture.transform_skip,
            max_skip_log2,
            hides_signs: picture.hides_signs,
            pcm: tools.pcm,
            wavefront: picture.wavefront,
            tiles,
            range,
            extends_residuals: picture.transquant_bypass
                || max_skip_log2 > 2
                || picture.range.cross_component
                || range.rotates_skipped
                || range.skip_context
                || range.implicit_differences
                || range.persistent_rice,
            references: tools.references,
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

    /// The logarithms of the subsampling factors of each plane, across and down.
    pub(crate) fn shifts(&self) -> &'static [(u32, u32)] {
        match self.chroma_format {
            0 => &[(0, 0)],
            1 => &[(0, 0), (1, 1), (1, 1)],
            2 => &[(0, 0), (1, 0), (1, 0)],
            _ => &[(0, 0); 3],
        }
    }

    /// Whether blocks exist whose samples no in-loop filter may change: blocks that bypass the transform, and PCM
    /// blocks where `pcm_loop_filter_disabled_flag` says so.
    pub(crate) fn has_exact_blocks(&self) -> bool {
        self.picture.transquant_bypass || self.pcm.is_some_and(|pcm| pcm.loop_filter_off)
    }
}

/// The ranges of § 7.4.3.2.1. A largest block is at least as large as the smallest by the way that its size is coded,
/// so the upper bounds hold for both.
fn has_sizes_in_range(tools: &CodingTools) -> bool {
    let deepest = tools.tree_log2.saturating_sub(tools.min_transform_log2);
    tools.references.order_count_bits <= 16
        && tools.max_references < 16
        && (4..=6).contains(&tools.tree_log2)
        && tools.max_transform_log2 <= tools.tree_log2.min(5)
        && tools.min_transform_log2 < tools.min_coding_log2
        && tools.inter_transform_depth <= deepest
        && tools.intra_transform_depth <= deepest
}

/// The ranges of PCM blocks (§ 7.4.3.2.1).
fn has_pcm_in_range(pcm: PcmSyntax, tools: &CodingTools, bit_depth: u32) -> bool {
    pcm.depths.iter().all(|&depth| depth <= bit_depth)
        && pcm.min_log2 >= tools.min_coding_log2.min(5)
        && pcm.max_log2 <= tools.tree_log2.min(5)
}

/// The ranges of § 7.4.3.3.1 and § 7.4.3.3.2.
fn is_picture_in_range(picture: &PictureParameterSet, tools: &CodingTools, bit_depth: u32) -> bool {
    let is_group = |depth: u32| depth <= tools.tree_log2 - tools.min_coding_log2;
    let offsets = picture.range.chroma_qp_list.iter().chain([&picture.chroma_qp]);
    picture.qp_group_depth.is_none_or(is_group)
        && picture.range.chroma_qp_depth.is_none_or(is_group)
        && offsets.flatten().all(|qp| (-12..=12).contains(qp))
        && picture.deblocking_offsets.iter().all(|offset| (-6..=6).contains(offset))
        && picture.range.max_skip_log2_over_2 <= tools.max_transform_log2 - 2
        && picture.range.sao_scale_log2.iter().all(|&scale| scale <= bit_depth.saturating_sub(10))
        && picture.merge_log2_over_2.saturating_add(2) <= tools.tree_log2
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
    use crate::tests::writer::Writer;

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

    fn format(sequence: &[u8], picture: PictureParameterSet) -> Result<IntraFormat> {
        let sequence = SequenceParameterSet::read(sequence).ok_or_else(|| DecodeError::malformed("cut"))?;
        IntraFormat::of(sequence, picture, &CpuTimer::default())
    }

    fn is_malformed(format: &Result<IntraFormat>) -> bool {
        matches!(format, Err(DecodeError::Malformed { .. }))
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
    fn what_is_out_of_range_is_malformed() {
        let read = |pictures: u32, depth: u32, sub_layers: u32| {
            let mut w = Writer::default();
            w.bits(0, 4).bits(sub_layers, 3).bits(1, 1).bits(0, 48).bits(0, 48);
            w.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(0, 1).unsigned(&[pictures, 0, 0]);
            w.unsigned(&[0, 2, 0, 3, 1, depth]).bits(0, 1);
            !is_malformed(&format(&end(&mut w), picture_set(0, 0, 0)))
        };
        assert!(read(15, 3, 0));
        assert!(!read(16, 3, 0));
        assert!(!read(15, 4, 0));
        assert!(!read(15, 3, 7));
    }

    #[test]
    fn blocks_of_stored_samples_have_sizes_in_range() {
        // Coding blocks of 8 to 32: such blocks have 8 to 32, too.
        let with_pcm = |depths: u32, min: u32, more: u32| {
            let mut w = sequence();
            w.bits(0, 1).bits(0, 2).bits(1, 1).bits(depths, 8).unsigned(&[min, more]).bits(1, 1);
            w.unsigned(&[0]).bits(0, 3).bits(0, 1).bits(0, 1).bits(1, 1);
            format(&w.nal(), picture_set(0, 0, 0))
        };
        let pcm = with_pcm(0x73, 0, 2).unwrap().pcm.unwrap();
        assert_eq!(pcm, PcmSyntax { depths: [8, 4], min_log2: 3, max_log2: 5, loop_filter_off: true });
        assert!(is_malformed(&with_pcm(0x83, 0, 2)) && is_malformed(&with_pcm(0x77, 0, 3)));
    }

    #[test]
    fn a_cut_set_is_malformed_and_an_extended_one_named() {
        let whole = end(sequence().bits(0, 1));
        let read = |len: usize| SequenceParameterSet::read(&whole[..len]);
        let known = |set: SequenceParameterSet| IntraFormat::of(set, picture_set(0, 0, 0), &CpuTimer::default());
        assert!((0..whole.len()).all(|len| read(len).is_none_or(|set| is_malformed(&known(set)))));
        let mut extended = sequence();
        extended.bits(0, 1).bits(0, 3).unsigned(&[0]).bits(0, 4).bits(1, 1).bits(0x10, 8).bits(1, 1);
        let error = format(&extended.nal(), picture_set(0, 0, 0)).err().unwrap();
        assert!(
            matches!(error, DecodeError::Unsupported { .. }) && error.to_string().contains("sps_scc_extension_flag")
        );
    }

    #[test]
    fn a_picture_set_belongs_to_its_sequence() {
        let sequence = end(sequence().bits(0, 1));
        let read = |of, scaling, merge| !is_malformed(&format(&sequence, picture_set(of, scaling, merge)));
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
