//! ThumbHash: a placeholder of some 25 bytes that client libraries show while a picture loads.
//!
//! The format is Evan Wallace's (<https://evanw.github.io/thumbhash/>): the lowest frequencies of a cosine transform of
//! luminance and two differences of colours, in 4 bits each, relative to the largest of its channel. This encoder is for
//! opaque pictures and computes in integers.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest_samples::Size;

use crate::cosine::{COSINE_BITS, cosine};
use crate::rgb_color::RgbColor;

/// The bytes of a ThumbHash. It is written in base64 (RFC 4648, § 4), as client libraries read it.
///
/// ```
/// use image_ingest_facts::ThumbHash;
///
/// assert_eq!(ThumbHash(vec![1, 2, 3, 4]).to_string(), "AQIDBA==");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThumbHash(pub Vec<u8>);

impl fmt::Display for ThumbHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

/// The hash of opaque pixels, rows tight, at most 100 a side.
pub(crate) fn hash(size: Size, pixels: &[RgbColor]) -> ThumbHash {
    let (width, height) = (u64::from(size.width), u64::from(size.height));
    let longer = width.max(height);
    // Frequencies of luminance, rounded half up.
    let frequencies = |side: u64| ((14 * side + longer) / (2 * longer)).max(1);
    let (lx, ly) = (frequencies(width), frequencies(height));
    let channel = |value: fn([i32; 3]) -> i32| -> Vec<i32> {
        pixels.iter().map(|RgbColor(pixel)| value(pixel.map(i32::from))).collect()
    };
    let luminance = Channel::of(size, &channel(|[r, g, b]| r + g + b), 3 * 255, (lx.max(3), ly.max(3)));
    let yellow_blue = Channel::of(size, &channel(|[r, g, b]| r + g - 2 * b), 2 * 255, (3, 3));
    let red_green = Channel::of(size, &channel(|[r, g, _]| r - g), 255, (3, 3));

    let is_landscape = u64::from(width > height);
    let header = luminance.mean()
        | yellow_blue.signed_mean() << 6
        | red_green.signed_mean() << 12
        | luminance.scale(31) << 18
        | (if width > height { ly } else { lx }) << 24
        | yellow_blue.scale(63) << 27
        | red_green.scale(63) << 33
        | is_landscape << 39;
    let mut bytes = header.to_le_bytes()[..5].to_vec();
    let steps: Vec<u8> = [luminance, yellow_blue, red_green].iter().flat_map(Channel::steps).collect();
    bytes.extend(steps.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |high| high << 4)));
    ThumbHash(bytes)
}

/// One channel's transform, in units of which 1 is `one`.
struct Channel {
    one: i128,
    mean: i128,
    /// The frequencies that are kept, row by row, without the mean.
    varying: Vec<i128>,
    /// The largest magnitude of those.
    largest: i128,
}

impl Channel {
    /// Transforms values of −`unit` to `unit`, and keeps the triangle of the lowest `nx` × `ny` frequencies.
    ///
    /// Values are at most 765 and cosines at most 2^18, so a row of 100 sums up to below 2^35, and 100 rows to below 2^60.
    fn of(size: Size, values: &[i32], unit: i64, (nx, ny): (u64, u64)) -> Self {
        let row_len = size.width.max(1) as usize;
        let cosines = |frequency: u64, side: u32| -> Vec<i64> {
            let frequency = u32::try_from(frequency).unwrap_or(0);
            (0..side).map(|x| cosine(frequency * (2 * x + 1), 2 * side)).collect()
        };
        let dot = |a: &[i64], b: &[i64]| -> i64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let horizontal: Vec<Vec<i64>> = (0..nx)
            .map(|cx| {
                let cosines = cosines(cx, size.width);
                values
                    .chunks(row_len)
                    .map(|row| row.iter().zip(&cosines).map(|(v, c)| i64::from(*v) * c).sum())
                    .collect()
            })
            .collect();
        let mut frequencies = Vec::new();
        for cy in 0..ny {
            let cosines = cosines(cy, size.height);
            let kept = (0..nx).zip(&horizontal).take_while(|(cx, _)| cx * ny < nx * (ny - cy));
            frequencies.extend(kept.map(|(_, column)| i128::from(dot(column, &cosines))));
        }
        let varying = frequencies.split_off(1);
        let one = (i128::from(unit) * i128::from(size.pixels())) << (2 * COSINE_BITS);
        let largest = varying.iter().map(|f| f.abs()).max().unwrap_or(0);
        Self { one, mean: frequencies[0], varying, largest }
    }

    /// The mean of a channel without negative values, in steps of 0–63.
    fn mean(&self) -> u64 {
        rounded(63 * self.mean, self.one)
    }

    /// The mean of a channel with negative values, in steps of 0–63, of which 31½ is none.
    fn signed_mean(&self) -> u64 {
        rounded(63 * (self.one + self.mean), 2 * self.one)
    }

    /// The largest magnitude, in steps of 0–`steps`.
    fn scale(&self, steps: i128) -> u64 {
        rounded(steps * self.largest, self.one)
    }

    /// The frequencies in steps of 0–15, of which 7½ is none. Where all are 0, the reference writes 0.
    fn steps(&self) -> impl Iterator<Item = u8> {
        self.varying.iter().map(|f| match self.largest {
            0 => 0,
            largest => u8::try_from(rounded(15 * (largest + f), 2 * largest)).unwrap_or(15),
        })
    }
}

/// `numerator / denominator` rounded half up, where neither is negative.
fn rounded(numerator: i128, denominator: i128) -> u64 {
    u64::try_from((2 * numerator + denominator) / (2 * denominator)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let pixels: Vec<_> = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).collect();
        let pixels: Vec<_> = pixels.into_iter().map(|(x, y)| RgbColor(pixel(x, y))).collect();
        hash(Size::new(width, height), &pixels).0
    }

    #[test]
    fn a_gray_picture_has_a_mean_and_nothing_else() {
        // The means of the differences are half of 63, rounded up.
        let header = 32 | 32 << 6 | 32 << 12 | 7_u32 << 24;
        let bytes = hashed(10, 10, |_, _| [128; 3]);
        assert_eq!(bytes[..4], header.to_le_bytes());
        assert!(bytes[4..].iter().all(|byte| *byte == 0), "{bytes:?}");
    }

    #[test]
    fn a_wide_picture_says_so_and_has_fewer_vertical_frequencies() {
        let wide = hashed(100, 50, |x, _| [u8::try_from(2 * x).unwrap(); 3]);
        let tall = hashed(50, 100, |_, y| [u8::try_from(2 * y).unwrap(); 3]);
        assert_eq!((wide[3] & 7, wide[4] >> 7), (4, 1));
        assert_eq!((tall[3] & 7, tall[4] >> 7), (4, 0));
    }

    #[test]
    fn light_to_the_right_is_the_least_step_of_the_first_frequency() {
        let bytes = hashed(50, 50, |x, _| [u8::try_from(5 * x).unwrap(); 3]);
        assert_eq!(bytes[5] & 15, 0);
    }

    #[test]
    fn one_pixel_has_a_hash() {
        assert_eq!(hashed(1, 1, |_, _| [255, 0, 0])[0] & 63, 21);
    }
}
