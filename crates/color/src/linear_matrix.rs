//! Matrices other than that of Y′CbCr that lead to signals of red, green and blue by sums of products (ITU-T H.273,
//! 8.3): YCgCo, also by lifting, and Y′D′zD′x.
//!
//! Coefficients are integers with 20 bits of fraction and hold the scale of the range. They are below 2^30 and samples
//! below 2^16, so a sum of three products is far from the end of 64 bits.

use image_ingest_samples::Range;

use crate::plane_scale::{PlaneCoding, PlaneScale};

/// Rows for red, green and blue, each with the factors of luma, Cb and Cr.
pub(crate) struct LinearMatrix {
    scale: PlaneScale,
    rows: [[i64; 3]; 3],
}

impl LinearMatrix {
    /// YCgCo: `R = Y − Cg + Co`, `G = Y + Cg`, `B = Y − Cg − Co`.
    ///
    /// H.273 quantises red, green and blue first, so chroma has the steps of luma.
    pub(crate) fn ycgco(coding: PlaneCoding) -> Self {
        let scale = PlaneScale::of(coding);
        let step = scale.white / scale.luma_span;
        Self::new(scale, [[step, -step, step], [step, step, 0.0], [step, -step, -step]])
    }

    /// SMPTE ST 2085: `E′PB = (0.986566 E′B − E′Y) / 2`, `E′PR = (E′R − 0.991902 E′Y) / 2`, and green is luma.
    pub(crate) fn ydzdx(coding: PlaneCoding) -> Self {
        let scale = PlaneScale::of(coding);
        let (luma, chroma) = (scale.white / scale.luma_span, scale.white / scale.chroma_span);
        let rows = [
            [0.991_902 * luma, 0.0, 2.0 * chroma],
            [luma, 0.0, 0.0],
            [luma / 0.986_566, 2.0 * chroma / 0.986_566, 0.0],
        ];
        Self::new(scale, rows)
    }

    #[expect(clippy::cast_possible_truncation, reason = "coefficients are below 2^30 by construction")]
    fn new(scale: PlaneScale, rows: [[f64; 3]; 3]) -> Self {
        Self { scale, rows: rows.map(|row| row.map(|v| (v * ONE + 0.5).floor() as i64)) }
    }

    /// Red, green and blue of a pixel, not clamped.
    pub(crate) fn rgb(&self, [y, cb, cr]: [i64; 3]) -> [i64; 3] {
        let (y, cb, cr) = (y - self.scale.luma_low, cb - self.scale.chroma_zero, cr - self.scale.chroma_zero);
        self.rows.map(|[of_y, of_cb, of_cr]| (y * of_y + cb * of_cb + cr * of_cr + HALF) >> FRACTION_BITS)
    }
}

/// YCgCo-Re and YCgCo-Ro: RGB of fewer bits, by lifting.
pub(crate) struct LiftedYcgco {
    chroma_zero: i64,
    /// The sample of black in RGB, and the factor to the raster's scale.
    low: i64,
    factor: i64,
}

impl LiftedYcgco {
    /// `extra_bits` is how many bits more than RGB the planes have.
    #[expect(clippy::cast_possible_truncation, reason = "below 2^30")]
    pub(crate) fn new(coding: PlaneCoding, extra_bits: u8) -> Self {
        let whole = PlaneScale::new(coding.bit_depth, Range::Full);
        let rgb = PlaneScale::new(coding.bit_depth.saturating_sub(extra_bits), coding.range);
        let factor = (whole.white / rgb.luma_span * ONE + 0.5) as i64;
        Self { chroma_zero: whole.chroma_zero, low: rgb.luma_low, factor }
    }

    /// Red, green and blue of a pixel, not clamped. Shifts round down, as those of the encoder did.
    pub(crate) fn rgb(&self, [y, cg, co]: [i64; 3]) -> [i64; 3] {
        let (cg, co) = (cg - self.chroma_zero, co - self.chroma_zero);
        let t = y - (cg >> 1);
        let blue = t - (co >> 1);
        [blue + co, cg + t, blue].map(|v| ((v - self.low) * self.factor + HALF) >> FRACTION_BITS)
    }
}

const FRACTION_BITS: u32 = 20;
const ONE: f64 = (1u32 << FRACTION_BITS) as f64;
const HALF: i64 = 1 << (FRACTION_BITS - 1);

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_possible_truncation, reason = "the tests' numbers are small")]

    use image_ingest_samples::Matrix;

    use super::*;

    fn coding(bit_depth: u8, range: Range, matrix: Matrix) -> PlaneCoding {
        PlaneCoding { bit_depth, range, matrix }
    }

    /// Every fifth level of each channel.
    fn colors(most: i64) -> impl Iterator<Item = [i64; 3]> {
        let levels = move || (0..=most).step_by(5);
        levels().flat_map(move |r| levels().flat_map(move |g| levels().map(move |b| [r, g, b])))
    }

    /// H.273, 8.3: `Y = G/2 + (R + B)/4`, `Cg = G/2 − (R + B)/4`, `Co = (R − B)/2`, each rounded.
    #[test]
    fn ycgco_is_what_the_standard_makes_of_rgb() {
        for (range, low, span) in [(Range::Full, 0.0, 255.0), (Range::Limited, 16.0, 219.0)] {
            let matrix = LinearMatrix::ycgco(coding(8, range, Matrix::Ycgco));
            for [r, g, b] in colors(255) {
                let [r_, g_, b_] = [r, g, b].map(|v| (v as f64 * span / 255.0 + low).round());
                let y = (0.5 * g_ + 0.25 * (r_ + b_)).round() as i64;
                let cg = (0.5 * g_ - 0.25 * (r_ + b_)).round() as i64 + 128;
                let co = (0.5 * (r_ - b_)).round() as i64 + 128;
                let found = matrix.rgb([y, cg, co]);
                let near = found.iter().zip([r, g, b]).all(|(f, w)| (f - w).abs() <= 2);
                assert!(near, "{:?} became {found:?}", [r, g, b]);
            }
        }
    }

    #[test]
    fn ydzdx_is_what_the_standard_makes_of_rgb() {
        let matrix = LinearMatrix::ydzdx(coding(10, Range::Limited, Matrix::Ydzdx));
        for rgb in colors(255) {
            let [r, g, b] = rgb.map(|v| v as f64 / 255.0);
            let (pb, pr) = ((0.986_566 * b - g) / 2.0, (r - 0.991_902 * g) / 2.0);
            let chroma = |v: f64| (4.0 * (224.0 * v + 128.0)).round() as i64;
            let found = matrix.rgb([(4.0 * (219.0 * g + 16.0)).round() as i64, chroma(pb), chroma(pr)]);
            let near = found.iter().zip(rgb).all(|(f, w)| (f - w * 257).abs() <= 150);
            assert!(near, "{rgb:?} became {found:?}");
        }
    }

    /// The encoder's lifting: `Co = R − B`, `t = B + (Co >> 1)`, `Cg = G − t`, `Y = t + (Cg >> 1)`.
    #[test]
    fn lifted_ycgco_loses_nothing() {
        for (bit_depth, extra_bits) in [(10, 2), (9, 1)] {
            let matrix =
                LiftedYcgco::new(coding(bit_depth, Range::Full, Matrix::YcgcoLifted { extra_bits }), extra_bits);
            for [r, g, b] in colors(255) {
                let co = r - b;
                let t = b + (co >> 1);
                let cg = g - t;
                let zero = 1 << (bit_depth - 1);
                let found = matrix.rgb([t + (cg >> 1), cg + zero, co + zero]);
                assert_eq!(found, [r, g, b].map(|v| v * 257));
            }
        }
    }
}
