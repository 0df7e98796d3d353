//! Matrices that need light: constant luminance and ICtCp (ITU-T H.273, 8.3; BT.2020; BT.2100).
//!
//! Pixels meet `f32` additions, multiplications and divisions in a fixed order, which IEEE 754 fixes to the bit, and
//! tables of the transfer function.

use image_ingest_samples::CpuTimer;

use crate::described::primaries;
use crate::light_table::LightTables;
use crate::matrix::{BT709, Matrix3};
use crate::plane_scale::{PlaneCoding, PlaneScale};
use crate::result::Result;
use crate::transfer_function::{HLG, PQ, TransferFunction};

/// Y′ is the signal of luminance, and chroma the difference of blue and of red from it.
pub(crate) struct ConstantLuminance {
    scale: PlaneScale,
    tables: LightTables,
    /// The luminance of red, green and blue.
    weights: [f32; 3],
    /// The chroma span for a negative difference and for a positive one: of blue, then of red.
    spans: [[f32; 2]; 2],
}

impl ConstantLuminance {
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    #[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds")]
    pub(crate) fn new(coding: PlaneCoding, (points, transfer): (u16, u16), timer: &CpuTimer<'_>) -> Result<Self> {
        let function = TransferFunction::of(transfer);
        let weights = weights(points);
        // The differences of blue and red from Y′ where they are least and most: from 1 − kb light without blue to kb
        // light of blue alone.
        let spans = [weights[2], weights[0]]
            .map(|weight| [2.0 * function.signal(1.0 - weight), 2.0 * (1.0 - function.signal(weight))])
            .map(|spans| spans.map(|v| v as f32));
        let weights = weights.map(|v| v as f32);
        Ok(Self { scale: PlaneScale::of(coding), tables: LightTables::new(function, timer)?, weights, spans })
    }

    /// Red, green and blue of a pixel, not clamped.
    pub(crate) fn rgb(&self, ycbcr: [i64; 3]) -> [i64; 3] {
        let [y, cb, cr] = self.scale.signals(ycbcr);
        let difference = |chroma: f32, [low, high]: [f32; 2]| chroma * if chroma <= 0.0 { low } else { high };
        let (blue, red) = (y + difference(cb, self.spans[0]), y + difference(cr, self.spans[1]));
        let [of_red, of_green, of_blue] = self.weights;
        let rest = self.tables.light(y) - of_red * self.tables.light(red) - of_blue * self.tables.light(blue);
        self.scale.samples([red, self.tables.signal(rest / of_green), blue])
    }
}

/// ICtCp: I, Ct in the plane of Cb, Cp in that of Cr.
pub(crate) struct Ictcp {
    scale: PlaneScale,
    tables: LightTables,
    /// From I, Ct, Cp to signals of L, M, S.
    to_lms: [[f32; 3]; 3],
    /// From light of L, M, S to light of red, green and blue of BT.2020.
    to_rgb: [[f32; 3]; 3],
}

impl Ictcp {
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(coding: PlaneCoding, hlg: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let (function, from_lms) = if hlg { (HLG, HLG_FROM_LMS) } else { (PQ, PQ_FROM_LMS) };
        Ok(Self {
            scale: PlaneScale::of(coding),
            tables: LightTables::new(TransferFunction::of(function), timer)?,
            to_lms: inverse_of_4096ths(from_lms),
            to_rgb: inverse_of_4096ths(LMS_FROM_RGB),
        })
    }

    /// Red, green and blue of a pixel, not clamped.
    pub(crate) fn rgb(&self, ictcp: [i64; 3]) -> [i64; 3] {
        let lms = times(&self.to_lms, self.scale.signals(ictcp)).map(|signal| self.tables.light(signal));
        self.scale.samples(times(&self.to_rgb, lms).map(|light| self.tables.signal(light)))
    }
}

/// The luminance of the primaries of a code of H.273, table 2; of BT.709 where the code names none.
pub(crate) fn weights(code: u16) -> [f64; 3] {
    let known = primaries(code).and_then(Matrix3::luminance).filter(|weights| weights.iter().all(|&v| v > 0.0));
    known.or_else(|| Matrix3::luminance(BT709)).unwrap_or([0.2126, 0.7152, 0.0722])
}

/// The inverse of a matrix of 4096ths, as H.273 states those of ICtCp.
#[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds")]
fn inverse_of_4096ths(rows: [[i16; 3]; 3]) -> [[f32; 3]; 3] {
    let inverse = Matrix3(rows.map(|row| row.map(|v| f64::from(v) / 4096.0))).inverse();
    inverse.unwrap_or(Matrix3::IDENTITY).0.map(|row| row.map(|v| v as f32))
}

fn times(rows: &[[f32; 3]; 3], v: [f32; 3]) -> [f32; 3] {
    rows.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

const LMS_FROM_RGB: [[i16; 3]; 3] = [[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]];
const PQ_FROM_LMS: [[i16; 3]; 3] = [[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]];
const HLG_FROM_LMS: [[i16; 3]; 3] = [[2048, 2048, 0], [3625, -7465, 3840], [9500, -9212, -288]];

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_possible_truncation, reason = "the tests' numbers are small")]

    use image_ingest_samples::{Matrix, Range};

    use super::*;

    fn coding(matrix: Matrix) -> PlaneCoding {
        PlaneCoding { bit_depth: 16, range: Range::Limited, matrix }
    }

    /// 16 bits, limited range.
    fn sampled([y, cb, cr]: [f64; 3]) -> [i64; 3] {
        let chroma = |v: f64| (256.0 * (224.0 * v + 128.0)).round() as i64;
        [(256.0 * (219.0 * y + 16.0)).round() as i64, chroma(cb), chroma(cr)]
    }

    fn colors() -> impl Iterator<Item = [f64; 3]> {
        let levels = || (0..=8).map(|v| f64::from(v) / 8.0);
        levels().flat_map(move |r| levels().flat_map(move |g| levels().map(move |b| [r, g, b])))
    }

    fn near(found: [i64; 3], wanted: [f64; 3], tolerance: i64) {
        let wanted_samples = wanted.map(|v| (v * 65_535.0).round() as i64);
        let near = found.iter().zip(wanted_samples).all(|(f, w)| (f - w).abs() <= tolerance);
        assert!(near, "{wanted:?} became {found:?}, not {wanted_samples:?}");
    }

    /// BT.2020, table 4: −0.9702, 0.7910, −0.8591 and 0.4969 are the differences at their ends.
    #[test]
    fn bt2020_has_the_chroma_spans_of_its_table() {
        let constant = ConstantLuminance::new(
            coding(Matrix::ConstantLuminance { primaries: 9, transfer: 14 }),
            (9, 14),
            &CpuTimer::default(),
        )
        .unwrap();
        let wanted = [[1.9404, 1.5816], [1.7184, 0.9936]];
        for (found, wanted) in constant.spans.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((found - wanted).abs() < 0.001, "{:?}", constant.spans);
        }
    }

    #[test]
    fn constant_luminance_is_what_the_standard_makes_of_rgb() {
        for transfer in [1, 13, 14, 16] {
            let matrix = Matrix::ConstantLuminance { primaries: 9, transfer };
            let constant = ConstantLuminance::new(coding(matrix), (9, transfer), &CpuTimer::default()).unwrap();
            let function = TransferFunction::of(transfer);
            for [r, g, b] in colors() {
                let [kr, kg, kb] = weights(9);
                let y = function.signal(kr * function.light(r) + kg * function.light(g) + kb * function.light(b));
                let part = |difference: f64, weight: f64| {
                    let (low, high) = (function.signal(1.0 - weight), 1.0 - function.signal(weight));
                    difference / (2.0 * if difference <= 0.0 { low } else { high })
                };
                let found = constant.rgb(sampled([y, part(b - y, kb), part(r - y, kr)]));
                near([found[0], found[2], 0], [r, b, 0.0], 4);
                // Green is what is left of luminance: little of it beside much of the others is not well known.
                if g >= 0.25 {
                    near([found[1], 0, 0], [g, 0.0, 0.0], 300);
                }
            }
        }
    }

    #[test]
    fn ictcp_is_what_the_standard_makes_of_rgb() {
        for hlg in [false, true] {
            let ictcp = Ictcp::new(coding(Matrix::Ictcp { hlg }), hlg, &CpuTimer::default()).unwrap();
            let function = TransferFunction::of(if hlg { HLG } else { PQ });
            let from_lms = if hlg { HLG_FROM_LMS } else { PQ_FROM_LMS };
            let matrix = |rows: [[i16; 3]; 3]| Matrix3(rows.map(|row| row.map(|v| f64::from(v) / 4096.0)));
            for rgb in colors() {
                let lms = matrix(LMS_FROM_RGB).times(rgb.map(|v| function.light(v))).map(|v| function.signal(v));
                let found = ictcp.rgb(sampled(matrix(from_lms).times(lms)));
                // Little light of one primary beside much of another is not well known.
                if rgb.iter().all(|&v| v >= 0.5) {
                    near(found, rgb, 257);
                }
            }
        }
    }

    #[test]
    fn gray_stays_gray() {
        let timer = CpuTimer::default();
        let constant =
            ConstantLuminance::new(coding(Matrix::ConstantLuminance { primaries: 1, transfer: 1 }), (1, 1), &timer)
                .unwrap();
        let ictcp = Ictcp::new(coding(Matrix::Ictcp { hlg: false }), false, &timer).unwrap();
        for level in (0..=16).map(|v| f64::from(v) / 16.0) {
            near(constant.rgb(sampled([level, 0.0, 0.0])), [level; 3], 12);
            near(ictcp.rgb(sampled([level, 0.0, 0.0])), [level; 3], 16);
        }
    }

    #[test]
    fn primaries_that_say_nothing_are_those_of_bt709() {
        for code in [2, 3, 99] {
            assert_eq!(weights(code), weights(1));
        }
    }
}
