//! Estimates the memory that decoding a JPEG takes.

use image_ingest_samples::Matrix;

use image_ingest_resize::ChromaGrid;

use crate::header::{Channels, Coding, Header};
use crate::plan::Plan;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// The memory of decoding by this plan. Planes and interleaved rows are reduced as they come.
pub(crate) fn cost(header: &Header, plan: &Plan) -> DecodeCost {
    let (sampling, scans, coefficients): (&[(u8, u8)], _, _) = match &header.coding {
        Coding::JpegSequential { sampling, scans } => (sampling, *scans, None),
        Coding::JpegProgressive { sampling, scans, coefficient_bytes } => (sampling, *scans, Some(*coefficient_bytes)),
        _ => (&[], 1, None),
    };
    let is_planar = matches!(header.channels, Channels::Ycbcr | Channels::Gray) && are_planes(sampling);
    let density = match header.channels {
        Channels::Gray => SampleDensity::interleaved(1),
        Channels::Cmyk | Channels::Ycck => SampleDensity::interleaved(4),
        _ if is_planar => SampleDensity::sampled(sampling),
        _ => SampleDensity::interleaved(3),
    };
    let stored = SampleDensity::sampled(sampling);
    // Whole MCUs are decoded. Those of a frame of one component are blocks, but that saves little.
    let side = |pixels: u32, factor: Option<u8>| u64::from(pixels.next_multiple_of(8 * u32::from(factor.unwrap_or(1))));
    let most_v = sampling.iter().map(|s| s.1).max();
    let width = side(header.coded_size.width, sampling.iter().map(|s| s.0).max());
    let components = stored.bytes(width * side(header.coded_size.height, most_v), 1);
    let row = stored.bytes(width * 8 * u64::from(most_v.unwrap_or(1)), 1);
    DecodeCost {
        density,
        streams: true,
        stays_planar: is_planar && plan.chroma_grid(header.bit_depth, Matrix::Bt601) == ChromaGrid::Half,
        working_bytes: match (coefficients, scans) {
            (Some(bytes), _) => bytes,
            // Components that come one after the other wait for each other: as they are stored where they become
            // interleaved, else reduced.
            (None, 2..) if !is_planar => components + row * 17 / 8,
            (None, 2..) => 3 * plan.target.pixels() + row * 17 / 8,
            // Arithmetic coding goes by way of the coefficients of a row of MCUs.
            (None, _) => row * 17 / 8,
            // A row of MCUs is held as it is decoded, and once more until it is interleaved.
        } + if is_planar { row } else { 2 * row },
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
