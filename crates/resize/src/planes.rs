//! Reduces Y′CbCr planes: whole ones, or row by row while they are decoded.

use image_ingest_samples::{
    Chroma, CpuTimer, Matrix, Planes, Range, Rect, RowSink, SampleSlice, Samples, Siting, Size, WorkError,
};

use crate::reducer::AnyReducer;
use crate::reduction::{ChromaGrid, Reduction};
use crate::result::Result;
use crate::whole::reduce;

/// What planes are before they are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanesFormat {
    /// Width and height of the luma plane.
    pub size: Size,
    /// 8–16; rows are [`SampleSlice::U8`] exactly when it is 8.
    pub bit_depth: u8,
    /// Horizontal and vertical subsampling factors of chroma, each 1, 2 or 4; `None` for luma alone.
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
/// Planes 0, 1 and 2 of [`RowSink`] are luma, Cb and Cr. Their rows may come in any order among each other.
pub struct PlanesReducer {
    format: PlanesFormat,
    target: Size,
    grid: ChromaGrid,
    planes: Vec<AnyReducer>,
}

impl PlanesReducer {
    /// For planes of which `crop`, in luma samples, becomes `target`. Chroma is reduced straight to `grid`.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when the crop leaves the picture.
    pub fn new(format: PlanesFormat, crop: Rect, target: Size, grid: ChromaGrid) -> Result<Self> {
        let mut reductions = vec![Reduction::luma(format.size, crop, target)?];
        if let Some(subsampling) = format.subsampling {
            reductions.extend([Reduction::chroma(format.size, subsampling, format.siting, crop, target, grid)?; 2]);
        }
        let planes = reductions.into_iter().map(|reduction| AnyReducer::new(reduction, format.bit_depth));
        Ok(Self { format, target, grid, planes: planes.collect::<Result<_>>()? })
    }

    /// The reduced planes; chroma is centred.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when rows are missing.
    pub fn finish(self) -> Result<Planes> {
        let Self { format: PlanesFormat { bit_depth, range, matrix, .. }, target, grid, planes } = self;
        let mut planes = planes.into_iter().map(AnyReducer::finish);
        let luma = planes.next().unwrap_or_else(|| Err(WorkError::internal("a reducer without luma")))?;
        let chroma = match (planes.next(), planes.next()) {
            (Some(cb), Some(cr)) => Some(reduced_chroma(cb?, cr?, grid)),
            _ => None,
        };
        Planes { size: target, bit_depth, luma, chroma, range, matrix }.checked()
    }
}

impl RowSink for PlanesReducer {
    fn take_rows(&mut self, plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<()> {
        let missing = || WorkError::internal("rows of a plane that the picture does not have");
        self.planes.get_mut(plane).ok_or_else(missing)?.take_rows(rows, stride)
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
