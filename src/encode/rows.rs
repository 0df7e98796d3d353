//! Encodes rows while they are decoded, so that no canonical samples exist but those of a row of MCUs.

use std::time::Duration;

use image_ingest_color::RangeStretch;
use image_ingest_jpeg::{PlanesEncoder, RgbEncoder};
use image_ingest_samples::{CpuTimer, Moment, WorkError, reserve};

use crate::canonical::RowStage;
use crate::error::{Error, Result};
use crate::pixels::{CanonicalRows, RowKind};
use crate::plan::Plan;
use crate::plan::profile::Encoding;

/// An encoder that takes the rows of a picture where its encoding and what is left to do with them allow it.
pub(crate) struct RowEncoder<'a> {
    plan: &'a Plan,
    encoding: Encoding,
    timer: CpuTimer<'a>,
    stage: Option<(RowStage, JpegEncoder)>,
    stretch: RangeStretch,
    /// Rows that are being stretched to full range.
    stretched: Vec<u8>,
    /// What encoding took of the time of decoding.
    elapsed: Duration,
}

enum JpegEncoder {
    Planes(PlanesEncoder),
    Rgb(RgbEncoder),
}

impl<'a> RowEncoder<'a> {
    /// An encoder of the picture that `plan` describes, which has got no rows.
    pub(crate) fn new(plan: &'a Plan, encoding: Encoding, timer: CpuTimer<'a>) -> Self {
        let (stretched, elapsed) = (Vec::new(), Duration::ZERO);
        Self { plan, encoding, timer, stage: None, stretch: RangeStretch::new(), stretched, elapsed }
    }

    /// The whole file, and the time that encoding took of that of decoding.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` when rows are missing.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Duration)> {
        let (_, encoder) = self.stage.ok_or_else(|| Error::internal("an encoder without rows"))?;
        let bytes = match encoder {
            JpegEncoder::Planes(encoder) => encoder.finish()?,
            JpegEncoder::Rgb(encoder) => encoder.finish()?,
        };
        Ok((bytes, self.elapsed))
    }

    fn encode(&mut self, plane: usize, rows: &[u8]) -> Result<(), WorkError> {
        let Some((stage, encoder)) = &mut self.stage else { return Err(WorkError::internal("rows before their kind")) };
        let rows = match stage {
            RowStage::Ycbcr { is_limited: true, .. } => {
                self.stretched.clear();
                reserve(&mut self.stretched, rows.len())?;
                self.stretched.extend_from_slice(rows);
                self.stretch.apply(plane, &mut self.stretched);
                &self.stretched
            }
            _ => rows,
        };
        match encoder {
            JpegEncoder::Planes(encoder) => {
                let mut planes: [&[u8]; 3] = [&[]; 3];
                *planes.get_mut(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))? = rows;
                encoder.push(planes, &self.timer)
            }
            JpegEncoder::Rgb(encoder) => encoder.push(rows, &self.timer),
        }
    }
}

impl CanonicalRows for RowEncoder<'_> {
    fn begin(&mut self, kind: RowKind) -> Result<bool> {
        let Encoding::Jpeg { quality } = self.encoding else { return Ok(false) };
        let Some(stage) = RowStage::of(kind, self.plan) else { return Ok(false) };
        let size = self.plan.target;
        let encoder = match stage {
            RowStage::Ycbcr { has_chroma: true, .. } => JpegEncoder::Planes(PlanesEncoder::new(size, quality)?),
            RowStage::Ycbcr { .. } | RowStage::Gray => JpegEncoder::Planes(PlanesEncoder::gray(size, quality)?),
            RowStage::Rgb => JpegEncoder::Rgb(RgbEncoder::new(size, quality)?),
        };
        self.stage = Some((stage, encoder));
        Ok(true)
    }

    fn take(&mut self, plane: usize, rows: &[u8]) -> Result<(), WorkError> {
        let started = Moment::now();
        let result = self.encode(plane, rows);
        self.elapsed += started.elapsed();
        result
    }
}
