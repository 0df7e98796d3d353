//! Decoded samples on their way from a codec to the canonical image.

use image_ingest_samples::{Layout, Matrix, Planes, Range, Raster, WorkError};

use crate::error::Result;

/// What a codec gives: planes or interleaved samples, as stored or already reduced.
///
/// The plan asks for a scale that a codec may not have; this value says what the codec did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pixels {
    /// Y′CbCr planes, or a luma plane alone.
    #[cfg_attr(not(feature = "heic"), expect(dead_code, reason = "all others are reduced as they are decoded"))]
    Ycbcr(Planes),
    /// Interleaved samples.
    Interleaved(Raster),
    /// Planes that the codec cropped and reduced to the plan's target, chroma to the grid that the plan names.
    ReducedYcbcr(Planes),
    /// Interleaved samples that the codec cropped and reduced to the plan's target.
    ReducedInterleaved(Raster),
    /// None: the reduced rows went to [`CanonicalRows`] while they were decoded.
    Delivered,
}

/// Takes the rows of the canonical image while a codec makes them, where nothing is left to do that needs more than a few
/// rows.
pub(crate) trait CanonicalRows {
    /// Says which rows will come, cropped and reduced to the plan's target, from the top. Where the answer is `false`, none
    /// may come: the codec keeps them and gives them as [`Pixels`].
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal`.
    fn begin(&mut self, kind: RowKind) -> Result<bool>;

    /// Takes the next rows of a plane, tight; how those of different planes alternate does not matter.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    fn take(&mut self, plane: usize, rows: &[u8]) -> Result<(), WorkError>;
}

/// What a codec's rows of 8 bits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// Planes 0, 1 and 2 are luma, Cb and Cr, whose chroma is centred and lies on the grid that the plan names; or luma
    /// alone.
    Ycbcr { has_chroma: bool, range: Range, matrix: Matrix },
    /// Plane 0 has interleaved samples.
    Interleaved(Layout),
}

/// Takes no rows: every codec keeps what it makes.
pub(crate) struct KeepPixels;

impl CanonicalRows for KeepPixels {
    fn begin(&mut self, _: RowKind) -> Result<bool> {
        Ok(false)
    }

    fn take(&mut self, _: usize, _: &[u8]) -> Result<(), WorkError> {
        Err(WorkError::internal("rows that nobody takes"))
    }
}
