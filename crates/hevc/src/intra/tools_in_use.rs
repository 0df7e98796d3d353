//! Tells what a picture's parameter sets switch on, for programs that compare decoders. This is no part of the library.

use image_ingest_samples::CpuTimer;

use crate::coded_picture::CodedPicture;
use crate::intra::format_of;
use crate::nal::is_slice;

/// Tools of one picture, as far as a decoder of others is known to differ in them.
#[derive(Debug, Clone, Copy)]
pub struct ToolsInUse {
    /// Luma samples.
    pub pixels: usize,
    /// 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub chroma_format: u32,
    /// Bits per sample.
    pub bit_depth: u32,
    /// Whether coefficients are scaled by lists.
    pub scaling_lists: bool,
    /// Whether blocks larger than 4 × 4 may skip their transform.
    pub large_skip: bool,
    /// Levels of transform trees below a coding tree.
    pub transform_levels: u32,
    /// Whether chroma may have a quantiser larger than that of luma.
    pub chroma_qp_above_luma: bool,
    /// Whether coding units choose quantisers of chroma from a list.
    pub chroma_qp_list: bool,
    /// Whether Rice parameters adapt across blocks.
    pub persistent_rice: bool,
    /// Whether rows of coding trees are substreams.
    pub wavefront: bool,
    /// Whether there are several tiles.
    pub tiles: bool,
    /// Slice segments.
    pub segments: usize,
}

impl ToolsInUse {
    /// Reads the parameter sets of a picture; `None` for one that is not decoded.
    #[must_use]
    pub fn of(coded: &CodedPicture<'_>) -> Option<Self> {
        let (format, _) = format_of(coded, &CpuTimer::default()).ok()?;
        let picture = &format.picture;
        Some(Self {
            pixels: format.width.saturating_mul(format.height),
            chroma_format: format.chroma_format,
            bit_depth: format.bit_depth,
            scaling_lists: format.factors.is_some(),
            large_skip: picture.transform_skip && format.max_skip_log2 > 2,
            transform_levels: format.tree_log2 - format.min_transform_log2,
            chroma_qp_above_luma: picture.slice_chroma_qp || picture.chroma_qp.iter().any(|&offset| offset > 0),
            chroma_qp_list: picture.range.chroma_qp_depth.is_some(),
            persistent_rice: format.range.persistent_rice,
            wavefront: format.wavefront,
            tiles: format.tiles.is_split,
            segments: coded.nals.iter().filter(|nal| is_slice(nal)).count(),
        })
    }
}
