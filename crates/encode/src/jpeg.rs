//! Encodes rows while they are made, so that no canonical samples exist but those of a row of MCUs.

use image_ingest_jpeg::{PlanesEncoder, RgbEncoder, TurnedEncoder};
use image_ingest_samples::{CpuTimer, Orientation, Size, WorkError};

use crate::result::Result;
use crate::sink::{CanonicalKind, CanonicalSink};

/// A JPEG encoder of rows as they are stored.
pub(crate) struct RowEncoder {
    quality: u8,
    orientation: Orientation,
    encoder: Option<JpegEncoder>,
}

enum JpegEncoder {
    Planes(PlanesEncoder),
    Rgb(RgbEncoder),
    Turned(Box<TurnedEncoder>),
}

impl RowEncoder {
    /// An encoder of this quality, 1–100, which has got no rows.
    pub(crate) fn new(quality: u8, orientation: Orientation) -> Self {
        Self { quality, orientation, encoder: None }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(crate) fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        Ok(match self.encoder.ok_or_else(|| WorkError::internal("an encoder without rows"))? {
            JpegEncoder::Planes(encoder) => encoder.finish()?,
            JpegEncoder::Rgb(encoder) => encoder.finish()?,
            JpegEncoder::Turned(encoder) => encoder.finish(timer)?,
        })
    }
}

impl CanonicalSink for RowEncoder {
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        let Self { quality, orientation, .. } = *self;
        let turned = |encoder: TurnedEncoder| JpegEncoder::Turned(Box::new(encoder));
        self.encoder = Some(match (kind, orientation) {
            (CanonicalKind::Ycbcr420, Orientation::Upright) => JpegEncoder::Planes(PlanesEncoder::new(size, quality)?),
            (CanonicalKind::Gray, Orientation::Upright) => JpegEncoder::Planes(PlanesEncoder::gray(size, quality)?),
            (CanonicalKind::Rgb, Orientation::Upright) => JpegEncoder::Rgb(RgbEncoder::new(size, quality)?),
            (CanonicalKind::Ycbcr420, _) => turned(TurnedEncoder::new(size, orientation, quality)?),
            (CanonicalKind::Gray, _) => turned(TurnedEncoder::gray(size, orientation, quality)?),
            (CanonicalKind::Rgb, _) => turned(TurnedEncoder::rgb(size, orientation, quality)?),
        });
        Ok(())
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        match &mut self.encoder {
            Some(JpegEncoder::Planes(encoder)) => encoder.push(alone(plane, rows)?, timer),
            Some(JpegEncoder::Turned(encoder)) => encoder.push(alone(plane, rows)?, timer),
            Some(JpegEncoder::Rgb(encoder)) => encoder.push(rows, timer),
            None => Err(WorkError::internal("rows before their kind")),
        }
    }
}

/// The rows of one plane beside none of the others.
fn alone(plane: usize, rows: &[u8]) -> Result<[&[u8]; 3], WorkError> {
    let mut planes: [&[u8]; 3] = [&[]; 3];
    *planes.get_mut(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))? = rows;
    Ok(planes)
}
