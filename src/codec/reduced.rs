//! Reduces the rows of a decoder, and hands on at once what is reduced.

use image_ingest_color::PlaneCoding;
use image_ingest_resize::{PlanesFormat, PlanesReducer, RasterReducer};
use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleRows, WorkError};

use crate::error::Result;
use crate::pixels::{ReducedRows, RowKind};

/// Planes on their way.
pub(super) struct ReducedPlanes<'r> {
    planes: PlanesReducer,
    rows: &'r mut dyn ReducedRows,
}

impl<'r> ReducedPlanes<'r> {
    /// For a reducer of planes of this format.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    pub(super) fn new(planes: PlanesReducer, format: &PlanesFormat, rows: &'r mut dyn ReducedRows) -> Result<Self> {
        let PlanesFormat { bit_depth, subsampling, range, matrix, .. } = *format;
        let coding = PlaneCoding { bit_depth, range, matrix };
        rows.begin(RowKind::Ycbcr { coding, has_chroma: subsampling.is_some() })?;
        Ok(Self { planes, rows })
    }

    /// Ends the planes.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(super) fn finish(self, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.planes.finish_rows(timer, |plane, samples| self.rows.take(plane, samples))
    }
}

impl RowSink for ReducedPlanes<'_> {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.planes.take_rows(plane, rows, timer)?;
        self.planes.take_finished(plane, |samples| self.rows.take(plane, samples))
    }
}

/// Interleaved samples on their way.
pub(super) struct ReducedRaster<'r> {
    raster: RasterReducer,
    rows: &'r mut dyn ReducedRows,
}

impl<'r> ReducedRaster<'r> {
    /// For samples of this size and layout, of 8 bits or of more, of which the plan's crop becomes its target.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    pub(super) fn new(
        raster: RasterReducer,
        layout: Layout,
        is_deep: bool,
        rows: &'r mut dyn ReducedRows,
    ) -> Result<Self> {
        rows.begin(RowKind::Interleaved { layout, is_deep })?;
        Ok(Self { raster, rows })
    }

    /// Ends the samples.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(super) fn finish(self, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.raster.finish_rows(timer, |samples| self.rows.take(0, samples))
    }
}

impl RowSink for ReducedRaster<'_> {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.raster.take_rows(plane, rows, timer)?;
        self.raster.take_finished(|samples| self.rows.take(0, samples))
    }
}
