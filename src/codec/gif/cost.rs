//! What decoding a GIF holds in memory.

use crate::header::Header;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// The frame's indices. Rows of the canvas are reduced as they are made.
pub(crate) fn cost(header: &Header) -> DecodeCost {
    DecodeCost {
        density: SampleDensity::interleaved(if header.has_alpha { 4 } else { 3 }),
        streams: true,
        stays_planar: false,
        working_bytes: header.coded_size.pixels(),
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
