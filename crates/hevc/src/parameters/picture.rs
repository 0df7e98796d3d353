//! Reads a picture parameter set (ITU-T H.265 § 7.3.2.3.1).

use crate::parameters::scaling::ScalingSyntax;
use crate::rbsp::RbspReader;

/// A picture parameter set as it is coded.
#[derive(Debug)]
pub(crate) struct PictureParameterSet {
    /// `pps_pic_parameter_set_id`, 0 to 63.
    pub(crate) id: u32,
    /// The sequence parameter set that it belongs to.
    pub(crate) sequence_id: u32,
    /// `output_flag_present_flag`.
    pub(crate) output_flag: bool,
    /// `num_extra_slice_header_bits`, 0 to 7.
    pub(crate) extra_bits: u32,
    /// `sign_data_hiding_enabled_flag`.
    pub(crate) hides_signs: bool,
    /// The quantiser that slices start from.
    pub(crate) initial_qp: i32,
    /// `transform_skip_enabled_flag`.
    pub(crate) transform_skip: bool,
    /// `diff_cu_qp_delta_depth`; `None` where a slice has one quantiser.
    pub(crate) qp_group_depth: Option<u32>,
    /// `pps_cb_qp_offset` and `pps_cr_qp_offset`.
    pub(crate) chroma_qp: [i32; 2],
    /// `pps_slice_chroma_qp_offsets_present_flag`.
    pub(crate) slice_chroma_qp: bool,
    /// `entropy_coding_sync_enabled_flag`.
    pub(crate) wavefront: bool,
    /// `pps_loop_filter_across_slices_enabled_flag`.
    pub(crate) loop_filter_across: bool,
    /// `deblocking_filter_override_enabled_flag`.
    pub(crate) override_deblocking: bool,
    /// `pps_deblocking_filter_disabled_flag`.
    pub(crate) deblocking_off: bool,
    /// The scaling lists that replace those of the sequence parameter set.
    pub(crate) scaling: ScalingSyntax,
    /// `log2_parallel_merge_level_minus2`.
    pub(crate) merge_log2_over_2: u32,
    /// `slice_segment_header_extension_present_flag`.
    pub(crate) header_extension: bool,
}

impl PictureParameterSet {
    /// Reads a NAL unit. `None` where it is cut, and for dependent slice segments, blocks that bypass the transform,
    /// tiles and extensions, whose fields no part of this crate needs.
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let mut bits = RbspReader::of_nal(nal);
        let id = bits.unsigned().filter(|&id| id < 64)?;
        let sequence_id = bits.unsigned()?;
        // Dependent slice segments.
        if bits.bit()? {
            return None;
        }
        let output_flag = bits.bit()?;
        let extra_bits = bits.bits(3)?;
        let hides_signs = bits.bit()?;
        // `cabac_init_present_flag`, and the numbers of reference pictures.
        bits.skip(1);
        bits.skip_unsigned(2)?;
        let initial_qp = bits.signed()?.checked_add(26)?;
        // `constrained_intra_pred_flag` changes nothing where all blocks are intra.
        bits.skip(1);
        let transform_skip = bits.bit()?;
        let qp_group_depth = if bits.bit()? { Some(bits.unsigned()?) } else { None };
        let chroma_qp = [bits.signed()?, bits.signed()?];
        let slice_chroma_qp = bits.bit()?;
        // Weighted prediction, of P and of B slices.
        bits.skip(2);
        // Blocks that bypass the transform, tiles.
        if bits.bit()? || bits.bit()? {
            return None;
        }
        let wavefront = bits.bit()?;
        let loop_filter_across = bits.bit()?;
        let (mut override_deblocking, mut deblocking_off) = (false, false);
        if bits.bit()? {
            override_deblocking = bits.bit()?;
            deblocking_off = bits.bit()?;
            if !deblocking_off {
                bits.skip_unsigned(2)?;
            }
        }
        let scaling = if bits.bit()? { ScalingSyntax::read(&mut bits)? } else { ScalingSyntax::Absent };
        // `lists_modification_present_flag`.
        bits.skip(1);
        let merge_log2_over_2 = bits.unsigned()?;
        let header_extension = bits.bit()?;
        if bits.bit()? && bits.bits(8)? != 0 {
            return None;
        }
        bits.aligned()?;
        Some(Self {
            id,
            sequence_id,
            output_flag,
            extra_bits,
            hides_signs,
            initial_qp,
            transform_skip,
            qp_group_depth,
            chroma_qp,
            slice_chroma_qp,
            wavefront,
            loop_filter_across,
            override_deblocking,
            deblocking_off,
            scaling,
            merge_log2_over_2,
            header_extension,
        })
    }
}

/// The number of a picture parameter set, of which nothing else is read.
pub(crate) fn set_number(nal: &[u8]) -> Option<u32> {
    RbspReader::of_nal(nal).unsigned()
}

/// The number of the picture parameter set that a slice of an IDR picture names (§ 7.3.6.1).
pub(crate) fn number_in_slice(slice: &[u8]) -> Option<u32> {
    let mut bits = RbspReader::of_nal(slice);
    // `first_slice_segment_in_pic_flag` and `no_output_of_prior_pics_flag`.
    bits.skip(2);
    bits.unsigned()
}
