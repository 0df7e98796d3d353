//! Reads a sequence parameter set (ITU-T H.265 § 7.3.2.2.1).
//!
//! The fields up to the bit depths have to be there. Behind them a fault is no fault of the whole set: colour has a
//! default, and another decoder may do with less. Then [`SequenceParameterSet::tools`] or
//! [`SequenceParameterSet::extension`] is `None`. Fields keep values that the standard forbids; who asks for them checks
//! them.

use image_ingest_samples::Size;

use crate::parameters::extensions::SequenceExtension;
use crate::parameters::references::ReferenceSyntax;
use crate::parameters::scaling::ScalingSyntax;
use crate::parameters::usability::{Usability, skip_rest};
use crate::rbsp::RbspReader;

/// A sequence parameter set as it is coded.
#[derive(Debug)]
pub(crate) struct SequenceParameterSet {
    /// `sps_seq_parameter_set_id`.
    pub(crate) id: u32,
    /// `sps_max_sub_layers_minus1`, 0 to 7.
    pub(crate) max_sub_layer: u32,
    /// `chroma_format_idc`: 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub(crate) chroma_format: u32,
    /// The size before the conformance window.
    pub(crate) coded: Size,
    /// What the conformance window cuts at the left, right, top and bottom, in chroma samples.
    pub(crate) window: Option<[u32; 4]>,
    /// `bit_depth_luma_minus8`.
    pub(crate) luma_depth_over_8: u32,
    /// `bit_depth_chroma_minus8`.
    pub(crate) chroma_depth_over_8: u32,
    /// The fields between the bit depths and the video usability information; `None` where they are cut.
    pub(crate) tools: Option<CodingTools>,
    /// The video usability information, silent where it is absent or cut.
    pub(crate) usability: Usability,
    /// `separate_colour_plane_flag`.
    pub(crate) separate_planes: bool,
    /// What follows the usability information; `None` where a field before or in it is cut.
    pub(crate) extension: Option<SequenceExtension>,
}

/// Block sizes and coding tools of a sequence parameter set, in the order of § 7.3.2.2.1.
#[derive(Debug)]
pub(crate) struct CodingTools {
    /// What slice headers need of reference pictures.
    pub(crate) references: ReferenceSyntax,
    /// The largest `sps_max_dec_pic_buffering_minus1`.
    pub(crate) max_references: u32,
    /// The logarithm of the side of the smallest coding block.
    pub(crate) min_coding_log2: u32,
    /// The logarithm of the side of a coding tree block.
    pub(crate) tree_log2: u32,
    /// The logarithm of the side of the smallest transform block.
    pub(crate) min_transform_log2: u32,
    /// The logarithm of the side of the largest transform block.
    pub(crate) max_transform_log2: u32,
    /// `max_transform_hierarchy_depth_inter`.
    pub(crate) inter_transform_depth: u32,
    /// `max_transform_hierarchy_depth_intra`.
    pub(crate) intra_transform_depth: u32,
    /// The scaling lists that are in force without those of a picture parameter set.
    pub(crate) scaling: ScalingSyntax,
    /// `sample_adaptive_offset_enabled_flag`.
    pub(crate) sao: bool,
    /// PCM blocks, where `pcm_enabled_flag` is set.
    pub(crate) pcm: Option<PcmSyntax>,
    /// `strong_intra_smoothing_enabled_flag`.
    pub(crate) strong_smoothing: bool,
}

/// How blocks are stored sample by sample (pulse code modulation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PcmSyntax {
    /// Bits per sample of luma and of chroma, 1 to 16.
    pub(crate) depths: [u32; 2],
    /// The logarithm of the side of the smallest such block.
    pub(crate) min_log2: u32,
    /// The logarithm of the side of the largest such block.
    pub(crate) max_log2: u32,
    /// `pcm_loop_filter_disabled_flag`.
    pub(crate) loop_filter_off: bool,
}

impl SequenceParameterSet {
    /// Reads a NAL unit; `None` where it ends before the bit depths do.
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let mut bits = RbspReader::of_nal(nal);
        bits.skip(4);
        let max_sub_layer = bits.bits(3)?;
        bits.skip(1);
        skip_profile_tier_level(&mut bits, max_sub_layer)?;
        let id = bits.unsigned()?;
        let chroma_format = bits.unsigned().filter(|&format| format <= 3)?;
        let separate_planes = chroma_format == 3 && bits.bit()?;
        let coded = Size::new(bits.unsigned()?, bits.unsigned()?);
        let window = if bits.bit()? {
            Some([bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?])
        } else {
            None
        };
        let (luma_depth_over_8, chroma_depth_over_8) = (bits.unsigned()?, bits.unsigned()?);
        let mut set = Self {
            id,
            max_sub_layer,
            chroma_format,
            coded,
            window,
            luma_depth_over_8,
            chroma_depth_over_8,
            tools: None,
            usability: Usability::default(),
            separate_planes,
            extension: None,
        };
        set.extension = set.read_rest(&mut bits);
        Some(set)
    }

    /// Reads what follows the bit depths; `None` for what is no whole set.
    fn read_rest(&mut self, bits: &mut RbspReader) -> Option<SequenceExtension> {
        self.tools = Some(CodingTools::read(bits, self.max_sub_layer)?);
        if bits.bit()? {
            self.usability = Usability::read(bits)?;
            skip_rest(bits, self.usability, self.max_sub_layer)?;
        }
        SequenceExtension::read(bits)
    }
}

impl CodingTools {
    fn read(bits: &mut RbspReader, max_sub_layer: u32) -> Option<Self> {
        let order_count_bits = bits.unsigned()?.checked_add(4)?;
        let mut max_references = 0;
        for _ in 0..if bits.bit()? { max_sub_layer + 1 } else { 1 } {
            max_references = bits.unsigned()?.max(max_references);
            bits.skip_unsigned(2)?;
        }
        // Sums that do not fit are as much out of range as those that just do.
        let min_coding_log2 = bits.unsigned()?.saturating_add(3);
        let tree_log2 = min_coding_log2.saturating_add(bits.unsigned()?);
        let min_transform_log2 = bits.unsigned()?.saturating_add(2);
        let max_transform_log2 = min_transform_log2.saturating_add(bits.unsigned()?);
        let (inter_transform_depth, intra_transform_depth) = (bits.unsigned()?, bits.unsigned()?);
        let scaling = if !bits.bit()? {
            ScalingSyntax::Absent
        } else if bits.bit()? {
            ScalingSyntax::read(bits)?
        } else {
            ScalingSyntax::Standard
        };
        // `amp_enabled_flag`.
        bits.skip(1);
        let sao = bits.bit()?;
        let pcm = if bits.bit()? { Some(PcmSyntax::read(bits)?) } else { None };
        let references = ReferenceSyntax::read(bits, order_count_bits)?;
        let strong_smoothing = bits.bit()?;
        Some(Self {
            references,
            max_references,
            min_coding_log2,
            tree_log2,
            min_transform_log2,
            max_transform_log2,
            inter_transform_depth,
            intra_transform_depth,
            scaling,
            sao,
            pcm,
            strong_smoothing,
        })
    }
}

impl PcmSyntax {
    fn read(bits: &mut RbspReader) -> Option<Self> {
        let depths = [bits.bits(4)? + 1, bits.bits(4)? + 1];
        let min_log2 = bits.unsigned()?.saturating_add(3);
        let max_log2 = min_log2.saturating_add(bits.unsigned()?);
        Some(Self { depths, min_log2, max_log2, loop_filter_off: bits.bit()? })
    }
}

/// Skips `profile_tier_level` (§ 7.3.3).
fn skip_profile_tier_level(bits: &mut RbspReader, max_sub_layer: u32) -> Option<()> {
    bits.skip(96);
    let present = (0..max_sub_layer).map(|_| Some((bits.bit()?, bits.bit()?))).collect::<Option<Vec<_>>>()?;
    if max_sub_layer > 0 {
        bits.skip(2 * (8usize.checked_sub(present.len())?));
    }
    for (profile, level) in present {
        bits.skip(usize::from(profile) * 88 + usize::from(level) * 8);
    }
    Some(())
}
