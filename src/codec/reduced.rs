//! Reduces the rows of a decoder and hands them on at once where somebody takes them, else keeps them.

use image_ingest_resize::{PlanesFormat, PlanesReducer, RasterReducer};
use image_ingest_samples::{Layout, RowSink, SampleSlice, WorkError};

use crate::error::Result;
use crate::pixels::{CanonicalRows, Pixels, RowKind};

/// Planes on their way.
pub(super) struct ReducedPlanes<'r> {
    planes: PlanesReducer,
    rows: Option<&'r mut dyn CanonicalRows>,
}

impl<'r> ReducedPlanes<'r> {
    /// For a reducer of planes of this format.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal`.
    pub(super) fn new(planes: PlanesReducer, format: &PlanesFormat, rows: &'r mut dyn CanonicalRows) -> Result<Self> {
        let PlanesFormat { bit_depth, subsampling, range, matrix, .. } = *format;
        let kind = RowKind::Ycbcr { has_chroma: subsampling.is_some(), range, matrix };
        let is_taken = bit_depth == 8 && rows.begin(kind)?;
        Ok(Self { planes, rows: if is_taken { Some(rows) } else { None } })
    }

    /// Ends the planes.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(super) fn finish(self) -> Result<Pixels, WorkError> {
        match self.rows {
            Some(rows) => {
                self.planes.finish_rows(|plane, samples| rows.take(plane, bytes(samples)?))?;
                Ok(Pixels::Delivered)
            }
            None => Ok(Pixels::ReducedYcbcr(self.planes.finish()?)),
        }
    }
}

impl RowSink for ReducedPlanes<'_> {
    fn take_rows(&mut self, plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<(), WorkError> {
        self.planes.take_rows(plane, rows, stride)?;
        match &mut self.rows {
            Some(rows) => self.planes.take_finished(plane, |samples| rows.take(plane, bytes(samples)?)),
            None => Ok(()),
        }
    }
}

/// Interleaved samples on their way.
pub(super) struct ReducedRaster<'r> {
    raster: RasterReducer,
    rows: Option<&'r mut dyn CanonicalRows>,
}

impl<'r> ReducedRaster<'r> {
    /// For a reducer of samples of this layout and depth.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal`.
    pub(super) fn new(
        raster: RasterReducer,
        layout: Layout,
        bit_depth: u8,
        rows: &'r mut dyn CanonicalRows,
    ) -> Result<Self> {
        let is_taken = bit_depth == 8 && rows.begin(RowKind::Interleaved(layout))?;
        Ok(Self { raster, rows: if is_taken { Some(rows) } else { None } })
    }

    /// Ends the samples.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(super) fn finish(self) -> Result<Pixels, WorkError> {
        match self.rows {
            Some(rows) => {
                self.raster.finish_rows(|samples| rows.take(0, bytes(samples)?))?;
                Ok(Pixels::Delivered)
            }
            None => Ok(Pixels::ReducedInterleaved(self.raster.finish()?)),
        }
    }
}

impl RowSink for ReducedRaster<'_> {
    fn take_rows(&mut self, plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<(), WorkError> {
        self.raster.take_rows(plane, rows, stride)?;
        match &mut self.rows {
            Some(rows) => self.raster.take_finished(|samples| rows.take(0, bytes(samples)?)),
            None => Ok(()),
        }
    }
}

fn bytes(samples: SampleSlice<'_>) -> Result<&[u8], WorkError> {
    match samples {
        SampleSlice::U8(samples) => Ok(samples),
        SampleSlice::U16(_) => Err(WorkError::internal("rows of another depth than announced")),
    }
}
