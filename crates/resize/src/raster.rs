//! Reduces interleaved samples: whole rasters, or row by row while they are decoded.

use image_ingest_samples::{CpuTimer, Layout, Raster, Rect, RowSink, SampleSlice, Size, WorkError};

use crate::reducer::AnyReducer;
use crate::reduction::Reduction;
use crate::result::Result;
use crate::whole::reduce;

/// Reduces interleaved samples while they are decoded; they are plane 0 of [`RowSink`].
///
/// Alpha is premultiplied for the filter and divided out again.
pub struct RasterReducer {
    layout: Layout,
    target: Size,
    reducer: AnyReducer,
}

impl RasterReducer {
    /// For a raster of `size`, of which `crop` becomes `target`. Rows are [`SampleSlice::U8`] exactly when `bit_depth` is at
    /// most 8.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when the crop leaves the picture.
    pub fn new(size: Size, layout: Layout, bit_depth: u8, crop: Rect, target: Size) -> Result<Self> {
        let reducer = AnyReducer::new(Reduction::raster(size, layout, crop, target)?, bit_depth)?;
        Ok(Self { layout, target, reducer })
    }

    /// The reduced raster.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when rows are missing.
    pub fn finish(self) -> Result<Raster> {
        Raster::new(self.target, self.layout, self.reducer.finish()?)
    }
}

impl RowSink for RasterReducer {
    fn take_rows(&mut self, plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<()> {
        if plane > 0 {
            return Err(WorkError::internal("rows of a plane that the picture does not have"));
        }
        self.reducer.take_rows(rows, stride)
    }
}

/// Reduces the `crop` of a raster to `target`; alpha is premultiplied for the filter and divided out again.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when the crop
/// leaves the picture.
pub fn reduce_raster(raster: Raster, crop: Rect, target: Size, timer: &CpuTimer<'_>) -> Result<Raster> {
    let Raster { size, layout, samples } = raster;
    Raster::new(target, layout, reduce(Reduction::raster(size, layout, crop, target)?, samples, timer)?)
}
