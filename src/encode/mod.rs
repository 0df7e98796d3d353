//! Encodes the canonical image: the last place that decides bytes.

mod jpeg;
pub(crate) mod webp;

use crate::canonical::Canonical;
use crate::error::Result;
use crate::profile::Encoding;

/// Encodes without any metadata; the same samples and encoding give the same bytes on every machine.
///
/// # Errors
///
/// `out_of_memory`; `internal` when the encoder refuses a canonical image.
pub(crate) fn encode(canonical: &Canonical, encoding: Encoding) -> Result<Vec<u8>> {
    match encoding {
        Encoding::Jpeg { quality } => jpeg::encode(canonical, quality),
        Encoding::Webp { quality } => webp::encode(canonical, quality),
    }
}
