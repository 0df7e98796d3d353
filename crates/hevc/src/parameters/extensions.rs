//! Reads the extensions of parameter sets (ITU-T H.265 § 7.3.2.2, § 7.3.2.3).
//!
//! The range extensions are known. What else version 2 and later add concerns other layers, depth and screen content:
//! a set that uses it is refused by the name of its flag. Bits that the standard reserves are ignored, as it asks.

use crate::rbsp::RbspReader;

/// What a sequence parameter set has behind its usability information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SequenceExtension {
    /// None, or the range extension alone.
    Known(SequenceRangeExtension),
    /// One that no part of this crate knows, by the name of its flag.
    Other(&'static str),
}

/// The range extension of a sequence parameter set (§ 7.3.2.2.2). `high_precision_offsets_enabled_flag` concerns inter
/// prediction alone, and so does `explicit_rdpcm_enabled_flag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SequenceRangeExtension {
    /// `transform_skip_rotation_enabled_flag`.
    pub(crate) rotates_skipped: bool,
    /// `transform_skip_context_enabled_flag`.
    pub(crate) skip_context: bool,
    /// `implicit_rdpcm_enabled_flag`.
    pub(crate) implicit_differences: bool,
    /// `intra_smoothing_disabled_flag`.
    pub(crate) smoothing_off: bool,
    /// `persistent_rice_adaptation_enabled_flag`.
    pub(crate) persistent_rice: bool,
}

/// What a picture parameter set has behind its other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PictureExtension {
    /// None, or the range extension alone.
    Known(PictureRangeExtension),
    /// One that no part of this crate knows, by the name of its flag.
    Other(&'static str),
}

/// The range extension of a picture parameter set (§ 7.3.2.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PictureRangeExtension {
    /// `log2_max_transform_skip_block_size_minus2`.
    pub(crate) max_skip_log2_over_2: u32,
    /// `cross_component_prediction_enabled_flag`.
    pub(crate) cross_component: bool,
    /// `diff_cu_chroma_qp_offset_depth`; `None` where coding units have no offsets of their own.
    pub(crate) chroma_qp_depth: Option<u32>,
    /// `cb_qp_offset_list` and `cr_qp_offset_list`, pair by pair: up to 6.
    pub(crate) chroma_qp_list: Vec<[i32; 2]>,
    /// `log2_sao_offset_scale_luma` and `log2_sao_offset_scale_chroma`.
    pub(crate) sao_scale_log2: [u32; 2],
}

/// Flags of the extensions, in their order. The last four bits are reserved.
struct ExtensionFlags {
    range: bool,
    multilayer: bool,
    three_d: bool,
    screen_content: bool,
    reserved: bool,
}

impl ExtensionFlags {
    fn read(bits: &mut RbspReader) -> Option<Self> {
        let mut flags = [false; 4];
        let mut reserved = false;
        if bits.bit()? {
            for flag in &mut flags {
                *flag = bits.bit()?;
            }
            reserved = bits.bits(4)? != 0;
        }
        let [range, multilayer, three_d, screen_content] = flags;
        Some(Self { range, multilayer, three_d, screen_content, reserved })
    }
}

impl SequenceExtension {
    /// Reads up to the stop bit; `None` where the set is cut.
    pub(crate) fn read(bits: &mut RbspReader) -> Option<Self> {
        let flags = ExtensionFlags::read(bits)?;
        let mut range = SequenceRangeExtension::default();
        if flags.range {
            range.rotates_skipped = bits.bit()?;
            range.skip_context = bits.bit()?;
            range.implicit_differences = bits.bit()?;
            // `explicit_rdpcm_enabled_flag`.
            bits.skip(1);
            if bits.bit()? {
                return Some(Self::Other("extended_precision_processing_flag"));
            }
            range.smoothing_off = bits.bit()?;
            // `high_precision_offsets_enabled_flag`.
            bits.skip(1);
            range.persistent_rice = bits.bit()?;
            if bits.bit()? {
                return Some(Self::Other("cabac_bypass_alignment_enabled_flag"));
            }
        }
        if flags.multilayer {
            // `inter_view_mv_vert_constraint_flag`, which concerns other layers.
            bits.bit()?;
        }
        if flags.three_d {
            return Some(Self::Other("sps_3d_extension_flag"));
        }
        if flags.screen_content {
            return Some(Self::Other("sps_scc_extension_flag"));
        }
        if !flags.reserved {
            bits.aligned()?;
        }
        Some(Self::Known(range))
    }
}

impl PictureExtension {
    /// Reads up to the stop bit; `None` where the set is cut. `transform_skip` is `transform_skip_enabled_flag`.
    pub(crate) fn read(bits: &mut RbspReader, transform_skip: bool) -> Option<Self> {
        let flags = ExtensionFlags::read(bits)?;
        let range = if flags.range {
            PictureRangeExtension::read(bits, transform_skip)?
        } else {
            PictureRangeExtension::default()
        };
        let named = [
            (flags.multilayer, "pps_multilayer_extension_flag"),
            (flags.three_d, "pps_3d_extension_flag"),
            (flags.screen_content, "pps_scc_extension_flag"),
        ];
        if let Some((_, name)) = named.into_iter().find(|&(set, _)| set) {
            return Some(Self::Other(name));
        }
        if !flags.reserved {
            bits.aligned()?;
        }
        Some(Self::Known(range))
    }
}

impl PictureRangeExtension {
    fn read(bits: &mut RbspReader, transform_skip: bool) -> Option<Self> {
        let mut range = Self::default();
        if transform_skip {
            range.max_skip_log2_over_2 = bits.unsigned()?;
        }
        range.cross_component = bits.bit()?;
        if bits.bit()? {
            range.chroma_qp_depth = Some(bits.unsigned()?);
            for _ in 0..=bits.unsigned().filter(|&last| last < 6)? {
                range.chroma_qp_list.push([bits.signed()?, bits.signed()?]);
            }
        }
        range.sao_scale_log2 = [bits.unsigned()?, bits.unsigned()?];
        Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::Writer;

    fn reader(w: &Writer) -> RbspReader {
        RbspReader::of_nal(&w.nal())
    }

    #[test]
    fn a_range_extension_of_a_sequence_is_read_flag_by_flag() {
        let mut w = Writer::default();
        w.bits(1, 1).bits(0x80, 8).bits(0b1_0100_1010, 9).bits(1, 1);
        let expected = SequenceRangeExtension {
            rotates_skipped: true,
            skip_context: false,
            implicit_differences: true,
            smoothing_off: true,
            persistent_rice: true,
        };
        assert_eq!(SequenceExtension::read(&mut reader(&w)), Some(SequenceExtension::Known(expected)));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let named = |flags: u32, range: Option<u32>| {
            let mut w = Writer::default();
            w.bits(1, 1).bits(flags, 8);
            range.map(|range| w.bits(range, 9).bits(0, 0));
            w.bits(1, 1).bits(0, 16);
            match SequenceExtension::read(&mut reader(&w)) {
                Some(SequenceExtension::Other(name)) => name,
                _ => "",
            }
        };
        assert_eq!(named(0x80, Some(0b0_0001_0000)), "extended_precision_processing_flag");
        assert_eq!(named(0x80, Some(1)), "cabac_bypass_alignment_enabled_flag");
        assert_eq!((named(0x20, None), named(0x10, None)), ("sps_3d_extension_flag", "sps_scc_extension_flag"));
        // Reserved bits are ignored, and so is what follows them.
        assert_eq!((named(0x0F, None), named(0x00, None)), ("", ""));
    }

    #[test]
    fn a_range_extension_of_a_picture_has_lists_of_offsets() {
        let mut w = Writer::default();
        // Blocks up to 8 × 8, cross-component prediction, two pairs of offsets: 1, -1 and 2, 0; scales of 1 and 2.
        w.bits(1, 1).bits(0x80, 8).unsigned(&[1]).bits(0b11, 2).unsigned(&[1, 1, 1, 2, 3, 0, 1, 2]).bits(1, 1);
        let range = PictureRangeExtension {
            max_skip_log2_over_2: 1,
            cross_component: true,
            chroma_qp_depth: Some(1),
            chroma_qp_list: vec![[1, -1], [2, 0]],
            sao_scale_log2: [1, 2],
        };
        assert_eq!(PictureExtension::read(&mut reader(&w), true), Some(PictureExtension::Known(range)));
        let mut other = Writer::default();
        other.bits(1, 1).bits(0x10, 8).bits(1, 1);
        let other = PictureExtension::read(&mut reader(&other), true);
        assert_eq!(other, Some(PictureExtension::Other("pps_scc_extension_flag")));
    }
}
