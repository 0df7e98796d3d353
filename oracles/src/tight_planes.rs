//! The samples of a picture without padding, to compare and to hash.

use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};

/// Planes of 8 bits, or one of interleaved samples, by rows without padding.
#[derive(PartialEq)]
pub struct TightPlanes {
    pub widths: Vec<usize>,
    pub planes: Vec<Vec<u8>>,
}

impl RowSink for TightPlanes {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.add(plane, rows.bytes()?, rows.stride);
        Ok(())
    }
}

impl TightPlanes {
    /// Empty planes whose rows have so many samples.
    #[must_use]
    pub fn of(widths: Vec<usize>) -> Self {
        Self { planes: vec![Vec::new(); widths.len()], widths }
    }

    /// Adds rows, `stride` samples from one to the next.
    pub fn add(&mut self, plane: usize, rows: &[u8], stride: usize) {
        let width = self.widths[plane];
        rows.chunks(stride).for_each(|row| self.planes[plane].extend_from_slice(&row[..width]));
    }

    /// FNV-1a of all planes.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let samples = self.planes.iter().flatten();
        samples.fold(0xCBF2_9CE4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3))
    }

    /// The first sample that differs, in words.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> String {
        for (plane, (a, b)) in self.planes.iter().zip(&other.planes).enumerate() {
            if a.len() != b.len() {
                return format!("plane {plane} has {} and {} samples", a.len(), b.len());
            }
            if let Some(at) = a.iter().zip(b).position(|(a, b)| a != b) {
                let (x, y) = (at % self.widths[plane], at / self.widths[plane]);
                return format!("plane {plane} at {x}, {y}: {} and {}", a[at], b[at]);
            }
        }
        format!("{} and {} planes", self.planes.len(), other.planes.len())
    }
}
