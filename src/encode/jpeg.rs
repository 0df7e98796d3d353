//! Baseline JPEG: 4:2:0, accurate DCT, standard Huffman tables (ITU-T T.81 annex K), a JFIF header and no more.

use crate::canonical::{Canonical, CanonicalSamples};
use crate::codec::jpeg::ffi::{self, Failure, Status};
use crate::codec::jpeg::stopped;
use crate::error::{Error, Result};
use crate::watch::Meter;

/// Encodes with libjpeg-turbo; gray becomes three components with neutral chroma, whatever the container was.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
pub(super) fn encode(canonical: &Canonical, quality: u8, meter: &Meter<'_>) -> Result<Vec<u8>> {
    let (width, height) = (canonical.size.width, canonical.size.height);
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => ffi::encode_rgb(rgb, width, height, quality, meter),
        CanonicalSamples::Gray(luma) => ffi::encode_planes(luma, None, width, height, quality, meter),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            ffi::encode_planes(luma, Some((cb, cr)), width, height, quality, meter)
        }
    }
    .map_err(|failure| failed(failure, meter))
}

fn failed(failure: Failure, meter: &Meter<'_>) -> Error {
    match failure.status {
        Status::NoMemory => Error::OutOfMemory { bytes: 0 },
        Status::Stopped => stopped(meter),
        _ => Error::internal(format!("JPEG encoder: {}", failure.message)),
    }
}
