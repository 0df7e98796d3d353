//! Encodes as baseline JPEG: 4:2:0, accurate DCT, standard Huffman tables (ITU-T T.81 annex K), a JFIF header and no
//! other metadata.

use image_ingest_c_decoders::jpeg::{self, Failure, Status};
use image_ingest_samples::CpuTimer;

use crate::canonical::{Canonical, CanonicalSamples};
use crate::error::{Error, Result};

/// Encodes with libjpeg-turbo. Gray becomes three components with neutral chroma, so that every result has the same
/// form.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
pub(super) fn encode(canonical: &Canonical, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let (width, height) = (canonical.size.width, canonical.size.height);
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => jpeg::encode_rgb(rgb, width, height, quality, timer),
        CanonicalSamples::Gray(luma) => jpeg::encode_planes(luma, None, width, height, quality, timer),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            jpeg::encode_planes(luma, Some((cb, cr)), width, height, quality, timer)
        }
    }
    .map_err(|failure| failed(failure, timer))
}

fn failed(failure: Failure, timer: &CpuTimer<'_>) -> Error {
    match failure.status {
        Status::NoMemory => Error::OutOfMemory { bytes: 0 },
        Status::Stopped => {
            timer.check().err().map_or_else(|| Error::internal("libjpeg-turbo stopped by itself"), Into::into)
        }
        _ => Error::internal(format!("JPEG encoder: {}", failure.message)),
    }
}
