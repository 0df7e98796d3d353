//! Keeps the canonical image whole.

use image_ingest_samples::{CpuTimer, Orientation, Size, WorkError, chroma_size, reserve_exact, sample_count};

use crate::canonical::{Canonical, CanonicalSamples};
use crate::sink::{CanonicalKind, CanonicalSink};

/// The rows of a canonical image.
#[derive(Default)]
pub struct CanonicalBuffer {
    of: Option<(CanonicalKind, Size)>,
    planes: [Vec<u8>; 3],
}

impl CanonicalBuffer {
    /// The image, all of whose rows have come.
    ///
    /// # Errors
    ///
    /// `internal` where rows are missing.
    pub fn finish(
        self,
        orientation: Orientation,
        alpha_composed: bool,
        scale_divisor: u32,
    ) -> Result<Canonical, WorkError> {
        let missing = || WorkError::internal("canonical samples disagree with their size");
        let (kind, size) = self.of.ok_or_else(missing)?;
        let [first, cb, cr] = self.planes;
        let samples = match kind {
            CanonicalKind::Rgb => CanonicalSamples::Rgb(first),
            CanonicalKind::Gray => CanonicalSamples::Gray(first),
            CanonicalKind::Ycbcr420 => CanonicalSamples::Ycbcr420 { luma: first, cb, cr },
        };
        let canonical = Canonical::new(size, samples, alpha_composed, scale_divisor).ok_or_else(missing)?;
        Ok(Canonical { orientation, ..canonical })
    }
}

impl CanonicalSink for CanonicalBuffer {
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        let half = chroma_size(size, (2, 2));
        let planes: &[_] = match kind {
            CanonicalKind::Rgb => &[(size, 3)],
            CanonicalKind::Gray => &[(size, 1)],
            CanonicalKind::Ycbcr420 => &[(size, 1), (half, 1), (half, 1)],
        };
        for (plane, &(size, channels)) in self.planes.iter_mut().zip(planes) {
            let len = sample_count(size, channels).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?;
            reserve_exact(plane, len)?;
        }
        self.of = Some((kind, size));
        Ok(())
    }

    fn take(&mut self, plane: usize, rows: &[u8], _: &CpuTimer<'_>) -> Result<(), WorkError> {
        let plane = self.planes.get_mut(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))?;
        if plane.capacity() - plane.len() < rows.len() {
            return Err(WorkError::internal("more rows than the picture has"));
        }
        plane.extend_from_slice(rows);
        Ok(())
    }
}
