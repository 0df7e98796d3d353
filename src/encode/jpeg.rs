//! Baseline JPEG: 4:2:0, accurate DCT, standard Huffman tables (ITU-T T.81 annex K), a JFIF header and no more.

use crate::canonical::{Canonical, CanonicalSamples};
use crate::codec::jpeg::ffi::{self, Failure, Status};
use crate::error::{Error, Result};

/// Encodes with libjpeg-turbo; gray becomes three components with neutral chroma, whatever the container was.
///
/// # Errors
///
/// `out_of_memory`; `internal`.
pub(super) fn encode(canonical: &Canonical, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = (canonical.size.width, canonical.size.height);
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => ffi::encode_rgb(rgb, width, height, quality),
        CanonicalSamples::Gray(luma) => ffi::encode_planes(luma, None, width, height, quality),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => ffi::encode_planes(luma, Some((cb, cr)), width, height, quality),
    }
    .map_err(failed)
}

fn failed(failure: Failure) -> Error {
    match failure.status {
        Status::NoMemory => Error::OutOfMemory { bytes: 0 },
        _ => Error::internal(format!("JPEG encoder: {}", failure.message)),
    }
}
