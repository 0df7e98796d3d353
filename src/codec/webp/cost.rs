//! What decoding a WebP holds in memory.

use image_ingest_resize::ChromaGrid;
use image_ingest_samples::Matrix;
use image_ingest_webp::Vp8Decoder;

use crate::header::{Coding, Header};
use crate::plan::Plan;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// Rows are reduced as they come, so no whole picture is held.
pub(crate) fn cost(header: &Header, plan: &Plan) -> DecodeCost {
    let is_lossy = matches!(header.coding, Coding::WebpLossy { .. });
    let is_planar = is_lossy && !header.has_alpha;
    let density = match is_lossy {
        _ if header.has_alpha => SampleDensity::interleaved(4),
        true => SampleDensity::subsampled(Some((2, 2))),
        false => SampleDensity::interleaved(3),
    };
    let width = u64::from(header.coded_size.width);
    // A row of the canvas; for VP8 in RGBA also one of RGBA, one of planes and one of alpha. The frame may be smaller.
    let rows = if is_lossy { 11 * width } else { 4 * width };
    let of_coding = match header.coding {
        Coding::WebpLossy { alpha_bytes, .. } => Vp8Decoder::memory_bytes(header.coded_size) + alpha_bytes,
        Coding::WebpLossless { table_bytes, .. } => table_bytes,
        _ => 0,
    };
    DecodeCost {
        density,
        streams: true,
        stays_planar: is_planar && plan.chroma_grid(header.bit_depth, Matrix::Bt601) == ChromaGrid::Half,
        working_bytes: of_coding + rows,
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
