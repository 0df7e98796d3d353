//! What decoding a WebP holds in memory.

use image_ingest_resize::ChromaGrid;
use image_ingest_samples::Matrix;

use crate::header::{Coding, Header};
use crate::plan::Plan;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// Opaque VP8 is reduced row by row; everything else is held whole.
pub(crate) fn cost(header: &Header, plan: &Plan) -> DecodeCost {
    let is_lossy = matches!(header.coding, Coding::WebpLossy { .. });
    let is_planar = is_lossy && !header.has_alpha;
    let density = match is_lossy {
        _ if header.has_alpha => SampleDensity::interleaved(4),
        true => SampleDensity::subsampled(Some((2, 2))),
        false => SampleDensity::interleaved(3),
    };
    DecodeCost {
        density,
        streams: is_planar,
        is_planar,
        stays_planar: is_planar && plan.chroma_grid(header.bit_depth, Matrix::Bt601) == ChromaGrid::Half,
        working_bytes: match header.coding {
            Coding::WebpLossy { alpha_bytes, .. } => alpha_bytes,
            // ARGB, 32 bits a pixel.
            Coding::WebpLossless { table_bytes, .. } => header.coded_size.pixels() * 4 + table_bytes,
            _ => 0,
        },
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
