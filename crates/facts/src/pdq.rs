//! The PDQ hash: 256 bits that change little when a picture is reduced, compressed or recoloured a little.
//!
//! Published by Meta with its reference implementation (ThreatExchange, `pdq`). The picture's luma is filtered to 64 × 64
//! samples, of whose cosine transform the frequencies 1–16 of either axis are compared with their median.

use std::f64::consts::PI;
use std::fmt;

use crate::axis::{PDQ_SIDE, WEIGHT_BITS};

/// A PDQ hash.
///
/// Two pictures are taken for the same where at most 31 of the 256 bits differ. It is written as 64 hex digits, as other
/// implementations write it: the bits of the highest vertical frequency come first.
///
/// ```
/// use image_ingest_facts::PdqHash;
///
/// let (one, other) = (PdqHash([0xF0; 32]), PdqHash([0xF1; 32]));
/// assert_eq!(one.distance(&other), 32);
/// assert_eq!(one.to_string(), "f0".repeat(32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PdqHash(pub [u8; 32]);

impl PdqHash {
    /// The number of bits that differ, 0–256.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl fmt::Display for PdqHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// 64 × 64 samples of luma, 0–255, row by row.
pub(crate) struct PdqSamples(pub(crate) Vec<[f32; PDQ_SIDE]>);

impl PdqSamples {
    pub(crate) fn zero() -> Self {
        Self(vec![[0.0; PDQ_SIDE]; PDQ_SIDE])
    }

    /// The points of a grid to which luma with [`LUMA_BITS`] fraction bits was added.
    #[expect(clippy::cast_possible_truncation, reason = "a sample is rounded to 24 bits")]
    pub(crate) fn of_sums(sums: &[[u64; 1]]) -> Self {
        let one = (1_u64 << (2 * WEIGHT_BITS + LUMA_BITS)) as f64;
        let mut samples = Self::zero();
        for (sample, [sum]) in samples.0.as_flattened_mut().iter_mut().zip(sums) {
            *sample = (*sum as f64 / one) as f32;
        }
        samples
    }
}

/// The hash of samples of luma, and its quality, 0–100.
///
/// Sums are made one by one and in the reference's order, in 32 bits: where a frequency is nothing but rounding, so is its bit.
pub(crate) fn hash(samples: &PdqSamples) -> (PdqHash, u8) {
    let cosines = cosines();
    // Vertical frequencies of every column, then horizontal ones of those.
    let mut coefficients = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
    for of_row in &cosines {
        let mut sums = [0.0; PDQ_SIDE];
        for (row, cosine) in samples.0.iter().zip(of_row) {
            sums.iter_mut().zip(row).for_each(|(sum, sample)| *sum += cosine * sample);
        }
        let dot =
            |cosines: &[f32; PDQ_SIDE]| sums.iter().zip(cosines).fold(0.0, |dot, (sum, cosine)| dot + sum * cosine);
        coefficients.extend(cosines.iter().map(dot));
    }
    (above_median(&coefficients), quality(&samples.0))
}

/// The rows of the cosine transform for the frequencies from 1 on.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is the reference's")]
fn cosines() -> [[f32; PDQ_SIDE]; FREQUENCIES] {
    let scale = f64::from((2.0 / PDQ_SIDE as f64).sqrt() as f32);
    let cosine = |frequency: usize, at: usize| {
        let angle = PI / 2.0 / PDQ_SIDE as f64 * frequency as f64 * (2 * at + 1) as f64;
        (scale * libm::cos(angle)) as f32
    };
    std::array::from_fn(|row| std::array::from_fn(|at| cosine(row + 1, at)))
}

/// A bit for each coefficient that is above the median, the lower of the two in the middle. Bit `16 × v + h` is that of the
/// vertical frequency `v` and the horizontal one `h`; the last is the highest bit of the first byte.
fn above_median(coefficients: &[f32]) -> PdqHash {
    let mut sorted = coefficients.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2 - 1];
    let mut hash = [0; 32];
    for (byte, coefficients) in hash.iter_mut().rev().zip(coefficients.chunks_exact(8)) {
        for (bit, coefficient) in coefficients.iter().enumerate() {
            *byte |= u8::from(*coefficient > median) << bit;
        }
    }
    PdqHash(hash)
}

/// How much there is to hash: the steps between neighbours in hundredths of white, each rounded down, over 90, at most 100.
#[expect(clippy::cast_possible_truncation, reason = "a step is at most 100")]
fn quality(samples: &[[f32; PDQ_SIDE]]) -> u8 {
    let steps = |a: &f32, b: &f32| u32::from(((a - b) * 100.0 / 255.0).abs() as u8);
    let below = samples.iter().zip(&samples[1..]).flat_map(|(row, next)| row.iter().zip(next));
    let beside = samples.iter().flat_map(|row| row.iter().zip(&row[1..]));
    let sum: u32 = below.chain(beside).map(|(a, b)| steps(a, b)).sum();
    u8::try_from(sum / 90).map_or(100, |quality| quality.min(100))
}

/// Fraction bits of luma as it is added to the grid.
pub(crate) const LUMA_BITS: u32 = 10;
/// Frequencies of an axis, from the first above the mean on.
const FREQUENCIES: usize = 16;

/// The hash and the quality of a picture that is too small for a hash: the reference asks for 5 pixels on each side.
pub(crate) const NO_HASH: (PdqHash, u8) = (PdqHash([0; 32]), 0);
/// The shortest side that has a hash.
pub(crate) const MIN_SIDE: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(luma: impl Fn(usize, usize) -> u8) -> (PdqHash, u8) {
        let bits = 2 * WEIGHT_BITS + LUMA_BITS;
        let sums: Vec<_> = (0..64 * 64).map(|i| [u64::from(luma(i % 64, i / 64)) << bits]).collect();
        hash(&PdqSamples::of_sums(&sums))
    }

    #[test]
    fn a_flat_picture_has_no_quality() {
        assert_eq!(of(|_, _| 77).1, 0);
    }

    #[test]
    fn a_black_picture_has_no_bits() {
        assert_eq!(of(|_, _| 0), NO_HASH);
    }

    #[test]
    fn the_first_bit_is_the_lowest_frequency_of_both_axes() {
        // Bright in the upper left and the lower right corner: the product of the lowest frequencies is all there is to see.
        let (hash, quality) = of(|x, y| if (x < 32) == (y < 32) { 200 } else { 40 });
        assert_eq!(hash.0[31] & 1, 1);
        assert_eq!(quality, u8::try_from((62 * 64 * 2) / 90).unwrap());
    }

    #[test]
    fn a_negative_has_the_other_bits() {
        let noise = |x: usize, y: usize| u8::try_from((x * 7919 + y * 104_729 + x * y * 31) % 256).unwrap();
        let positive = of(noise).0;
        let negative = of(|x, y| 255 - noise(x, y)).0;
        assert!(positive.distance(&negative) >= 255, "the median itself may be on the same side of both");
    }

    #[test]
    fn half_of_the_bits_of_noise_are_set() {
        let noise = |x: usize, y: usize| u8::try_from((x * 7919 + y * 104_729 + x * y * 31) % 256).unwrap();
        let (hash, quality) = of(noise);
        assert_eq!(hash.0.iter().map(|byte| byte.count_ones()).sum::<u32>(), 128);
        assert_eq!(quality, 100);
    }
}
