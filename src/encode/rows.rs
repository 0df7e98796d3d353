//! Encodes rows while they are made, so that no canonical samples exist but those of a row of MCUs.

use image_ingest_jpeg::{PlanesEncoder, RgbEncoder};
use image_ingest_samples::{CpuTimer, Size, WorkError};

use crate::canonical::{CanonicalKind, CanonicalSink};
use crate::error::{Error, Result};

/// A JPEG encoder of upright rows.
pub(crate) struct RowEncoder {
    quality: u8,
    encoder: Option<JpegEncoder>,
}

enum JpegEncoder {
    Planes(PlanesEncoder),
    Rgb(RgbEncoder),
}

impl RowEncoder {
    /// An encoder of this quality, 1–100, which has got no rows.
    pub(crate) fn new(quality: u8) -> Self {
        Self { quality, encoder: None }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` when rows are missing.
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        Ok(match self.encoder.ok_or_else(|| Error::internal("an encoder without rows"))? {
            JpegEncoder::Planes(encoder) => encoder.finish()?,
            JpegEncoder::Rgb(encoder) => encoder.finish()?,
        })
    }
}

impl CanonicalSink for RowEncoder {
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        self.encoder = Some(match kind {
            CanonicalKind::Ycbcr420 => JpegEncoder::Planes(PlanesEncoder::new(size, self.quality)?),
            CanonicalKind::Gray => JpegEncoder::Planes(PlanesEncoder::gray(size, self.quality)?),
            CanonicalKind::Rgb => JpegEncoder::Rgb(RgbEncoder::new(size, self.quality)?),
        });
        Ok(())
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        match &mut self.encoder {
            Some(JpegEncoder::Planes(encoder)) => {
                let mut planes: [&[u8]; 3] = [&[]; 3];
                *planes.get_mut(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))? = rows;
                encoder.push(planes, timer)
            }
            Some(JpegEncoder::Rgb(encoder)) => encoder.push(rows, timer),
            None => Err(WorkError::internal("rows before their kind")),
        }
    }
}
