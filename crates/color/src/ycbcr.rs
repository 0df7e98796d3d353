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

use image_ingest_samples::{Avx2, Chroma, CpuTimer, Layout, Matrix, Planes, Raster, SampleSlice, Samples, WorkError};

use crate::dispatch;
use crate::each_pixel::{each_pixel, in_stretches};
use crate::eight_bits::EightBitCoefficients;
use crate::linear_matrix::{LiftedYcgco, LinearMatrix};
use crate::nonlinear_matrix::{ConstantLuminance, Ictcp, weights};
use crate::plane_scale::{PlaneCoding, PlaneScale};
use crate::result::Result;

/// Converts planes of equal size (4:4:4, or luma alone) to RGB or gray: 8 bits to 8, more to 16.
///
/// [`PlaneConverter`] does the same for planes that come a few rows at a time.
///
/// ```
/// use image_ingest_color::to_rgb;
/// use image_ingest_samples::{CpuTimer, Matrix, Planes, Range, Samples, Size};
///
/// let luma = Samples::U8(vec![16, 235]);
/// let size = Size::new(2, 1);
/// let planes = Planes { size, bit_depth: 8, luma, chroma: None, range: Range::Limited, matrix: Matrix::Bt709 };
/// assert_eq!(to_rgb(&planes, &CpuTimer::default())?.samples, Samples::U8(vec![0, 255]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::Internal`] when the planes are subsampled or of mixed depth; [`WorkError::OutOfMemory`],
/// [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub fn to_rgb(planes: &Planes, timer: &CpuTimer<'_>) -> Result<Raster> {
    let mut converter = PlaneConverter::new(planes.into(), planes.chroma.is_some(), timer)?;
    let none = || Samples::U8(Vec::new());
    let samples = match &planes.chroma {
        None => converter.convert([planes.luma.as_slice(), none().as_slice(), none().as_slice()], timer).map(|_| ()),
        Some(Chroma { cb, cr, subsampling: (1, 1), .. }) => {
            converter.convert([planes.luma.as_slice(), cb.as_slice(), cr.as_slice()], timer).map(|_| ())
        }
        Some(_) => Err(WorkError::internal("subsampled planes cannot become RGB")),
    };
    samples?;
    let layout = converter.layout();
    let PlaneConverter { bytes, words, .. } = converter;
    let samples = if planes.bit_depth > 8 { Samples::U16(words) } else { Samples::U8(bytes) };
    Raster::new(planes.size, layout, samples)
}

/// Converts samples of 4:4:4 planes, or of luma alone, to RGB or gray, any number of pixels at a time; its tables are made
/// once.
///
/// ```
/// use image_ingest_color::{PlaneCoding, PlaneConverter};
/// use image_ingest_samples::{CpuTimer, Matrix, Range, SampleSlice};
///
/// let timer = CpuTimer::default();
/// let coding = PlaneCoding { bit_depth: 8, range: Range::Full, matrix: Matrix::Bt601 };
/// let mut converter = PlaneConverter::new(coding, true, &timer)?;
/// let planes = [&[76], &[85], &[255]].map(|plane| SampleSlice::U8(plane));
/// assert_eq!(converter.convert(planes, &timer)?, SampleSlice::U8(&[254, 0, 0]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct PlaneConverter {
    has_chroma: bool,
    is_deep: bool,
    matrix: PixelMatrix,
    /// What came out last: samples of 8 bits, or words of more.
    bytes: Vec<u8>,
    words: Vec<u16>,
}

/// How the samples of a pixel become red, green and blue.
enum PixelMatrix {
    Ycbcr(YcbcrCoefficients),
    EightBits(EightBitCoefficients),
    /// Green, blue and red already.
    Identity(YcbcrCoefficients),
    Linear(LinearMatrix),
    Lifted(LiftedYcgco),
    ConstantLuminance(ConstantLuminance),
    Ictcp(Ictcp),
}

impl PlaneConverter {
    /// A converter of planes of this coding.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn new(coding: PlaneCoding, has_chroma: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let ycbcr = YcbcrCoefficients::new(coding);
        let matrix = match coding.matrix {
            // Luma alone is gray in all of them.
            _ if !has_chroma => PixelMatrix::Ycbcr(ycbcr),
            Matrix::Identity => PixelMatrix::Identity(ycbcr),
            Matrix::Ycgco => PixelMatrix::Linear(LinearMatrix::ycgco(coding)),
            Matrix::Ydzdx => PixelMatrix::Linear(LinearMatrix::ydzdx(coding)),
            Matrix::YcgcoLifted { extra_bits } => PixelMatrix::Lifted(LiftedYcgco::new(coding, extra_bits)),
            Matrix::ConstantLuminance { primaries, transfer } => {
                PixelMatrix::ConstantLuminance(ConstantLuminance::new(coding, (primaries, transfer), timer)?)
            }
            Matrix::Ictcp { hlg } => PixelMatrix::Ictcp(Ictcp::new(coding, hlg, timer)?),
            Matrix::Bt601
            | Matrix::Bt709
            | Matrix::Bt2020
            | Matrix::Fcc
            | Matrix::Smpte240
            | Matrix::Derived { .. } => match ycbcr.eight_bits() {
                Some(coefficients) if coding.bit_depth == 8 => PixelMatrix::EightBits(coefficients),
                _ => PixelMatrix::Ycbcr(ycbcr),
            },
        };
        Ok(Self { has_chroma, is_deep: coding.bit_depth > 8, matrix, bytes: Vec::new(), words: Vec::new() })
    }

    /// The layout of what comes out: gray or RGB.
    #[must_use]
    pub fn layout(&self) -> Layout {
        if self.has_chroma { Layout::Rgb } else { Layout::Gray }
    }

    /// Converts as many samples of each plane; chroma is ignored where there is none. The result is lent until the next
    /// call.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] for
    /// samples of another depth than announced, or not as many of each plane.
    pub fn convert(&mut self, planes: [SampleSlice<'_>; 3], timer: &CpuTimer<'_>) -> Result<SampleSlice<'_>> {
        let wrong = || WorkError::internal("planes of mixed depth or length");
        let Self { has_chroma, is_deep, matrix, bytes, words } = self;
        let are_equal = |y: usize, cb: usize, cr: usize| !*has_chroma || (cb == y && cr == y);
        match planes {
            [SampleSlice::U8(y), SampleSlice::U8(cb), SampleSlice::U8(cr)] if !*is_deep => {
                if !are_equal(y.len(), cb.len(), cr.len()) {
                    return Err(wrong());
                }
                match matrix {
                    PixelMatrix::Ycbcr(ycbcr) if !*has_chroma => {
                        each_pixel(y, bytes, timer, |&[y]| [byte(ycbcr.gray(y.into()))])?;
                    }
                    PixelMatrix::EightBits(coefficients) => {
                        let avx2 = Avx2::find();
                        in_stretches(y.len(), bytes, timer, |start, out: &mut [[u8; 3]]| {
                            let end = start + out.len();
                            dispatch::rgb_of_ycbcr(
                                coefficients,
                                [y, cb, cr].map(|plane| &plane[start..end]),
                                out,
                                avx2,
                            );
                        })?;
                    }
                    _ => matrix.interleave([y, cb, cr], bytes, byte, timer)?,
                }
                Ok(SampleSlice::U8(bytes))
            }
            [SampleSlice::U16(y), chroma @ ..] if *is_deep => {
                match (matrix, chroma) {
                    (PixelMatrix::Ycbcr(ycbcr), _) if !*has_chroma => {
                        each_pixel(y, words, timer, |&[y]| [word(ycbcr.gray(y.into()))])?;
                    }
                    (matrix, [SampleSlice::U16(cb), SampleSlice::U16(cr)])
                        if are_equal(y.len(), cb.len(), cr.len()) =>
                    {
                        matrix.interleave([y, cb, cr], words, word, timer)?;
                    }
                    _ => return Err(wrong()),
                }
                Ok(SampleSlice::U16(words))
            }
            _ => Err(wrong()),
        }
    }
}

impl PixelMatrix {
    /// Makes interleaved pixels of three planes, whose samples `narrow` clamps.
    fn interleave<T: Copy + Default + Into<i64>>(
        &self,
        planes: [&[T]; 3],
        out: &mut Vec<T>,
        narrow: impl Fn(i64) -> T,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let wide = |pixel: [T; 3]| pixel.map(Into::into);
        match self {
            Self::Ycbcr(ycbcr) => interleave(planes, out, timer, |p| ycbcr.rgb(wide(p)).map(&narrow)),
            Self::EightBits(c) => {
                interleave(planes, out, timer, |p| c.rgb(wide(p).map(byte)).map(|v| narrow(v.into())))
            }
            Self::Identity(ycbcr) => {
                interleave(planes, out, timer, |[g, b, r]| wide([r, g, b]).map(|v| narrow(ycbcr.gray(v))))
            }
            Self::Linear(matrix) => interleave(planes, out, timer, |p| matrix.rgb(wide(p)).map(&narrow)),
            Self::Lifted(matrix) => interleave(planes, out, timer, |p| matrix.rgb(wide(p)).map(&narrow)),
            Self::ConstantLuminance(matrix) => interleave(planes, out, timer, |p| matrix.rgb(wide(p)).map(&narrow)),
            Self::Ictcp(matrix) => interleave(planes, out, timer, |p| matrix.rgb(wide(p)).map(&narrow)),
        }
    }
}

/// Makes interleaved pixels of as many samples of three planes, each pixel by `rgb`.
fn interleave<T: Copy + Default>(
    [y, cb, cr]: [&[T]; 3],
    out: &mut Vec<T>,
    timer: &CpuTimer<'_>,
    rgb: impl Fn([T; 3]) -> [T; 3],
) -> Result<()> {
    in_stretches(y.len(), out, timer, |start, out: &mut [[T; 3]]| {
        let planes = y.iter().zip(cb).zip(cr).skip(start);
        out.iter_mut().zip(planes).for_each(|(to, ((&y, &cb), &cr))| *to = rgb([y, cb, cr]));
    })
}

/// Stretches 8-bit limited-range samples of planes to full range, any number at a time.
///
/// Luma 16–235 becomes 0–255, and chroma 16–240 becomes 0–255 around 128, rounded to nearest and clamped. For luma
/// alone the result is that of [`to_rgb`].
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
    fn new(coding: PlaneCoding) -> Self {
        let PlaneScale { luma_low, luma_span, chroma_zero, chroma_span, white } = PlaneScale::of(coding);
        let (kr, kb) = match coding.matrix {
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
    fn rgb(&self, [y, cb, cr]: [i64; 3]) -> [i64; 3] {
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
    use image_ingest_samples::{Range, Siting, Size};

    use super::*;

    fn pixel(y: u16, cb: u16, cr: u16, bit_depth: u8, range: Range, matrix: Matrix) -> Samples {
        let sample =
            |v: u16| if bit_depth == 8 { Samples::U8(vec![u8::try_from(v).unwrap()]) } else { Samples::U16(vec![v]) };
        let chroma = Chroma { cb: sample(cb), cr: sample(cr), subsampling: (1, 1), siting: Siting::Centred };
        let size = Size::new(1, 1);
        to_rgb(&Planes { size, bit_depth, luma: sample(y), chroma: Some(chroma), range, matrix }, &CpuTimer::default())
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
            let mut stretched = [y];
            RangeStretch::new().apply(0, &mut stretched);
            assert_eq!(to_rgb(&planes, &CpuTimer::default()).unwrap().samples, Samples::U8(stretched.to_vec()));
        }
    }

    fn coefficients(matrix: Matrix) -> [f64; 4] {
        let c = YcbcrCoefficients::new(PlaneCoding { bit_depth: 8, range: Range::Full, matrix });
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
        assert!(to_rgb(&planes(chroma(Samples::U8(vec![0]), (2, 2))), &CpuTimer::default()).is_err());
        assert!(to_rgb(&planes(chroma(Samples::U16(vec![0]), (1, 1))), &CpuTimer::default()).is_err());
    }
}
