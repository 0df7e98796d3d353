//! The arithmetic of 16-bit samples: 32-bit weights and 64-bit sums.

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
    const DOWN_FIRST: bool = false;

    fn blend_rows(window: &[&[Self]], weights: &[i32], precision: u32, out: &mut [Self]) {
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [half(precision); BLOCK];
            for (row, &weight) in window.iter().zip(weights) {
                let row = &row[block * BLOCK..];
                match row.first_chunk::<BLOCK>() {
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

const BLOCK: usize = 16;

fn half(precision: u32) -> u64 {
    1 << (precision - 1)
}

/// Sums are 64-bit integers in two's complement; apart by sign, a product is one of 32 × 32 bits.
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

#[inline]
fn sample(sum: u64, precision: u32) -> u16 {
    let rounded = sum.cast_signed() >> precision;
    u16::try_from(rounded.clamp(0, 65_535)).unwrap_or(u16::MAX)
}
