//! The arithmetic of 16-bit samples: weights of 31 bits, sums of 64 bits.
//!
//! **Sign apart.** SSE2 multiplies unsigned 32-bit lanes to 64 bits (`pmuludq`) and has no signed form. So a product is
//! that of the magnitudes, and a negative weight subtracts it. Sums are kept as `u64` in two's complement; they wrap
//! below 0 and come back when they are read as `i64`.
//!
//! **No sum overflows.** With at most 45 fraction bits and magnitudes of weights that add up to 1.3 at most (see
//! [`crate::eight`]), a sum stays below 65 535 × 1.3 × 2^45 < 2^62.

use crate::arithmetic::Arithmetic;
use crate::weights::{FixedPoint, Weights};

impl FixedPoint for u16 {
    type Weight = i32;
    const WEIGHT_BITS: u32 = 31;
    const MOST_PRECISION: u32 = 45;

    #[expect(clippy::cast_possible_truncation, reason = "the precision keeps weights within 31 bits")]
    fn fix(weights: &[f64], one: f64, to: &mut Vec<i32>) {
        to.extend(weights.iter().map(|w| (w * one).round() as i32));
    }
}

impl Arithmetic for u16 {
    type Column = [Self; 4];
    const LANES: usize = 4;
    const VERTICAL_FIRST: bool = false;

    fn blend_rows(window: &[&[Self]], weights: &[i32], precision: u32, out: &mut [Self]) {
        for (stretch, out) in out.chunks_mut(STRETCH).enumerate() {
            let mut sums = [half(precision); STRETCH];
            for (row, &weight) in window.iter().zip(weights) {
                let row = &row[stretch * STRETCH..];
                match row.first_chunk::<STRETCH>() {
                    Some(samples) => add(&mut sums, samples, weight),
                    None => add(&mut sums[..row.len()], row, weight),
                }
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sample(sum, precision));
        }
    }

    fn transpose(rows: &[Self], row_len: usize, columns: &mut [[Self; 4]]) {
        for (at, column) in columns.iter_mut().enumerate().take(row_len) {
            *column = std::array::from_fn(|row| rows[row * row_len + at]);
        }
    }

    fn blend_columns(columns: &[[Self; 4]], channels: usize, weights: &Weights<Self>, out: &mut [Self]) {
        let row_len = out.len() / Self::LANES;
        let spans = weights.spans().iter();
        let samples = spans.flat_map(|span| (0..channels).map(move |channel| (span, channel)));
        for (at, (span, channel)) in samples.enumerate() {
            let mut sums = [half(weights.precision); 4];
            let taps = columns[span.first * channels + channel..].iter().step_by(channels);
            taps.zip(weights.of(*span)).for_each(|(column, &weight)| add(&mut sums, column, weight));
            for (row, sum) in sums.into_iter().enumerate() {
                out[row * row_len + at] = sample(sum, weights.precision);
            }
        }
    }
}

/// Samples of a row that the vertical pass works on at the same time.
const STRETCH: usize = 16;

/// Half a unit, so that the shift of [`sample`], which rounds down, rounds to nearest.
fn half(precision: u32) -> u64 {
    1 << (precision - 1)
}

/// Adds one tap to each sum.
#[inline]
fn add(sums: &mut [u64], samples: &[u16], weight: i32) {
    let magnitude = weight.unsigned_abs();
    let product = |sample: &u16| u64::from(u32::from(*sample)) * u64::from(magnitude);
    if weight < 0 {
        sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum = sum.wrapping_sub(product(sample)));
    } else {
        sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum = sum.wrapping_add(product(sample)));
    }
}

/// A sum as a sample, saturated to 0–65 535.
#[inline]
fn sample(sum: u64, precision: u32) -> u16 {
    let rounded = sum.cast_signed() >> precision;
    u16::try_from(rounded.clamp(0, 65_535)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduction::Extent;

    /// A weighted sum in 128 bits, tap by tap.
    fn slow(taps: impl Iterator<Item = u16>, weights: &[i32], precision: u32) -> u16 {
        let sum: i128 = taps.zip(weights).map(|(sample, &weight)| i128::from(sample) * i128::from(weight)).sum();
        u16::try_from(((sum + (1 << (precision - 1))) >> precision).clamp(0, 65_535)).unwrap()
    }

    fn samples(len: usize) -> Vec<u16> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(state >> 16).unwrap()
        };
        (0..len).map(|i| if i / 64 % 2 == 0 { next() } else { [0, u16::MAX][i / 4 % 2] }).collect()
    }

    #[test]
    fn rows_and_columns_are_the_sums_of_a_slow_reference() {
        for (len, target) in [(16, 8), (17, 5), (300, 2), (4, 9)] {
            let weights = Weights::<u16>::new(&Extent::whole(len), target).unwrap().unwrap();
            let (len, target) = (len as usize, target as usize);
            let picture = samples(len * 20);
            let rows: Vec<&[u16]> = picture.chunks(20).collect();
            let mut columns = vec![[0; 4]; len + 1];
            u16::transpose(&picture[..len * 4], len, &mut columns);
            let mut across = vec![0; target * 4];
            u16::blend_columns(&columns, 1, &weights, &mut across);
            for (i, span) in weights.spans().iter().enumerate() {
                let (window, of) = (&rows[span.first..span.end], weights.of(*span));
                let mut out = vec![0; 20];
                u16::blend_rows(window, of, weights.precision, &mut out);
                assert!((0..20).map(|x| slow(window.iter().map(|r| r[x]), of, weights.precision)).eq(out));
                for row in 0..4 {
                    let taps = picture[row * len + span.first..row * len + span.end].iter().copied();
                    assert_eq!(across[row * target + i], slow(taps, of, weights.precision));
                }
            }
        }
    }

    #[test]
    fn sums_beyond_the_range_saturate() {
        let weights = Weights::<u16>::new(&Extent::whole(4096), 16).unwrap().unwrap();
        let span = weights.span(8).unwrap();
        for (positive, wanted) in [(u16::MAX, u16::MAX), (0, 0)] {
            let taps = weights.of(span).iter();
            let rows: Vec<[u16; 1]> = taps.map(|w| [if *w > 0 { positive } else { u16::MAX - positive }]).collect();
            let window: Vec<&[u16]> = rows.iter().map(|row| &row[..]).collect();
            let mut out = [77];
            u16::blend_rows(&window, weights.of(span), weights.precision, &mut out);
            assert_eq!(out, [wanted]);
        }
    }
}
