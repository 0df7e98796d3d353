//! Reduces Y′CbCr planes: whole ones, or row by row while they are decoded.
//!
//! Every plane is reduced by itself, straight from its stored grid to that of the target, whatever its subsampling.

use image_ingest_samples::{
    Chroma, CpuTimer, Matrix, Orientation, Planes, Range, Rect, RowSink, SampleRows, SampleSlice, Samples, Siting,
    Size, WorkError,
};

use crate::reducer::{AnyReducer, reduce};
use crate::reduction::{ChromaGrid, Reduction};
use crate::result::Result;

/// What the planes are that a [`PlanesReducer`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanesFormat {
    /// Width and height of the luma plane.
    pub size: Size,
    /// Bits of a sample, 8–16. Rows are [`SampleSlice::U8`] exactly when it is 8.
    pub bit_depth: u8,
    /// Horizontal and vertical subsampling factors of chroma, each 1, 2 or 4. `None` for luma alone.
    pub subsampling: Option<(u8, u8)>,
    /// Where chroma samples sit.
    pub siting: Siting,
    /// How sample values map to signal values.
    pub range: Range,
    /// The matrix coefficients.
    pub matrix: Matrix,
}

/// Reduces Y′CbCr planes while they are decoded.
///
/// Planes 0, 1 and 2 of [`RowSink`] are luma, Cb and Cr. Rows of one plane come from the top; how rows of different
/// planes alternate does not matter.
///
/// ```
/// use image_ingest_resize::{ChromaGrid, PlanesFormat, PlanesReducer};
/// use image_ingest_samples::{CpuTimer, Matrix, Range, Rect, RowSink, SampleRows, SampleSlice, Samples, Siting, Size};
///
/// let size = Size::new(8, 8);
/// let format = PlanesFormat {
///     size,
///     bit_depth: 8,
///     subsampling: Some((2, 2)),
///     siting: Siting::Centred,
///     range: Range::Full,
///     matrix: Matrix::Bt601,
/// };
/// let mut reducer = PlanesReducer::new(format, Rect::whole(size), Size::new(4, 4), ChromaGrid::Half)?;
/// reducer.take_rows(0, SampleRows::u8(&[90; 64], 8), &CpuTimer::default())?;
/// reducer.take_rows(1, SampleRows::u8(&[120; 16], 4), &CpuTimer::default())?;
/// reducer.take_rows(2, SampleRows::u8(&[140; 16], 4), &CpuTimer::default())?;
/// let planes = reducer.finish(&CpuTimer::default())?;
/// assert_eq!(planes.luma, Samples::U8(vec![90; 16]));
/// assert_eq!(planes.chroma.map(|chroma| chroma.cb), Some(Samples::U8(vec![120; 4])));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct PlanesReducer {
    format: PlanesFormat,
    /// The size of the result, as its rows lie.
    target: Size,
    grid: ChromaGrid,
    planes: Vec<AnyReducer>,
}

impl PlanesReducer {
    /// A reducer of planes of which `crop`, in luma samples, becomes `target`. Chroma is reduced straight to `grid`.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when the crop leaves the picture.
    pub fn new(format: PlanesFormat, crop: Rect, target: Size, grid: ChromaGrid) -> Result<Self> {
        Self::turned(Orientation::Upright, format, crop, target, grid)
    }

    /// A reducer of planes that are stored otherwise: rows come as they are stored, and so do the reduced ones. All else is
    /// stated for the upright picture, and what the reduced rows show is that of its rows.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn turned(
        orientation: Orientation,
        format: PlanesFormat,
        crop: Rect,
        target: Size,
        grid: ChromaGrid,
    ) -> Result<Self> {
        let reducer = |reduction: Reduction| AnyReducer::new(reduction.stored_as(orientation), format.bit_depth);
        let mut planes = vec![reducer(Reduction::luma(format.size, crop, target)?)?];
        if let Some(subsampling) = format.subsampling {
            let cb = reducer(Reduction::chroma(format.size, subsampling, format.siting, crop, target, grid)?)?;
            let cr = cb.beside()?;
            planes.extend([cb, cr]);
        }
        let target = if orientation.swaps_axes() { target.transposed() } else { target };
        Ok(Self { format, target, grid, planes })
    }

    /// Gives the finished rows of a plane to `take`, tight, and forgets them. Nothing is given where none is finished.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a plane that the picture does not have; those of `take`.
    pub fn take_finished(&mut self, plane: usize, take: impl FnOnce(SampleSlice<'_>) -> Result<()>) -> Result<()> {
        self.plane(plane)?.take_finished(take)
    }

    /// Ends the planes and gives the rows that were not taken to `take`, plane by plane.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`]; those of `take`.
    pub fn finish_rows(
        self,
        timer: &CpuTimer<'_>,
        mut take: impl FnMut(usize, SampleSlice<'_>) -> Result<()>,
    ) -> Result<()> {
        for (plane, reducer) in self.planes.into_iter().enumerate() {
            match reducer.finish(timer)? {
                Samples::U8(rows) => take(plane, SampleSlice::U8(&rows))?,
                Samples::U16(rows) => take(plane, SampleSlice::U16(&rows))?,
            }
        }
        Ok(())
    }

    fn plane(&mut self, plane: usize) -> Result<&mut AnyReducer> {
        let missing = || WorkError::internal("rows of a plane that the picture does not have");
        self.planes.get_mut(plane).ok_or_else(missing)
    }

    /// Ends the planes and returns them reduced; their chroma is centred.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when rows are
    /// missing, or were taken.
    pub fn finish(self, timer: &CpuTimer<'_>) -> Result<Planes> {
        let Self { format: PlanesFormat { bit_depth, range, matrix, .. }, target, grid, planes } = self;
        let mut planes = planes.into_iter().map(|plane| plane.finish(timer));
        let luma = planes.next().unwrap_or_else(|| Err(WorkError::internal("a reducer without luma")))?;
        let chroma = match (planes.next(), planes.next()) {
            (Some(cb), Some(cr)) => Some(reduced_chroma(cb?, cr?, grid)),
            _ => None,
        };
        Planes { size: target, bit_depth, luma, chroma, range, matrix }.checked()
    }
}

impl RowSink for PlanesReducer {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<()> {
        self.plane(plane)?.take_rows(rows, timer)
    }
}

fn reduced_chroma(cb: Samples, cr: Samples, grid: ChromaGrid) -> Chroma {
    Chroma { cb, cr, subsampling: (grid.factor(), grid.factor()), siting: Siting::Centred }
}

/// Reduces the `crop` of planes to `target`, every chroma subsampling and siting straight to `grid`.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] when the crop
/// leaves the picture.
pub fn reduce_planes(
    planes: Planes,
    crop: Rect,
    target: Size,
    grid: ChromaGrid,
    timer: &CpuTimer<'_>,
) -> Result<Planes> {
    let size = planes.size;
    let luma = reduce(Reduction::luma(size, crop, target)?, planes.luma, timer)?;
    let chroma = match planes.chroma {
        None => None,
        Some(Chroma { cb, cr, subsampling, siting }) => {
            let reduction = Reduction::chroma(size, subsampling, siting, crop, target, grid)?;
            let (cb, cr) = (reduce(reduction, cb, timer)?, reduce(reduction, cr, timer)?);
            Some(reduced_chroma(cb, cr, grid))
        }
    };
    Planes { size: target, luma, chroma, ..planes }.checked()
}
