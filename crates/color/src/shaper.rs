//! Converts pixels by a matrix profile or a gray profile, in integers.
//!
//! Curve and matrix are folded into three tables: for each value of a channel, what it adds to linear red, green and
//! blue of sRGB. A pixel is three look-ups, two additions and three look-ups of the sRGB code. With 8-bit samples a
//! table has 256 entries, with 16-bit samples 65 536 (3 MiB for all three).
//!
//! **Fixed point**: contributions have 20 bits of fraction. Matrix entries are clamped to ±500 and light is within 0–1,
//! so a contribution is within ±500 × 2^20 < 2^29, and three of them with half a step stay within ±2^31. Real matrices
//! have entries below 4. Each contribution is rounded by itself, which costs at most 1.5 / 2^20 of light; a step of the
//! table of codes is 1/2^14.

use image_ingest_samples::{CpuTimer, WorkError, zeroed};

use crate::curve::{Curve, unit};
use crate::matrix::Matrix3;
use crate::pcs::cie_inverse;
use crate::profile::{GrayProfile, MatrixProfile};
use crate::result::Result;
use crate::srgb::{self, CODES, STEP_BITS, STEPS};
use crate::table::TableProfile;

/// The tables of a matrix profile for samples of `N` values: 256 or 65 536.
pub(crate) struct Shaper<const N: usize> {
    /// What each value of a channel adds to linear red, green and blue; the fourth makes entries of 16 bytes.
    pub(crate) adds: [Box<[[i32; 4]; N]>; 3],
    /// The sRGB code of each step of light.
    pub(crate) codes: Box<[u8; CODES]>,
}

impl<const N: usize> Shaper<N> {
    /// Makes the tables of `profile`. Channels with equal curves share the work for them.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(profile: &MatrixProfile<'_>, timer: &CpuTimer<'_>) -> Result<Self> {
        let matrix = Matrix3::xyz_to_srgb().after(&profile.to_xyz);
        let [red, green, blue] = &profile.curves;
        let mut light = lights(red, N, timer)?;
        // The sum of a pixel is shifted right, which rounds down. Half a step, added once, makes it round to nearest.
        let reds = contributions(&light, &matrix, 0, 1 << (FRACTION_BITS - STEP_BITS - 1))?;
        if green != red {
            light = lights(green, N, timer)?;
        }
        let greens = contributions(&light, &matrix, 1, 0)?;
        if blue != green {
            light = lights(blue, N, timer)?;
        }
        let blues = contributions(&light, &matrix, 2, 0)?;
        Ok(Self { adds: [reds, greens, blues], codes: srgb::codes()? })
    }

    /// The 8-bit sRGB of a pixel. The fixed lengths make all look-ups in range: the type of a sample has as many values
    /// as its table has entries, and a step is clamped.
    #[inline]
    pub(crate) fn rgb<T: Into<usize>>(&self, [r, g, b]: [T; 3]) -> [u8; 3] {
        let (r, g, b) = (self.adds[0][r.into()], self.adds[1][g.into()], self.adds[2][b.into()]);
        let sum: [i32; 4] = std::array::from_fn(|i| (r[i] + g[i] + b[i]) >> TO_STEPS);
        let step: [i32; 4] = std::array::from_fn(|i| sum[i].clamp(0, 1 << STEP_BITS));
        // Three calls and no `map`: a call that is not inlined for each pixel took as long as the rest.
        let code = |i: usize| self.codes[step[i].unsigned_abs() as usize];
        [code(0), code(1), code(2)]
    }
}

impl Shaper<256> {
    /// Converts pixels of 8 bits.
    pub(crate) fn fill(&self, pixels: &[[u8; 3]], out: &mut [[u8; 3]]) {
        out.iter_mut().zip(pixels).for_each(|(to, pixel)| *to = self.rgb(*pixel));
    }
}

/// The linear light of each of `count` values of a channel, 0–1.
fn lights(curve: &Curve<'_>, count: usize, timer: &CpuTimer<'_>) -> Result<Vec<f64>> {
    let mut light = zeroed(count)?;
    let most = (count - 1) as f64;
    for (value, to) in light.iter_mut().enumerate() {
        timer.step()?;
        *to = unit(curve.at(value as f64 / most));
    }
    Ok(light)
}

/// One column of the matrix times each light, plus `half`, with 20 bits of fraction.
#[expect(clippy::cast_possible_truncation, reason = "within ±2^29")]
fn contributions<const N: usize>(
    light: &[f64],
    matrix: &Matrix3,
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

/// Fraction bits of a contribution.
const FRACTION_BITS: u32 = 20;
/// How far a sum is shifted to be a step of light.
pub(crate) const TO_STEPS: i32 = (FRACTION_BITS - STEP_BITS).cast_signed();

/// The 8-bit sRGB gray of each of `count` values of a gray profile.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=STEPS")]
pub(crate) fn grays(gray: &Luminance<'_>, count: usize, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let codes = srgb::codes()?;
    let mut table = zeroed(count)?;
    let most = (count - 1) as f64;
    for (value, to) in table.iter_mut().enumerate() {
        timer.step()?;
        let light = unit(gray.at(value as f64 / most));
        *to = codes[(light * STEPS as f64 + 0.5) as usize];
    }
    Ok(table)
}

/// How a gray profile leads to luminance.
pub(crate) enum Luminance<'a> {
    Curve(&'a GrayProfile<'a>),
    Table(&'a TableProfile<'a>),
}

impl Luminance<'_> {
    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Curve(GrayProfile::Luminance(curve)) => curve.at(x),
            Self::Curve(GrayProfile::Lightness(curve)) => cie_inverse((curve.at(x) * 100.0 + 16.0) / 116.0),
            // Red, green and blue of a neutral are its luminance.
            Self::Table(table) => table.linear_srgb([x; 4])[1],
        }
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Avx2;

    use super::*;
    use crate::dispatch;
    use crate::matrix::BT709;

    fn srgb_profile() -> MatrixProfile<'static> {
        MatrixProfile { curves: [Curve::SRGB; 3], to_xyz: Matrix3::to_xyz(BT709).unwrap() }
    }

    #[test]
    fn srgb_through_its_own_profile_keeps_every_value() {
        let shaper = Shaper::<256>::new(&srgb_profile(), &CpuTimer::default()).unwrap();
        for v in 0..=255u8 {
            assert_eq!(shaper.rgb([v; 3]), [v; 3]);
            assert_eq!(shaper.rgb([v, 255 - v, 7]), [v, 255 - v, 7]);
        }
        let deep = Shaper::<65_536>::new(&srgb_profile(), &CpuTimer::default()).unwrap();
        assert_eq!(deep.rgb([0u16, 32_896, 65_535]), [0, 128, 255]);
    }

    #[test]
    fn builds_agree_on_any_number_of_pixels() {
        let to_xyz = Matrix3([[2.5, -0.7, 0.1], [0.2, 1.1, -0.3], [-0.4, 0.3, 0.9]]);
        let profile = MatrixProfile { curves: [Curve::SRGB, Curve::Identity, Curve::SRGB], to_xyz };
        let shaper = Shaper::<256>::new(&profile, &CpuTimer::default()).unwrap();
        let pixels: Vec<[u8; 3]> =
            (0..4097u32).map(|i| *i.wrapping_mul(2_654_435_761).to_be_bytes().first_chunk().unwrap()).collect();
        for len in [0, 1, 2, 3, 4097] {
            let [mut portable, mut found] = [(); 2].map(|()| vec![[7; 3]; len]);
            dispatch::shape(&shaper, &pixels[..len], &mut portable, None);
            dispatch::shape(&shaper, &pixels[..len], &mut found, Avx2::find());
            assert!(portable == found, "{len}");
        }
    }

    #[test]
    fn a_matrix_of_any_size_saturates_and_does_not_overflow() {
        for entry in [1e9, -1e9] {
            let to_xyz = Matrix3([[entry; 3]; 3]);
            let shaper =
                Shaper::<256>::new(&MatrixProfile { curves: [Curve::Identity; 3], to_xyz }, &CpuTimer::default())
                    .unwrap();
            let made = shaper.rgb([255u8; 3]);
            assert!(made.iter().all(|v| [0, 255].contains(v)), "{made:?}");
        }
    }

    #[test]
    fn gray_by_luminance_and_by_lightness() {
        let linear = GrayProfile::Luminance(Curve::Identity);
        let table = grays(&Luminance::Curve(&linear), 256, &CpuTimer::default()).unwrap();
        // Light 128/255 is sRGB 188; the ends stay.
        assert_eq!((table[0], table[128], table[255]), (0, 188, 255));
        let lightness = GrayProfile::Lightness(Curve::Identity);
        let table = grays(&Luminance::Curve(&lightness), 256, &CpuTimer::default()).unwrap();
        // L* 50.2 is luminance 0.186, and sRGB 119.
        assert_eq!((table[0], table[128], table[255]), (0, 119, 255));
    }
}
