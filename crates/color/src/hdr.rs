//! Tone-maps PQ and HLG to SDR sRGB (ITU-R BT.2100; reference white of 203 cd/m² by BT.2408).
//!
//! A pixel goes from code values to light in units of reference white, from its primaries to those of BT.709, and from
//! light to an sRGB code. In between its brightness is reduced by one gain for all three channels, so colours keep
//! their ratios: luminance up to half of reference white is kept, and above it a smooth knee leads the peak of the
//! format to white.
//!
//! Both curves are tables of 65 536 entries, made in `f64` with the pinned `libm`. Pixels meet `f32` additions,
//! multiplications and divisions in a fixed order, which IEEE 754 fixes to the bit. HLG needs one power for each pixel,
//! from `libm` too.

use libm::pow;

use image_ingest_samples::{Cicp, CpuTimer, zeroed};

use crate::result::Result;
use crate::transfer_function::{HLG, hlg_scene_light, pq_light};

/// The tables and numbers of one tone mapping.
pub(crate) struct ToneCurve {
    /// Light of each code value: for PQ in units of reference white, for HLG scene light of 0–1.
    light: Vec<f32>,
    /// The sRGB code of light of 0–1, in 65 535 steps.
    encoded: Vec<u8>,
    /// From the primaries of the picture to those of BT.709.
    primaries: [[f32; 3]; 3],
    /// The luminance of each primary of the picture.
    luminance: [f32; 3],
    /// The peak of the format, in units of reference white.
    peak: f32,
    hlg: bool,
}

impl ToneCurve {
    /// Makes the tables.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    #[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds, and indices are below 65 536")]
    pub(crate) fn new(cicp: Cicp, timer: &CpuTimer<'_>) -> Result<Self> {
        let hlg = cicp.transfer == HLG;
        let mut light = zeroed(65_536)?;
        for (code, to) in light.iter_mut().enumerate() {
            timer.step()?;
            let v = code as f64 / 65_535.0;
            *to = if hlg { hlg_scene_light(v) as f32 } else { (pq_light(v) / REFERENCE_WHITE) as f32 };
        }
        let mut encoded = zeroed(65_536)?;
        for (step, to) in encoded.iter_mut().enumerate() {
            timer.step()?;
            *to = (srgb_encode(step as f64 / 65_535.0) * 255.0 + 0.5) as u8;
        }
        let (primaries, luminance) = match cicp.primaries {
            12 | 11 => (P3_TO_BT709, [0.228_975, 0.691_739, 0.079_287]),
            1 => (SAME, [0.2126, 0.7152, 0.0722]),
            _ => (BT2020_TO_BT709, [0.2627, 0.678, 0.0593]),
        };
        let peak_nits = if hlg { HLG_PEAK } else { 10_000.0 };
        Ok(Self { light, encoded, primaries, luminance, peak: (peak_nits / REFERENCE_WHITE) as f32, hlg })
    }

    /// The 8-bit sRGB of a pixel of code values spread over 16 bits.
    #[expect(clippy::cast_possible_truncation, reason = "f64 to f32 rounds, and indices are below 65 536")]
    pub(crate) fn map(&self, code: [u16; 3]) -> [u8; 3] {
        let mut rgb = code.map(|c| self.light[usize::from(c)]);
        let mut luminance = dot(self.luminance, rgb);
        if self.hlg {
            // The OOTF of BT.2100 (table 5) at a nominal peak of 1000 cd/m²: scene light × its luminance^0.2.
            let gain = pow(f64::from(luminance), 0.2) as f32 * self.peak;
            rgb = rgb.map(|v| v * gain);
            luminance *= gain;
        }
        let gain = if luminance > KNEE { knee(luminance, self.peak) / luminance } else { 1.0 };
        self.primaries.map(|row| {
            let v = (dot(row, rgb) * gain).clamp(0.0, 1.0);
            self.encoded[(v * 65_535.0 + 0.5) as usize]
        })
    }
}

/// The luminance that a luminance above the knee becomes, by Reinhard's extended curve.
///
/// Both are counted from the knee to white: `x` becomes `x · (1 + x / m²) / (1 + x)`, where `m` is the peak. At 0 that
/// is 0 with slope 1, so the curve joins the part that is kept without an edge, and at `m` it is 1.
fn knee(luminance: f32, peak: f32) -> f32 {
    let over = (luminance - KNEE) / (1.0 - KNEE);
    let most = (peak - KNEE) / (1.0 - KNEE);
    KNEE + (1.0 - KNEE) * over * (1.0 + over / (most * most)) / (1.0 + over)
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The transfer function of sRGB (IEC 61966-2-1), for light of 0–1.
fn srgb_encode(v: f64) -> f64 {
    if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * pow(v, 1.0 / 2.4) - 0.055 }
}

/// Of HDR, in cd/m² (BT.2408).
const REFERENCE_WHITE: f64 = 203.0;
/// Of a nominal HLG display, in cd/m².
const HLG_PEAK: f64 = 1_000.0;
/// Where the knee begins, in units of reference white.
const KNEE: f32 = 0.5;
const SAME: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// ITU-R BT.2087.
const BT2020_TO_BT709: [[f32; 3]; 3] =
    [[1.660_491, -0.587_641, -0.072_85], [-0.124_55, 1.132_9, -0.008_349], [-0.018_151, -0.100_579, 1.118_73]];
/// SMPTE EG 432-1 primaries with white D65.
const P3_TO_BT709: [[f32; 3]; 3] =
    [[1.224_94, -0.224_94, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image_ingest_samples::{Budget, CancellationToken, Layout, SampleSlice, WorkError};

    use super::*;
    use crate::conversion::Conversion;
    use crate::transfer_function::PQ;
    use crate::transform::SrgbConverter;

    fn gray(code: u16, transfer: u16) -> u8 {
        let cicp = Cicp { primaries: 9, transfer, matrix: 0, full_range: true };
        ToneCurve::new(cicp, &CpuTimer::default()).unwrap().map([code; 3])[0]
    }

    #[test]
    fn black_stays_black_and_the_peak_is_white() {
        for transfer in [PQ, HLG] {
            assert_eq!((gray(0, transfer), gray(u16::MAX, transfer)), (0, 255));
        }
    }

    #[test]
    fn mid_tones_keep_their_light() {
        // PQ 0.40 is 32.5 cd/m², 0.16 of reference white: sRGB 111.
        assert!(gray(26_214, PQ).abs_diff(111) <= 1, "{}", gray(26_214, PQ));
    }

    #[test]
    fn the_curve_never_falls() {
        let cicp = Cicp { primaries: 9, transfer: PQ, matrix: 0, full_range: true };
        let curve = ToneCurve::new(cicp, &CpuTimer::default()).unwrap();
        let levels: Vec<u8> = (0..=u16::MAX).step_by(64).map(|c| curve.map([c; 3])[1]).collect();
        assert!(levels.is_sorted());
    }

    #[test]
    fn the_knee_joins_without_an_edge_and_ends_at_white() {
        for peak in [1_000.0 / 203.0, 10_000.0 / 203.0] {
            assert!((knee(KNEE, peak) - KNEE).abs() < 1e-6);
            let slope = (knee(KNEE + 0.001, peak) - KNEE) / 0.001;
            assert!((slope - 1.0).abs() < 0.01, "{slope}");
            assert!((knee(peak, peak) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn white_stays_white_in_other_primaries() {
        for matrix in [BT2020_TO_BT709, P3_TO_BT709] {
            assert!(matrix.iter().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-4), "{matrix:?}");
        }
    }

    #[test]
    fn a_cancelled_job_maps_nothing() {
        let token = CancellationToken::new();
        token.cancel();
        let budget = Budget::new(Duration::from_secs(1), token);
        let cicp = Cicp { primaries: 9, transfer: HLG, matrix: 0, full_range: true };
        assert_eq!(ToneCurve::new(cicp, &budget.timer()).err(), Some(WorkError::Cancelled));
        let mut converter =
            SrgbConverter::new(&Conversion::ToneMap(cicp), Layout::Rgb, false, &CpuTimer::default()).unwrap();
        assert_eq!(converter.convert(SampleSlice::U8(&[0; 3]), &budget.timer()), Err(WorkError::Cancelled));
    }

    #[test]
    fn alpha_passes_and_inks_are_no_hdr() {
        let cicp = Cicp { primaries: 9, transfer: PQ, matrix: 0, full_range: true };
        let (conversion, timer) = (Conversion::ToneMap(cicp), CpuTimer::default());
        let mut converter = SrgbConverter::new(&conversion, Layout::Rgba, true, &timer).unwrap();
        assert_eq!(converter.convert(SampleSlice::U16(&[0, 0, 0, 32_896]), &timer).unwrap(), [0, 0, 0, 128]);
        let mut converter = SrgbConverter::new(&conversion, Layout::Cmyk, false, &timer).unwrap();
        assert_eq!(converter.convert(SampleSlice::U8(&[0, 255, 255, 0]), &timer).unwrap(), [255, 0, 0]);
    }
}
