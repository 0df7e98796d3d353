//! What the samples of planes stand for (ITU-T H.273, 8.3, `VideoFullRangeFlag`).

use image_ingest_samples::{Matrix, Planes, Range};

/// What the samples of planes stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneCoding {
    /// Bits of a sample, 8–16.
    pub bit_depth: u8,
    /// How sample values map to signal values.
    pub range: Range,
    /// The matrix coefficients.
    pub matrix: Matrix,
}

impl From<&Planes> for PlaneCoding {
    fn from(planes: &Planes) -> Self {
        Self { bit_depth: planes.bit_depth, range: planes.range, matrix: planes.matrix }
    }
}

/// The scale of planes: which samples are black, white and neutral, and what white becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PlaneScale {
    /// The luma sample of black.
    pub(crate) luma_low: i64,
    /// From black to white.
    pub(crate) luma_span: f64,
    /// The chroma sample of gray.
    pub(crate) chroma_zero: i64,
    /// From the least chroma to the most.
    pub(crate) chroma_span: f64,
    /// The sample of white in a raster of these planes: 255 at 8 bits, 65 535 at more.
    pub(crate) white: f64,
}

impl PlaneScale {
    pub(crate) fn of(coding: PlaneCoding) -> Self {
        Self::new(coding.bit_depth.clamp(8, 16), coding.range)
    }

    /// Of 1–16 bits. Below 8 bits, the steps of limited range are parts of a sample, and black is rounded down.
    #[expect(clippy::cast_possible_truncation, reason = "at most 4096")]
    pub(crate) fn new(bit_depth: u8, range: Range) -> Self {
        let depth = u32::from(bit_depth.clamp(1, 16));
        let values = f64::from(1u32 << depth);
        let step = values / 256.0;
        let (low, luma_span, chroma_span) = match range {
            Range::Full => (0.0, values - 1.0, values - 1.0),
            Range::Limited => (16.0 * step, 219.0 * step, 224.0 * step),
        };
        let white = if depth <= 8 { 255.0 } else { 65_535.0 };
        Self { luma_low: low as i64, luma_span, chroma_zero: 1 << (depth - 1), chroma_span, white }
    }

    /// Luma as a signal of 0–1 and chroma of ±1/2. Samples beyond the range give signals beyond it.
    #[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds")]
    pub(crate) fn signals(&self, [y, cb, cr]: [i64; 3]) -> [f32; 3] {
        let chroma = |v: i64| ((v - self.chroma_zero) as f64 / self.chroma_span) as f32;
        [((y - self.luma_low) as f64 / self.luma_span) as f32, chroma(cb), chroma(cr)]
    }

    /// The samples of signals in a raster, not clamped.
    #[expect(clippy::cast_possible_truncation, reason = "within ±2^17; a conversion saturates")]
    pub(crate) fn samples(&self, signals: [f32; 3]) -> [i64; 3] {
        signals.map(|v| (f64::from(v) * self.white + 0.5).floor() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H.273, 8.3: 16, 235, 128, 240 at 8 bits, and four times these at 10.
    #[test]
    fn black_white_and_neutral_are_those_of_the_standard() {
        for (depth, factor) in [(8, 1), (10, 4), (16, 256)] {
            let scale = PlaneScale::new(depth, Range::Limited);
            assert_eq!(scale.signals([16 * factor, 128 * factor, 240 * factor]), [0.0, 0.0, 0.5]);
            assert_eq!(scale.signals([235 * factor, 16 * factor, 128 * factor]), [1.0, -0.5, 0.0]);
        }
        let full = PlaneScale::new(8, Range::Full);
        assert_eq!(full.signals([255, 128, 128]), [1.0, 0.0, 0.0]);
        assert_eq!(full.samples([0.0, 0.5, 1.0]), [0, 128, 255]);
        assert_eq!(PlaneScale::new(10, Range::Full).samples([1.0, -0.1, 2.0]), [65_535, -6_554, 131_070]);
    }
}
