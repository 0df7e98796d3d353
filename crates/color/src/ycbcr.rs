//! Planes to RGB, and limited range to full (ITU-T H.273, 8.3; ITU-T T.871 for full-range BT.601). Y′CbCr is here; other
//! matrices are in `linear_matrix` and `nonlinear_matrix`.
//!
//! With the weights of red and blue in luma, `kr` and `kb`, and `kg = 1 − kr − kb`:
//!
//! ```text
//! R = Y + 2 (1 − kr) Cr
//! G = Y − 2 kb (1 − kb) / kg Cb − 2 kr (1 − kr) / kg Cr
//! B = Y + 2 (1 − kb) Cb
//! ```
//!
//! Coefficients are integers with 20 bits of fraction and hold the scale of the range, too. They are below 2^24 and
//! samples below 2^16, so a sum of three products is far from the end of 64 bits. Results are rounded to nearest, then
//! clamped.

use image_ingest_samples::{
    Avx2, Chroma, Layout, Matrix, Planes, Range, Raster, Samples, WorkError, Workers, Zeroable, zeroed,
};

use crate::dispatch;
use crate::eight_bits::EightBitCoefficients;
use crate::linear_matrix::{LiftedYcgco, LinearMatrix};
use crate::nonlinear_matrix::{ConstantLuminance, Ictcp, weights};
use crate::plane_scale::PlaneScale;
use crate::result::Result;

/// Converts planes of equal size (4:4:4, or luma alone) to RGB or gray: 8 bits to 8, more to 16.
///
/// ```
/// use image_ingest_color::to_rgb;
/// use image_ingest_samples::{Matrix, Planes, Range, Samples, Size, Workers};
///
/// let luma = Samples::U8(vec![16, 235]);
/// let size = Size::new(2, 1);
/// let planes = Planes { size, bit_depth: 8, luma, chroma: None, range: Range::Limited, matrix: Matrix::Bt709 };
/// assert_eq!(to_rgb(planes, Workers::default())?.samples, Samples::U8(vec![0, 255]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::Internal`] when the planes are subsampled or of mixed depth; [`WorkError::OutOfMemory`],
/// [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub fn to_rgb(planes: Planes, workers: Workers<'_>) -> Result<Raster> {
    let ycbcr = YcbcrCoefficients::new(&planes);
    let timer = workers.timer();
    match planes.matrix {
        // Luma alone is gray in all of them.
        _ if planes.chroma.is_none() => to_rgb_by(planes, workers, |[y, ..]| [ycbcr.gray(y); 3]),
        Matrix::Identity => to_rgb_by(planes, workers, |[g, b, r]| [r, g, b].map(|v| ycbcr.gray(v))),
        Matrix::Ycgco => {
            let matrix = LinearMatrix::ycgco(&planes);
            to_rgb_by(planes, workers, |pixel| matrix.rgb(pixel))
        }
        Matrix::Ydzdx => {
            let matrix = LinearMatrix::ydzdx(&planes);
            to_rgb_by(planes, workers, |pixel| matrix.rgb(pixel))
        }
        Matrix::YcgcoLifted { extra_bits } => {
            let matrix = LiftedYcgco::new(&planes, extra_bits);
            to_rgb_by(planes, workers, |pixel| matrix.rgb(pixel))
        }
        Matrix::ConstantLuminance { primaries, transfer } => {
            let matrix = ConstantLuminance::new(&planes, (primaries, transfer), &timer)?;
            to_rgb_by(planes, workers, |pixel| matrix.rgb(pixel))
        }
        Matrix::Ictcp { hlg } => {
            let matrix = Ictcp::new(&planes, hlg, &timer)?;
            to_rgb_by(planes, workers, |pixel| matrix.rgb(pixel))
        }
        Matrix::Bt601 | Matrix::Bt709 | Matrix::Bt2020 | Matrix::Fcc | Matrix::Smpte240 | Matrix::Derived { .. } => {
            match (planes, ycbcr.eight_bits()) {
                (planes @ Planes { bit_depth: 8, chroma: Some(_), .. }, Some(coefficients)) => {
                    eight_bits_to_rgb(&planes, &coefficients, workers)
                }
                (planes, _) => to_rgb_by(planes, workers, |[y, cb, cr]| ycbcr.rgb(y, cb, cr)),
            }
        }
    }
}

/// Converts planes of 8 bits with chroma, in 32 bits.
fn eight_bits_to_rgb(planes: &Planes, coefficients: &EightBitCoefficients, workers: Workers<'_>) -> Result<Raster> {
    let Some(Chroma { cb: Samples::U8(cb), cr: Samples::U8(cr), subsampling: (1, 1), .. }) = &planes.chroma else {
        return Err(WorkError::internal("subsampled planes cannot become RGB"));
    };
    let Samples::U8(luma) = &planes.luma else { return Err(WorkError::internal("planes of mixed depth")) };
    let mut out = zeroed(luma.len().saturating_mul(3))?;
    let avx2 = Avx2::find();
    workers.map([luma, cb, cr], out.as_chunks_mut::<3>().0, |planes, out| {
        dispatch::rgb_of_ycbcr(coefficients, planes, out, avx2);
    })?;
    Raster::new(planes.size, Layout::Rgb, Samples::U8(out))
}

/// Converts by a function from the samples of a pixel to red, green and blue, which are clamped. Of luma alone, the
/// function gets neutral chroma, and red is taken.
fn to_rgb_by(planes: Planes, workers: Workers<'_>, rgb: impl Fn([i64; 3]) -> [i64; 3] + Sync) -> Result<Raster> {
    let gray = |y: i64| rgb([y, 0, 0])[0];
    let (layout, chroma) = match planes.chroma {
        None => (Layout::Gray, None),
        Some(Chroma { cb, cr, subsampling: (1, 1), .. }) => (Layout::Rgb, Some((cb, cr))),
        Some(_) => return Err(WorkError::internal("subsampled planes cannot become RGB")),
    };
    let samples = match (planes.luma, chroma) {
        (Samples::U8(mut luma), None) => {
            luma.iter_mut().for_each(|y| *y = byte(gray((*y).into())));
            Samples::U8(luma)
        }
        (Samples::U16(mut luma), None) => {
            luma.iter_mut().for_each(|y| *y = word(gray((*y).into())));
            Samples::U16(luma)
        }
        (Samples::U8(y), Some((Samples::U8(cb), Samples::U8(cr)))) => {
            Samples::U8(interleave([&y, &cb, &cr], workers, |[y, cb, cr]| rgb([y, cb, cr].map(i64::from)).map(byte))?)
        }
        (Samples::U16(y), Some((Samples::U16(cb), Samples::U16(cr)))) => {
            Samples::U16(interleave([&y, &cb, &cr], workers, |[y, cb, cr]| rgb([y, cb, cr].map(i64::from)).map(word))?)
        }
        _ => return Err(WorkError::internal("planes of mixed depth")),
    };
    Raster::new(planes.size, layout, samples)
}

/// Stretches 8-bit limited-range planes to full range; planes of full range or of more bits are returned as they are.
///
/// Luma 16–235 becomes 0–255, and chroma 16–240 becomes 0–255 around 128, rounded to nearest and clamped. For luma
/// alone the result is that of [`to_rgb`].
///
/// ```
/// use image_ingest_color::expand_range;
/// use image_ingest_samples::{Matrix, Planes, Range, Samples, Size};
///
/// let luma = Samples::U8(vec![0, 16, 126, 235, 255]);
/// let size = Size::new(5, 1);
/// let planes = Planes { size, bit_depth: 8, luma, chroma: None, range: Range::Limited, matrix: Matrix::Bt601 };
/// assert_eq!(expand_range(planes).luma, Samples::U8(vec![0, 0, 128, 255, 255]));
/// ```
pub fn expand_range(mut planes: Planes) -> Planes {
    if planes.range == Range::Full || planes.bit_depth != 8 {
        return planes;
    }
    let stretch = RangeStretch::new();
    let apply = |plane: usize, samples: &mut Samples| {
        if let Samples::U8(v) = samples {
            stretch.apply(plane, v);
        }
    };
    apply(0, &mut planes.luma);
    if let Some(c) = &mut planes.chroma {
        apply(1, &mut c.cb);
        apply(2, &mut c.cr);
    }
    planes.range = Range::Full;
    planes
}

/// What [`expand_range`] does, for samples that come a few at a time.
///
/// ```
/// use image_ingest_color::RangeStretch;
///
/// let mut luma = [0, 16, 126, 235, 255];
/// RangeStretch::new().apply(0, &mut luma);
/// assert_eq!(luma, [0, 0, 128, 255, 255]);
/// ```
#[derive(Debug, Clone)]
pub struct RangeStretch {
    luma: [u8; 256],
    chroma: [u8; 256],
}

impl RangeStretch {
    /// The stretch of 8-bit samples.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "there is nothing to choose")]
    pub fn new() -> Self {
        // `centre + 255 × (v − low) / span`, rounded half away from `low`.
        let stretch = |low: i32, span: i32, centre: i32| -> [u8; 256] {
            std::array::from_fn(|v| {
                let offset = i32::try_from(v).unwrap_or(255) - low;
                byte(i64::from((offset * 510 + span * offset.signum()) / (2 * span) + centre))
            })
        };
        Self { luma: stretch(16, 219, 0), chroma: stretch(128, 224, 128) }
    }

    /// Stretches samples of a plane: 0 is luma.
    pub fn apply(&self, plane: usize, samples: &mut [u8]) {
        let table = if plane == 0 { &self.luma } else { &self.chroma };
        samples.iter_mut().for_each(|s| *s = table[usize::from(*s)]);
    }
}

/// Makes interleaved pixels of three planes, each pixel by `rgb`.
fn interleave<T: Copy + Zeroable + Send + Sync>(
    planes: [&[T]; 3],
    workers: Workers<'_>,
    rgb: impl Fn([T; 3]) -> [T; 3] + Sync,
) -> Result<Vec<T>> {
    let mut out = zeroed(planes[0].len().saturating_mul(3))?;
    workers.map(planes, out.as_chunks_mut::<3>().0, |[y, cb, cr], out| {
        for (((to, &y), &cb), &cr) in out.iter_mut().zip(y).zip(cb).zip(cr) {
            *to = rgb([y, cb, cr]);
        }
    })?;
    Ok(out)
}

/// Coefficients for one depth, range and matrix, with 20 bits of fraction. The result spans 0–255 or 0–65 535.
struct YcbcrCoefficients {
    /// The sample of black.
    luma_low: i64,
    /// The chroma sample of gray.
    chroma_zero: i64,
    luma: i64,
    cr_to_r: i64,
    cb_to_g: i64,
    cr_to_g: i64,
    cb_to_b: i64,
}

impl YcbcrCoefficients {
    #[expect(clippy::cast_possible_truncation, reason = "coefficients are below 2^24 by construction")]
    fn new(planes: &Planes) -> Self {
        let PlaneScale { luma_low, luma_span, chroma_zero, chroma_span, white } = PlaneScale::of(planes);
        let (kr, kb) = match planes.matrix {
            Matrix::Bt709 => (0.2126, 0.0722),
            Matrix::Bt2020 => (0.2627, 0.0593),
            Matrix::Fcc => (0.30, 0.11),
            Matrix::Smpte240 => (0.212, 0.087),
            Matrix::Derived { primaries } => {
                let [kr, _, kb] = weights(primaries);
                (kr, kb)
            }
            // The others do not come here but for their gray.
            _ => (0.299, 0.114),
        };
        let kg = 1.0 - kr - kb;
        let fixed = |v: f64| (v * ONE + 0.5 * v.signum()) as i64;
        let chroma = white / chroma_span;
        Self {
            luma_low,
            chroma_zero,
            luma: fixed(white / luma_span),
            cr_to_r: fixed(2.0 * (1.0 - kr) * chroma),
            cb_to_g: fixed(-2.0 * kb * (1.0 - kb) / kg * chroma),
            cr_to_g: fixed(-2.0 * kr * (1.0 - kr) / kg * chroma),
            cb_to_b: fixed(2.0 * (1.0 - kb) * chroma),
        }
    }

    /// The same for samples of 8 bits, if 32 bits hold every sum.
    fn eight_bits(&self) -> Option<EightBitCoefficients> {
        let chroma = [self.cr_to_r, self.cb_to_g, self.cr_to_g, self.cb_to_b];
        EightBitCoefficients::new(self.luma_low, self.luma, chroma)
    }

    /// The gray of a luma sample, not clamped.
    fn gray(&self, y: i64) -> i64 {
        round((y - self.luma_low) * self.luma)
    }

    /// Red, green and blue of a pixel, not clamped.
    fn rgb(&self, y: i64, cb: i64, cr: i64) -> [i64; 3] {
        let y = (y - self.luma_low) * self.luma;
        let (cb, cr) = (cb - self.chroma_zero, cr - self.chroma_zero);
        let green = cb * self.cb_to_g + cr * self.cr_to_g;
        [round(y + cr * self.cr_to_r), round(y + green), round(y + cb * self.cb_to_b)]
    }
}

const FRACTION_BITS: u32 = 20;
const ONE: f64 = (1u32 << FRACTION_BITS) as f64;

/// The nearest integer of a number with [`FRACTION_BITS`] bits of fraction; the shift rounds down, negative numbers
/// too.
fn round(fixed: i64) -> i64 {
    (fixed + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
}

fn byte(v: i64) -> u8 {
    u8::try_from(v.clamp(0, 255)).unwrap_or(u8::MAX)
}

fn word(v: i64) -> u16 {
    u16::try_from(v.clamp(0, 65_535)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::{Siting, Size};

    use super::*;

    fn pixel(y: u16, cb: u16, cr: u16, bit_depth: u8, range: Range, matrix: Matrix) -> Samples {
        let sample =
            |v: u16| if bit_depth == 8 { Samples::U8(vec![u8::try_from(v).unwrap()]) } else { Samples::U16(vec![v]) };
        let chroma = Chroma { cb: sample(cb), cr: sample(cr), subsampling: (1, 1), siting: Siting::Centred };
        let size = Size::new(1, 1);
        to_rgb(Planes { size, bit_depth, luma: sample(y), chroma: Some(chroma), range, matrix }, Workers::default())
            .unwrap()
            .samples
    }

    #[test]
    fn full_range_bt601_is_that_of_t871() {
        assert_eq!(pixel(76, 85, 255, 8, Range::Full, Matrix::Bt601), Samples::U8(vec![254, 0, 0]));
        assert_eq!(pixel(200, 128, 128, 8, Range::Full, Matrix::Bt601), Samples::U8(vec![200, 200, 200]));
    }

    #[test]
    fn limited_range_spans_the_whole_output() {
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            assert_eq!(pixel(16, 128, 128, 8, Range::Limited, matrix), Samples::U8(vec![0; 3]));
            assert_eq!(pixel(235, 128, 128, 8, Range::Limited, matrix), Samples::U8(vec![255; 3]));
            assert_eq!(pixel(940, 512, 512, 10, Range::Limited, matrix), Samples::U16(vec![65_535; 3]));
        }
    }

    #[test]
    fn the_range_table_agrees_with_the_conversion() {
        for y in 0..=255u8 {
            let planes = Planes {
                size: Size::new(1, 1),
                bit_depth: 8,
                luma: Samples::U8(vec![y]),
                chroma: None,
                range: Range::Limited,
                matrix: Matrix::Bt601,
            };
            assert_eq!(expand_range(planes.clone()).luma, to_rgb(planes, Workers::default()).unwrap().samples);
        }
    }

    fn coefficients(matrix: Matrix) -> [f64; 4] {
        let planes = Planes {
            size: Size::new(0, 0),
            bit_depth: 8,
            luma: Samples::U8(Vec::new()),
            chroma: None,
            range: Range::Full,
            matrix,
        };
        let c = YcbcrCoefficients::new(&planes);
        [c.cr_to_r, c.cb_to_g, c.cr_to_g, c.cb_to_b].map(|fixed| fixed as f64 / ONE)
    }

    /// BT.601 (T.871), BT.709 and BT.2020 as their recommendations and H.273's equations give them.
    #[test]
    fn the_matrices_are_those_of_the_recommendations() {
        for (matrix, wanted) in [
            (Matrix::Bt601, [1.402, -0.344_136, -0.714_136, 1.772]),
            (Matrix::Bt709, [1.574_8, -0.187_324, -0.468_124, 1.855_6]),
            (Matrix::Bt2020, [1.474_6, -0.164_553, -0.571_353, 1.881_4]),
        ] {
            let found = coefficients(matrix);
            assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 2e-6), "{matrix:?}: {found:?}");
        }
    }

    #[test]
    fn pixels_agree_with_floating_point() {
        for (y, cb, cr) in [(16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110), (200, 16, 240), (0, 255, 0)] {
            for (range, y_low, y_span, c_span) in
                [(Range::Full, 0.0, 255.0, 255.0), (Range::Limited, 16.0, 219.0, 224.0)]
            {
                let [luma, blue, red] = [f64::from(y) - y_low, f64::from(cb) - 128.0, f64::from(cr) - 128.0];
                let (luma, blue, red) = (luma / y_span, blue / c_span, red / c_span);
                let exact = [luma + 1.5748 * red, luma - 0.187_324 * blue - 0.468_124 * red, luma + 1.8556 * blue];
                let Samples::U8(found) = pixel(y, cb, cr, 8, range, Matrix::Bt709) else { panic!("8 bits") };
                for (f, e) in found.iter().zip(exact) {
                    let e = (e * 255.0).clamp(0.0, 255.0);
                    assert!((f64::from(*f) - e).abs() <= 0.501, "{y} {cb} {cr} {range:?}: {f} {e}");
                }
            }
        }
    }

    #[test]
    fn subsampled_and_mixed_planes_are_internal() {
        let chroma = |cb, subsampling| Chroma { cb, cr: Samples::U8(vec![0]), subsampling, siting: Siting::Centred };
        let planes = |chroma| Planes {
            size: Size::new(1, 1),
            bit_depth: 8,
            luma: Samples::U8(vec![0]),
            chroma: Some(chroma),
            range: Range::Full,
            matrix: Matrix::Bt601,
        };
        assert!(to_rgb(planes(chroma(Samples::U8(vec![0]), (2, 2))), Workers::default()).is_err());
        assert!(to_rgb(planes(chroma(Samples::U16(vec![0]), (1, 1))), Workers::default()).is_err());
    }
}
