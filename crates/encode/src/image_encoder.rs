//! Encodes canonical rows in one encoding.

use image_ingest_samples::{CpuTimer, Orientation, Size, WorkError};

#[cfg(feature = "webp-encode")]
use crate::buffer::CanonicalBuffer;
use crate::canonical::Canonical;
use crate::encoding::Encoding;
use crate::jpeg::RowEncoder;
use crate::result::Result;
use crate::sink::{CanonicalKind, CanonicalSink};
use crate::upright::hand_on;
#[cfg(feature = "webp-encode")]
use crate::webp;

/// Encodes without any metadata; the same samples and encoding give the same bytes on every machine.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when the encoder refuses a canonical image.
pub fn encode(canonical: &Canonical, encoding: Encoding, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let mut encoder = ImageEncoder::new(encoding, Orientation::Upright)?;
    hand_on(canonical, &mut encoder, timer)?;
    encoder.finish(timer)
}

/// Encodes an image whose rows come a few at a time.
pub(crate) enum ImageEncoder {
    /// Rows of MCUs are coded as they are full.
    Jpeg(Box<RowEncoder>),
    /// libwebp takes whole pictures.
    #[cfg(feature = "webp-encode")]
    Webp { quality: u8, orientation: Orientation, image: CanonicalBuffer },
}

impl ImageEncoder {
    /// An encoder that has got no rows, which `orientation` turns to stand upright.
    ///
    /// # Errors
    ///
    /// `internal` for an encoding that is not built in.
    pub(crate) fn new(encoding: Encoding, orientation: Orientation) -> Result<Self, WorkError> {
        match encoding {
            Encoding::Jpeg { quality } => Ok(Self::Jpeg(Box::new(RowEncoder::new(quality, orientation)))),
            #[cfg(feature = "webp-encode")]
            Encoding::Webp { quality } => Ok(Self::Webp { quality, orientation, image: CanonicalBuffer::default() }),
            #[cfg(not(feature = "webp-encode"))]
            Encoding::Webp { .. } => Err(WorkError::internal("an encoding that no encoder gives")),
        }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing or the encoder refuses the image.
    pub(crate) fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        timer.check()?;
        match self {
            Self::Jpeg(encoder) => encoder.finish(timer),
            #[cfg(feature = "webp-encode")]
            Self::Webp { quality, orientation, image } => {
                webp::encode(&image.finish(orientation, false, 1)?.upright(timer)?, quality, timer)
            }
        }
    }
}

impl CanonicalSink for ImageEncoder {
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        match self {
            Self::Jpeg(encoder) => encoder.begin(kind, size),
            #[cfg(feature = "webp-encode")]
            Self::Webp { image, .. } => image.begin(kind, size),
        }
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        match self {
            Self::Jpeg(encoder) => encoder.take(plane, rows, timer),
            #[cfg(feature = "webp-encode")]
            Self::Webp { image, .. } => image.take(plane, rows, timer),
        }
    }
}
