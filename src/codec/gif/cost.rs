//! What decoding a GIF holds in memory.

use crate::header::{Coding, Header};
use crate::plan::cost::{DecodeCost, SampleDensity};

/// The indices that the frame's strings are made of, and all of them where rows are interlaced. Rows of the canvas are
/// reduced as they are made.
pub(crate) fn cost(header: &Header) -> DecodeCost {
    let interlaced = matches!(header.coding, Coding::Gif { interlaced: true });
    DecodeCost {
        density: SampleDensity::interleaved(if header.has_alpha { 4 } else { 3 }),
        streams: true,
        stays_planar: false,
        working_bytes: image_ingest_gif::held_indices(header.coded_size, interlaced),
        tile_row_bytes: 0,
        extra_for_threads: 0,
    }
}
