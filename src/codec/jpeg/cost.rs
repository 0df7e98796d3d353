//! Estimates the memory that decoding a JPEG takes.

use image_ingest_samples::Matrix;

use image_ingest_resize::ChromaGrid;

use crate::header::{Channels, Coding, Header};
use crate::plan::Plan;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// The memory of decoding by this plan. Planes are reduced row by row; RGB and CMYK are held whole.
pub(crate) fn cost(header: &Header, plan: &Plan) -> DecodeCost {
    let (sampling, scans, is_progressive): (&[(u8, u8)], _, _) = match &header.coding {
        Coding::JpegSequential { sampling, scans } => (sampling, *scans, false),
        Coding::JpegProgressive { sampling, scans } => (sampling, *scans, true),
        _ => (&[], 1, false),
    };
    let is_planar = matches!(header.channels, Channels::Ycbcr | Channels::Gray) && are_planes(sampling);
    let density = match header.channels {
        Channels::Gray => SampleDensity::interleaved(1),
        Channels::Cmyk | Channels::Ycck => SampleDensity::interleaved(4),
        _ if is_planar => SampleDensity::sampled(sampling),
        _ => SampleDensity::interleaved(3),
    };
    let coefficients = SampleDensity::sampled(sampling).bytes(header.coded_size.pixels(), 2);
    DecodeCost {
        density,
        streams: is_planar,
        is_planar,
        stays_planar: is_planar && plan.chroma_grid(header.bit_depth, Matrix::Bt601) == ChromaGrid::Half,
        working_bytes: match (is_progressive, scans) {
            // Until the last scan, every coefficient: 16 bits, and one that says whether it is zero.
            (true, _) => coefficients * 17 / 16,
            (false, 2..) => coefficients,
            (false, _) => 0,
        },
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}

/// Whether a file of these sampling factors is decoded to planes: both chroma components have equal factors, which
/// divide those of luma.
fn are_planes(sampling: &[(u8, u8)]) -> bool {
    match sampling {
        [_] => true,
        [(h, v), cb, cr] => cb == cr && cb.0 <= *h && cb.1 <= *v && h % cb.0 == 0 && v % cb.1 == 0,
        _ => false,
    }
}
