//! Encodes the canonical image. No later stage changes a byte.

mod jpeg;
pub(crate) mod rows;
#[cfg(feature = "webp-encode")]
pub(crate) mod webp;

use image_ingest_samples::CpuTimer;

use crate::canonical::Canonical;
use crate::error::Result;
use crate::plan::profile::Encoding;

/// Encodes without any metadata; the same samples and encoding give the same bytes on every machine.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when the encoder refuses a canonical image.
pub(crate) fn encode(canonical: &Canonical, encoding: Encoding, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    match encoding {
        Encoding::Jpeg { quality } => jpeg::encode(canonical, quality, timer),
        #[cfg(feature = "webp-encode")]
        Encoding::Webp { quality } => webp::encode(canonical, quality, timer),
        #[cfg(not(feature = "webp-encode"))]
        Encoding::Webp { .. } => Err(crate::error::Error::internal("a profile that no encoder gives")),
    }
}
