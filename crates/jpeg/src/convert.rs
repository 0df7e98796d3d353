//! Converts a row of components to interleaved RGB or CMYK (ITU-T T.871 § 7).
//!
//! The samples are those of libjpeg (jdcolor.c): products with constants of 16 fractional bits, rounded to the nearest.
//! No sum overflows 32 bits: the largest product is 116130 · 128, below 2²⁴.

/// What the components of a file are, and what their samples become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterleavedColor {
    /// Three components as they are stored.
    Rgb,
    /// Y′CbCr to RGB.
    YcbcrToRgb,
    /// Four components as they are stored. Most files hold 255 for no ink.
    Cmyk,
    /// The first three components from Y′CbCr to RGB, of which C, M and Y are what is missing to 255. K stays.
    YcckToCmyk,
}

impl InterleavedColor {
    /// The number of components, and of samples of a pixel: 3 or 4.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Rgb | Self::YcbcrToRgb => 3,
            Self::Cmyk | Self::YcckToCmyk => 4,
        }
    }

    /// Converts as many pixels as `out` has. `components` are rows of at least so many samples; the last is not read
    /// where there are three.
    #[inline(always)]
    pub(crate) fn convert(self, [a, b, c, d]: [&[u8]; 4], out: &mut [u8]) {
        match self {
            Self::Rgb => interleave([a, b, c], out, |pixel| pixel),
            Self::YcbcrToRgb => interleave([a, b, c], out, rgb),
            Self::Cmyk => interleave([a, b, c, d], out, |pixel| pixel),
            Self::YcckToCmyk => interleave([a, b, c, d], out, |[y, cb, cr, k]| {
                let [r, g, b] = rgb([y, cb, cr]);
                [255 - r, 255 - g, 255 - b, k]
            }),
        }
    }
}

/// Pixels that are converted at once: an even number, enough for the widest registers and little enough to stay in a few
/// of them.
const RUN: usize = 32;

/// Interleaves `N` rows, three or four, each pixel converted by `convert`.
///
/// Whole runs of pixels are converted to numbers of 32 bits, the first channel in the lowest byte, which compilers turn
/// into vector code. What is left is converted pixel by pixel.
#[inline(always)]
fn interleave<const N: usize>(rows: [&[u8]; N], out: &mut [u8], convert: impl Fn([u8; N]) -> [u8; N]) {
    let width = out.len() / N;
    let whole = width / RUN * RUN;
    for (at, out) in (0..whole).step_by(RUN).zip(out.chunks_exact_mut(RUN * N)) {
        let from: [[u8; RUN]; N] = rows.map(|row| *row[at..].first_chunk().unwrap_or(&[0; RUN]));
        let mut pixels = [0; RUN];
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let samples = convert(std::array::from_fn(|channel| from[channel][x]));
            *pixel = samples.into_iter().rev().fold(0, |pixel, sample| pixel << 8 | u32::from(sample));
        }
        if N == 3 {
            out.copy_from_slice(&three_bytes(&pixels)[..RUN * 3]);
        } else {
            let (fours, _) = out.as_chunks_mut::<4>();
            fours.iter_mut().zip(pixels).for_each(|(four, pixel)| *four = pixel.to_le_bytes());
        }
    }
    let (pixels, _) = out.as_chunks_mut::<N>();
    for (x, pixel) in pixels.iter_mut().enumerate().skip(whole) {
        *pixel = convert(rows.map(|row| row[x]));
    }
}

/// The lower three bytes of each number, and two bytes that mean nothing. Two pixels are written at once, with two bytes
/// that the next two overwrite.
#[inline(always)]
fn three_bytes(pixels: &[u32; RUN]) -> [u8; RUN * 3 + 2] {
    let mut bytes = [0; RUN * 3 + 2];
    let (pairs, _) = pixels.as_chunks::<2>();
    for (at, [first, second]) in (0..).step_by(6).zip(pairs) {
        let two = u64::from(*first) | u64::from(*second) << 24;
        bytes[at..at + 8].copy_from_slice(&two.to_le_bytes());
    }
    bytes
}

/// Full-range BT.601 to RGB. `HALF` rounds to the nearest.
#[inline(always)]
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamped(y + ((F_1_402 * cr + HALF) >> 16)),
        clamped(y + ((-F_0_34414 * cb - F_0_71414 * cr + HALF) >> 16)),
        clamped(y + ((F_1_772 * cb + HALF) >> 16)),
    ]
}

#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "clamped")]
fn clamped(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

const HALF: i32 = 1 << 15;
// Constants of T.871 § 7 with 16 fractional bits; the name is the value.
const F_0_34414: i32 = 22_554;
const F_0_71414: i32 = 46_802;
const F_1_402: i32 = 91_881;
const F_1_772: i32 = 116_130;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ycbcr_is_exact_but_for_rounding() {
        for y in (0..=255u8).step_by(5) {
            for cb in 0..=255u8 {
                for cr in 0..=255u8 {
                    let (luma, b, r) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let exact = [luma + 1.402 * r, luma - 0.344_14 * b - 0.714_14 * r, luma + 1.772 * b];
                    for (sample, exact) in rgb([y, cb, cr]).into_iter().zip(exact) {
                        assert!((f64::from(sample) - exact.clamp(0.0, 255.0)).abs() < 0.51, "{y} {cb} {cr}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_any_width_are_converted_pixel_by_pixel() {
        use crate::tests::vectors::Random;
        let mut random = Random::new(8);
        for width in [1, 31, 32, 33, 64, 100] {
            let rows: [Vec<u8>; 4] = std::array::from_fn(|_| random.bytes(width));
            let slices = std::array::from_fn(|channel| &rows[channel][..]);
            let converted = |color: InterleavedColor| {
                let mut out = vec![0; width * color.channels()];
                color.convert(slices, &mut out);
                out
            };
            let pixels = |of: fn([u8; 4]) -> Vec<u8>| -> Vec<u8> {
                (0..width).flat_map(|x| of(std::array::from_fn(|channel| rows[channel][x]))).collect()
            };
            assert_eq!(converted(InterleavedColor::Cmyk), pixels(|pixel| pixel.to_vec()));
            assert_eq!(converted(InterleavedColor::Rgb), pixels(|[r, g, b, _]| vec![r, g, b]));
            assert_eq!(converted(InterleavedColor::YcbcrToRgb), pixels(|[y, cb, cr, _]| rgb([y, cb, cr]).to_vec()));
            let ycck = |[y, cb, cr, k]: [u8; 4]| {
                let inks = rgb([y, cb, cr]).map(|sample| 255 - sample);
                [&inks[..], &[k]].concat()
            };
            assert_eq!(converted(InterleavedColor::YcckToCmyk), pixels(ycck));
        }
    }
}
