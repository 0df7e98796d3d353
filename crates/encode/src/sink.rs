//! Who takes canonical rows.

use image_ingest_samples::{CpuTimer, Size, WorkError};

/// What canonical samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanonicalKind {
    /// Plane 0 has interleaved red, green, blue.
    Rgb,
    /// Plane 0 has one component.
    Gray,
    /// Planes 0, 1 and 2 are those of [`CanonicalSamples::Ycbcr420`](crate::CanonicalSamples::Ycbcr420).
    Ycbcr420,
}

/// Takes the rows of the canonical image as they lie, from the top.
pub trait CanonicalSink: Send {
    /// Says which rows will come, of a picture of `size`.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal`.
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError>;

    /// Takes the next whole rows of a plane, tight; how those of different planes alternate does not matter.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError>;
}
