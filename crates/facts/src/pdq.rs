//! The PDQ hash: 256 bits that change little when a picture is reduced, compressed or recoloured a little.
//!
//! Published by Meta with its reference implementation (ThreatExchange, `pdq`). The picture's luma is filtered to 64 × 64
//! samples, of whose cosine transform the frequencies 1–16 of either axis are compared with their median.

use std::fmt;

use crate::axis::{PDQ_SIDE, WEIGHT_BITS};
use crate::cosine::cosine;

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

/// The hash of 64 × 64 samples of luma, and its quality, 0–100. A sample of 255 is `255 << fraction_bits`.
///
/// Samples are below 2^18 and cosines at most 2^18. 64 products of them are below 2^42, and 64 products of those sums, of which
/// the low bits are dropped, below 2^60.
pub(crate) fn hash(sums: &[[u64; 1]]) -> (PdqHash, u8) {
    let samples: Vec<i64> = sums.iter().map(|[sum]| sample(*sum)).collect();
    let cosines: Vec<i64> =
        (1..=FREQUENCIES).flat_map(|k| (0..64).map(move |x| cosine(k * (2 * x + 1), 128))).collect();
    let frequencies = || cosines.chunks_exact(PDQ_SIDE);
    // Vertical frequencies of every column, then horizontal ones of those.
    let columns: Vec<Vec<i64>> = frequencies()
        .map(|cosines| {
            let mut sums = vec![0; PDQ_SIDE];
            for (row, cosine) in samples.chunks_exact(PDQ_SIDE).zip(cosines) {
                sums.iter_mut().zip(row).for_each(|(sum, sample)| *sum += sample * cosine);
            }
            sums
        })
        .collect();
    let dot = |row: &[i64], cosines: &[i64]| row.iter().zip(cosines).map(|(value, cosine)| (value >> 8) * cosine).sum();
    let coefficients: Vec<i64> =
        columns.iter().flat_map(|row| frequencies().map(move |cosines| dot(row, cosines))).collect();
    (above_median(&coefficients), quality(&samples))
}

/// A bit for each coefficient that is above the median, the lower of the two in the middle. Bit `16 × v + h` is that of the
/// vertical frequency `v` and the horizontal one `h`; the last is the highest bit of the first byte.
fn above_median(coefficients: &[i64]) -> PdqHash {
    let mut sorted = coefficients.to_vec();
    sorted.sort_unstable();
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
fn quality(samples: &[i64]) -> u8 {
    let steps = |a: &i64, b: &i64| a.abs_diff(*b) * 100 / (255 << SAMPLE_BITS);
    let below: u64 = samples.iter().zip(&samples[PDQ_SIDE..]).map(|(a, b)| steps(a, b)).sum();
    let rows = samples.chunks_exact(PDQ_SIDE);
    let beside: u64 = rows.map(|row| row.iter().zip(&row[1..]).map(|(a, b)| steps(a, b)).sum::<u64>()).sum();
    u8::try_from((below + beside) / 90).map_or(100, |quality| quality.min(100))
}

/// A weighted sum, rounded to the fraction bits of a sample.
fn sample(sum: u64) -> i64 {
    let dropped = 2 * WEIGHT_BITS + LUMA_BITS - SAMPLE_BITS;
    i64::try_from((sum + (1 << (dropped - 1))) >> dropped).unwrap_or(i64::MAX)
}

/// Fraction bits of luma as it is added to the grid.
pub(crate) const LUMA_BITS: u32 = 10;
/// Fraction bits of luma as it is transformed.
const SAMPLE_BITS: u32 = 10;
/// Frequencies of an axis, from the first above the mean on.
const FREQUENCIES: u32 = 16;

/// The hash and the quality of a picture that is too small for a hash: the reference asks for 5 pixels on each side.
pub(crate) const NO_HASH: (PdqHash, u8) = (PdqHash([0; 32]), 0);
/// The shortest side that has a hash.
pub(crate) const MIN_SIDE: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(luma: impl Fn(usize, usize) -> u8) -> Vec<[u64; 1]> {
        let bits = 2 * WEIGHT_BITS + LUMA_BITS;
        (0..64 * 64).map(|i| [u64::from(luma(i % 64, i / 64)) << bits]).collect()
    }

    #[test]
    fn a_flat_picture_has_no_quality_and_no_bits() {
        assert_eq!(hash(&sums(|_, _| 77)), NO_HASH);
    }

    #[test]
    fn the_first_bit_is_the_lowest_frequency_of_both_axes() {
        // Bright in the upper left and the lower right corner: the product of the lowest frequencies is all there is to see.
        let (hash, quality) = hash(&sums(|x, y| if (x < 32) == (y < 32) { 200 } else { 40 }));
        assert_eq!(hash.0[31] & 1, 1);
        assert_eq!(quality, u8::try_from((62 * 64 * 2) / 90).unwrap());
    }

    #[test]
    fn a_negative_has_the_other_bits() {
        let noise = |x: usize, y: usize| u8::try_from((x * 7919 + y * 104_729 + x * y * 31) % 256).unwrap();
        let positive = hash(&sums(noise)).0;
        let negative = hash(&sums(|x, y| 255 - noise(x, y))).0;
        assert!(positive.distance(&negative) >= 255, "the median itself may be on the same side of both");
    }

    #[test]
    fn half_of_the_bits_of_noise_are_set() {
        let noise = |x: usize, y: usize| u8::try_from((x * 7919 + y * 104_729 + x * y * 31) % 256).unwrap();
        let (hash, quality) = hash(&sums(noise));
        assert_eq!(hash.0.iter().map(|byte| byte.count_ones()).sum::<u32>(), 128);
        assert_eq!(quality, 100);
    }
}
