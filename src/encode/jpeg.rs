//! Encodes as baseline JPEG: 4:2:0, accurate DCT, standard Huffman tables (ITU-T T.81 annex K), a JFIF header and no
//! other metadata.

use image_ingest_jpeg::{encode_planes, encode_rgb};
use image_ingest_samples::CpuTimer;

use crate::canonical::{Canonical, CanonicalSamples};
use crate::error::Result;

/// Encodes a canonical image. Gray becomes three components with neutral chroma, so that every result has the same form.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
pub(super) fn encode(canonical: &Canonical, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let size = canonical.size;
    Ok(match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => encode_rgb(size, rgb, quality, timer)?,
        CanonicalSamples::Gray(luma) => encode_planes(size, luma, None, quality, timer)?,
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => encode_planes(size, luma, Some((cb, cr)), quality, timer)?,
    })
}
