//! What decoding a GIF holds in memory.

use crate::header::Header;
use crate::plan::cost::{DecodeCost, SampleDensity};

/// The frame's indices, and the canvas that they are composed on.
pub(crate) fn cost(header: &Header) -> DecodeCost {
    DecodeCost {
        density: SampleDensity::interleaved(if header.has_alpha { 4 } else { 3 }),
        streams: false,
        is_planar: false,
        stays_planar: false,
        working_bytes: header.coded_size.pixels(),
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
