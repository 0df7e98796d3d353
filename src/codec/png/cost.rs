//! What decoding a PNG holds in memory.

use crate::header::{Channels, Coding, Header};
use crate::plan::cost::{DecodeCost, SampleDensity};

/// Rows are reduced as they come; an interlaced picture is held whole.
pub(crate) fn cost(header: &Header) -> DecodeCost {
    let interlaced = matches!(header.coding, Coding::Png { interlaced: true, .. });
    let samples = match header.channels {
        _ if header.has_alpha => 4,
        Channels::Gray => 1,
        _ => 3,
    };
    DecodeCost {
        density: SampleDensity::interleaved(samples),
        streams: !interlaced,
        stays_planar: false,
        working_bytes: if interlaced {
            header.coded_size.pixels()
        } else {
            // What is inflated at once, and at least four rows of it before and after unfiltering, or eight of
            // pixels of half the bytes.
            512 * 1024 + 16 * u64::from(header.coded_size.width) * 8
        },
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
