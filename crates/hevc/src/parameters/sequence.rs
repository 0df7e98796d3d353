//! Reads a sequence parameter set (ITU-T H.265 § 7.3.2.2.1).
//!
//! The fields up to the bit depths have to be there. Behind them a fault is no fault of the whole set: colour has a
//! default, and another decoder may do with less. Then [`SequenceParameterSet::tools`] is `None` or
//! [`SequenceParameterSet::is_whole`] is false. Fields keep values that the standard forbids; who asks for them checks
//! them.

use image_ingest_samples::Size;

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
    /// Whether every field was read, up to the stop bit, and there is neither an extension nor a description of
    /// buffers.
    pub(crate) is_whole: bool,
}

/// Block sizes and coding tools of a sequence parameter set, in the order of § 7.3.2.2.1.
#[derive(Debug)]
pub(crate) struct CodingTools {
    /// Bits of a picture's order count.
    pub(crate) order_count_bits: u32,
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
    /// `pcm_enabled_flag`.
    pub(crate) pcm: bool,
    /// `strong_intra_smoothing_enabled_flag`.
    pub(crate) strong_smoothing: bool,
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
        if chroma_format == 3 {
            // `separate_colour_plane_flag`.
            bits.skip(1);
        }
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
            is_whole: false,
        };
        set.is_whole = set.read_rest(&mut bits).is_some();
        Some(set)
    }

    /// Reads what follows the bit depths; `None` for what is no whole set.
    fn read_rest(&mut self, bits: &mut RbspReader) -> Option<()> {
        self.tools = Some(CodingTools::read(bits, self.max_sub_layer)?);
        if bits.bit()? {
            self.usability = Usability::read(bits)?;
            skip_rest(bits, self.usability)?;
        }
        if bits.bit()? && bits.bits(8)? != 0 {
            return None;
        }
        bits.aligned().map(drop)
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
        let pcm = bits.bit()?;
        if pcm {
            bits.skip(8);
            bits.skip_unsigned(2)?;
            bits.skip(1);
        }
        skip_reference_sets(bits)?;
        if bits.bit()? {
            let long_term = bits.unsigned().filter(|&pictures| pictures <= 32)?;
            bits.skip(usize::try_from(long_term.checked_mul(order_count_bits.checked_add(1)?)?).ok()?);
        }
        // `sps_temporal_mvp_enabled_flag`.
        bits.skip(1);
        let strong_smoothing = bits.bit()?;
        Some(Self {
            order_count_bits,
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

/// Skips the short-term reference picture sets (§ 7.3.7). The number of pictures in a set that is predicted from
/// another follows from the flags of that one.
fn skip_reference_sets(bits: &mut RbspReader) -> Option<()> {
    let count = bits.unsigned().filter(|&n| n <= 64)?;
    let mut pictures = 0u32;
    for index in 0..count {
        if index > 0 && bits.bit()? {
            bits.skip(1);
            bits.unsigned()?;
            let mut kept = 0;
            for _ in 0..=pictures {
                let used = bits.bit()?;
                kept += u32::from(used || bits.bit()?);
            }
            pictures = kept;
        } else {
            let (before, after) = (bits.unsigned().filter(|&n| n <= 16)?, bits.unsigned().filter(|&n| n <= 16)?);
            pictures = before + after;
            for _ in 0..pictures {
                bits.unsigned()?;
                bits.skip(1);
            }
        }
    }
    Some(())
}
