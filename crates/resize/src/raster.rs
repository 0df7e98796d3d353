//! Reduces interleaved samples: whole rasters, or row by row while they are decoded.

use image_ingest_samples::{
    CpuTimer, Layout, Orientation, Raster, Rect, RowSink, SampleRows, SampleSlice, Samples, Size, WorkError,
};

use crate::reducer::{AnyReducer, reduce};
use crate::reduction::Reduction;
use crate::result::Result;

/// Reduces interleaved samples while they are decoded. They are plane 0 of [`RowSink`].
///
/// Alpha is premultiplied for the filter and divided out again.
///
/// ```
/// use image_ingest_resize::RasterReducer;
/// use image_ingest_samples::{CpuTimer, Layout, Rect, RowSink, SampleRows, SampleSlice, Samples, Size};
///
/// let crop = Rect { left: 2, top: 0, size: Size::new(2, 2) };
/// let mut reducer = RasterReducer::new(Size::new(4, 2), Layout::Rgb, 8, crop, Size::new(1, 1))?;
/// let row = [[0; 6], [200; 6]].concat();
/// reducer.take_rows(0, SampleRows::u8(&[row.clone(), row].concat(), 12), &CpuTimer::default())?;
/// assert_eq!(reducer.finish(&CpuTimer::default())?.samples, Samples::U8(vec![200; 3]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct RasterReducer {
    layout: Layout,
    /// The size of the result, as its rows lie.
    target: Size,
    reducer: AnyReducer,
}

impl RasterReducer {
    /// A reducer of a raster of `size`, of which `crop` becomes `target`. Rows are [`SampleSlice::U8`] exactly when
    /// `bit_depth` is at most 8.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when the crop leaves the picture.
    pub fn new(size: Size, layout: Layout, bit_depth: u8, crop: Rect, target: Size) -> Result<Self> {
        Self::turned(Orientation::Upright, size, layout, bit_depth, crop, target)
    }

    /// A reducer of a raster that is stored otherwise: rows come as they are stored, and so do the reduced ones. All else is
    /// stated for the upright picture, and what the reduced rows show is that of its rows.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn turned(
        orientation: Orientation,
        size: Size,
        layout: Layout,
        bit_depth: u8,
        crop: Rect,
        target: Size,
    ) -> Result<Self> {
        let reduction = Reduction::raster(size, layout, crop, target)?.stored_as(orientation);
        let reducer = AnyReducer::new(reduction, bit_depth)?;
        let target = if orientation.swaps_axes() { target.transposed() } else { target };
        Ok(Self { layout, target, reducer })
    }

    /// Gives the finished rows to `take`, tight, and forgets them. Nothing is given where none is finished.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn take_finished(&mut self, take: impl FnOnce(SampleSlice<'_>) -> Result<()>) -> Result<()> {
        self.reducer.take_finished(take)
    }

    /// Ends the raster and gives the rows that were not taken to `take`.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`]; those of `take`.
    pub fn finish_rows(self, timer: &CpuTimer<'_>, take: impl FnOnce(SampleSlice<'_>) -> Result<()>) -> Result<()> {
        match self.reducer.finish(timer)? {
            Samples::U8(rows) => take(SampleSlice::U8(&rows)),
            Samples::U16(rows) => take(SampleSlice::U16(&rows)),
        }
    }

    /// Ends the raster and returns it reduced.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when rows are
    /// missing, or were taken.
    pub fn finish(self, timer: &CpuTimer<'_>) -> Result<Raster> {
        Raster::new(self.target, self.layout, self.reducer.finish(timer)?)
    }
}

impl RowSink for RasterReducer {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<()> {
        if plane > 0 {
            return Err(WorkError::internal("rows of a plane that the picture does not have"));
        }
        self.reducer.take_rows(rows, timer)
    }
}

/// Reduces the `crop` of a raster to `target`, as [`RasterReducer`] does.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when the crop
/// leaves the picture.
pub fn reduce_raster(raster: Raster, crop: Rect, target: Size, timer: &CpuTimer<'_>) -> Result<Raster> {
    let Raster { size, layout, samples } = raster;
    Raster::new(target, layout, reduce(Reduction::raster(size, layout, crop, target)?, samples, timer)?)
}
