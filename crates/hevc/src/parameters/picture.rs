//! Reads a picture parameter set (ITU-T H.265 § 7.3.2.3).

use image_ingest_samples::DecodeError;

use crate::parameters::extensions::{PictureExtension, PictureRangeExtension};
use crate::parameters::scaling::ScalingSyntax;
use crate::rbsp::RbspReader;
use crate::result::Result;

/// A picture parameter set as it is coded.
#[derive(Debug)]
pub(crate) struct PictureParameterSet {
    /// `pps_pic_parameter_set_id`, 0 to 63.
    pub(crate) id: u32,
    /// The sequence parameter set that it belongs to.
    pub(crate) sequence_id: u32,
    /// `dependent_slice_segments_enabled_flag`.
    pub(crate) dependent_slices: bool,
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
    /// `transquant_bypass_enabled_flag`.
    pub(crate) transquant_bypass: bool,
    /// The columns and rows of tiles; `None` where the picture is one tile.
    pub(crate) tiles: Option<TileSyntax>,
    /// `loop_filter_across_tiles_enabled_flag`.
    pub(crate) loop_filter_across_tiles: bool,
    /// `entropy_coding_sync_enabled_flag`.
    pub(crate) wavefront: bool,
    /// `pps_loop_filter_across_slices_enabled_flag`.
    pub(crate) loop_filter_across: bool,
    /// `deblocking_filter_override_enabled_flag`.
    pub(crate) override_deblocking: bool,
    /// `pps_deblocking_filter_disabled_flag`.
    pub(crate) deblocking_off: bool,
    /// `pps_beta_offset_div2` and `pps_tc_offset_div2`.
    pub(crate) deblocking_offsets: [i32; 2],
    /// The scaling lists that replace those of the sequence parameter set.
    pub(crate) scaling: ScalingSyntax,
    /// `log2_parallel_merge_level_minus2`.
    pub(crate) merge_log2_over_2: u32,
    /// `slice_segment_header_extension_present_flag`.
    pub(crate) header_extension: bool,
    /// The range extension; all zero where there is none.
    pub(crate) range: PictureRangeExtension,
}

/// How a picture is split into tiles (§ 7.3.2.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TileSyntax {
    /// So many columns and rows, as even as they can be.
    Uniform { columns: u32, rows: u32 },
    /// The widths and heights of all but the last, in coding trees.
    Explicit { widths: Vec<u32>, heights: Vec<u32> },
}

impl PictureParameterSet {
    /// Reads a NAL unit.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] where it is cut, [`DecodeError::Unsupported`] for an extension that is not known.
    pub(crate) fn read(nal: &[u8]) -> Result<Self> {
        let mut bits = RbspReader::of_nal(nal);
        let set = Self::read_fields(&mut bits).ok_or_else(cut)?;
        match PictureExtension::read(&mut bits, set.transform_skip).ok_or_else(cut)? {
            PictureExtension::Known(range) => Ok(Self { range, ..set }),
            PictureExtension::Other(flag) => Err(DecodeError::unsupported(flag)),
        }
    }

    /// Reads the fields before `pps_extension_present_flag`.
    fn read_fields(bits: &mut RbspReader) -> Option<Self> {
        let id = bits.unsigned().filter(|&id| id < 64)?;
        let sequence_id = bits.unsigned()?;
        let dependent_slices = bits.bit()?;
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
        let transquant_bypass = bits.bit()?;
        let has_tiles = bits.bit()?;
        let wavefront = bits.bit()?;
        let tiles = if has_tiles { Some(TileSyntax::read(bits)?) } else { None };
        let loop_filter_across_tiles = !has_tiles || bits.bit()?;
        let loop_filter_across = bits.bit()?;
        let (mut override_deblocking, mut deblocking_off, mut deblocking_offsets) = (false, false, [0; 2]);
        if bits.bit()? {
            override_deblocking = bits.bit()?;
            deblocking_off = bits.bit()?;
            if !deblocking_off {
                deblocking_offsets = [bits.signed()?, bits.signed()?];
            }
        }
        let scaling = if bits.bit()? { ScalingSyntax::read(bits)? } else { ScalingSyntax::Absent };
        // `lists_modification_present_flag`.
        bits.skip(1);
        let merge_log2_over_2 = bits.unsigned()?;
        let header_extension = bits.bit()?;
        Some(Self {
            id,
            sequence_id,
            dependent_slices,
            output_flag,
            extra_bits,
            hides_signs,
            initial_qp,
            transform_skip,
            qp_group_depth,
            chroma_qp,
            slice_chroma_qp,
            transquant_bypass,
            tiles,
            loop_filter_across_tiles,
            wavefront,
            loop_filter_across,
            override_deblocking,
            deblocking_off,
            deblocking_offsets,
            scaling,
            merge_log2_over_2,
            header_extension,
            range: PictureRangeExtension::default(),
        })
    }
}

impl TileSyntax {
    /// Every width and height has a bit at least, so the payload bounds the loops.
    fn read(bits: &mut RbspReader) -> Option<Self> {
        let (columns, rows) = (bits.unsigned()?, bits.unsigned()?);
        if bits.bit()? {
            return Some(Self::Uniform { columns: columns.checked_add(1)?, rows: rows.checked_add(1)? });
        }
        if columns.max(rows) > MOST_SIZES {
            return None;
        }
        let mut sizes = |count: u32| (0..count).map(|_| bits.unsigned()?.checked_add(1)).collect::<Option<Vec<_>>>();
        Some(Self::Explicit { widths: sizes(columns)?, heights: sizes(rows)? })
    }
}

/// The most widths, and heights, of tiles: as many coding trees of the smallest kind make a side of 131 072 samples.
const MOST_SIZES: u32 = 8192;

fn cut() -> DecodeError {
    DecodeError::malformed("the picture parameter set is cut")
}

/// The number of a picture parameter set, of which nothing else is read.
pub(crate) fn set_number(nal: &[u8]) -> Option<u32> {
    RbspReader::of_nal(beginning(nal)).unsigned()
}

/// The number of the picture parameter set that a slice of a random access picture names (§ 7.3.6.1).
pub(crate) fn number_in_slice(slice: &[u8]) -> Option<u32> {
    let mut bits = RbspReader::of_nal(beginning(slice));
    // `first_slice_segment_in_pic_flag` and `no_output_of_prior_pics_flag`.
    bits.skip(2);
    bits.unsigned()
}

/// More than two flags and the longest code of ue(v) take, behind the header of the NAL unit and with emulation prevention.
/// There may be hundreds of NAL units.
fn beginning(nal: &[u8]) -> &[u8] {
    nal.get(..24).unwrap_or(nal)
}
