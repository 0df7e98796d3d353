//! Converts pixels by a matrix/TRC or gray profile, in integers.

use image_ingest_samples::{WorkError, zeroed};

use crate::curve::{Curve, unit};
use crate::matrix::Matrix;
use crate::pipeline::{Pipeline, cubed_back};
use crate::profile::{Gray, Rgb};
use crate::result::Result;
use crate::srgb::{self, CODES, STEP_BITS, STEPS};

/// Curves, matrix and sRGB codes for samples of `N` values: 256 or 65 536.
pub(crate) struct Shaper<const N: usize> {
    /// What each value of a channel adds to linear red, green and blue; the fourth is padding.
    adds: [Box<[[i32; 4]; N]>; 3],
    codes: Box<[u8; CODES]>,
}

impl<const N: usize> Shaper<N> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(profile: &Rgb<'_>) -> Result<Self> {
        let matrix = Matrix::xyz_to_srgb().after(&profile.to_xyz);
        let [red, green, blue] = &profile.curves;
        let mut light = lights(red, N)?;
        // Half a step, once: the sum is cut off.
        let reds = contributions(&light, &matrix, 0, 1 << (FRACTION_BITS - STEP_BITS - 1))?;
        if green != red {
            light = lights(green, N)?;
        }
        let greens = contributions(&light, &matrix, 1, 0)?;
        if blue != green {
            light = lights(blue, N)?;
        }
        let blues = contributions(&light, &matrix, 2, 0)?;
        Ok(Self { adds: [reds, greens, blues], codes: srgb::codes()? })
    }

    /// 8-bit sRGB of a pixel.
    #[inline]
    pub(crate) fn rgb<T: Into<usize>>(&self, [r, g, b]: [T; 3]) -> [u8; 3] {
        let (r, g, b) = (self.adds[0][r.into()], self.adds[1][g.into()], self.adds[2][b.into()]);
        let sum: [i32; 4] = std::array::from_fn(|i| (r[i] + g[i] + b[i]) >> (FRACTION_BITS - STEP_BITS));
        let step: [i32; 4] = std::array::from_fn(|i| sum[i].clamp(0, 1 << STEP_BITS));
        // Not `map`: a call for each pixel took as long as the rest.
        let code = |i: usize| self.codes[step[i].unsigned_abs() as usize];
        [code(0), code(1), code(2)]
    }
}

/// The linear light of every value of `count`.
fn lights(curve: &Curve<'_>, count: usize) -> Result<Vec<f64>> {
    let mut light = zeroed(count)?;
    let most = (count - 1) as f64;
    for (value, to) in light.iter_mut().enumerate() {
        *to = unit(curve.at(value as f64 / most));
    }
    Ok(light)
}

/// One column of the matrix times each light, plus `half`. Three of them do not overflow.
#[expect(clippy::cast_possible_truncation, reason = "within ±2^29")]
fn contributions<const N: usize>(
    light: &[f64],
    matrix: &Matrix,
    channel: usize,
    half: i32,
) -> Result<Box<[[i32; 4]; N]>> {
    let column = matrix.0.map(|row| row[channel].clamp(-500.0, 500.0) * f64::from(1u32 << FRACTION_BITS));
    let mut adds = zeroed(light.len())?;
    for (to, &light) in adds.iter_mut().zip(light) {
        let [r, g, b] = column.map(|v| (v * light + 0.5).floor() as i32 + half);
        *to = [r, g, b, 0];
    }
    adds.into_boxed_slice().try_into().map_err(|_| WorkError::internal("a shaper's table has another length"))
}

const FRACTION_BITS: u32 = 20;

/// 8-bit sRGB gray of each of `count` values of a gray profile.
///
/// # Errors
///
/// `out_of_memory`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=STEPS")]
pub(crate) fn grays(gray: &Luminance<'_>, count: usize) -> Result<Vec<u8>> {
    let codes = srgb::codes()?;
    let mut table = zeroed(count)?;
    let most = (count - 1) as f64;
    for (value, to) in table.iter_mut().enumerate() {
        let light = unit(gray.at(value as f64 / most));
        *to = codes[(light * STEPS as f64 + 0.5) as usize];
    }
    Ok(table)
}

/// How a gray profile leads to luminance.
pub(crate) enum Luminance<'a> {
    Curve(&'a Gray<'a>),
    Table(&'a Pipeline<'a>),
}

impl Luminance<'_> {
    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Curve(Gray::Luminance(curve)) => curve.at(x),
            Self::Curve(Gray::Lightness(curve)) => cubed_back((curve.at(x) * 100.0 + 16.0) / 116.0),
            // Of a neutral, green is the luminance.
            Self::Table(pipeline) => pipeline.linear_srgb([x; 4])[1],
        }
    }
}
