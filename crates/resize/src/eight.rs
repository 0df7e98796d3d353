//! The arithmetic of 8-bit samples: weights of 15 bits in pairs, sums of 32 bits, 16 samples at a time.
//!
//! **Why pairs.** SSE2 and NEON have no cheap multiplication of 8-bit lanes, but one that multiplies 16-bit lanes, adds
//! the products of neighbours and gives 32-bit sums (`pmaddwd`). So two rows, or two columns, are interleaved: a lane
//! pair holds the samples of both at one place, and is multiplied by a pair of weights. Where the number of taps is
//! odd, the last pair has a weight of 0.
//!
//! **Lanes.** `ByteSums` holds the sums of 16 samples in four registers of four. Interleaving bytes `a` and `b` and then
//! zeros makes `a₀ b₀ a₁ b₁ …` in 16 bits each, four pairs to a register, in the order of the samples. No value is ever
//! added across a register: the horizontal pass has sixteen rows as its lanes, not sixteen samples of one row.
//!
//! **Precision.** Weights have as many fraction bits as keep the largest below 2^15, and at most 21
//! ([`crate::weights`]).
//!
//! **No sum overflows.** The weights of a target sample add up to 1, and the negative lobes of Catmull-Rom make the sum
//! of their magnitudes 1.3 at most. With 21 fraction bits a sum of samples up to 255 stays below 255 × 1.3 × 2^21,
//! which is a third of 2^31. Rounding adds little: 2^20 for the sum, and half a unit for each weight, so 255 × 2^14 for
//! 32 768 taps. Shifted by the precision a result is within ±332, so 16 bits hold it, and the last narrowing saturates
//! to 0–255.

use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8, u8x16};

use image_ingest_samples::{block, collected};

use crate::arithmetic::CHUNK;
use crate::result::Result;
use crate::weights::{FixedPoint, Taps, Weights, power_of_two};

impl FixedPoint for u8 {
    type Weight = [i16; 2];
    type Start = i32;
    const WEIGHT_BITS: u32 = 15;
    const MOST_PRECISION: u32 = 21;

    #[expect(clippy::cast_possible_truncation, reason = "the precision keeps weights within 15 bits")]
    fn fix(weights: &[f64], precision: u32, to: &mut Vec<[i16; 2]>) -> i32 {
        let fixed = |w: Option<&f64>| w.map_or(0, |w| (w * power_of_two(precision)).round() as i16);
        to.extend(weights.chunks(2).map(|pair| [fixed(pair.first()), fixed(pair.get(1))]));
        1 << (precision - 1)
    }
}

/// Turns sixteen rows into pairs of columns: blocks of 16 × 16 samples by vector instructions.
pub(crate) fn pair_columns(rows: &[u8], row_len: usize, channels: usize, pairs: &mut [ByteColumns]) {
    let starts = (0..row_len).step_by(CHUNK * SIDE);
    for (start, pairs) in starts.zip(pairs.chunks_mut(CHUNK * SIDE / 2)) {
        let mut columns = [u8x16::ZERO; CHUNK * SIDE];
        for (at, block) in (start..).step_by(SIDE).zip(columns.as_chunks_mut().0) {
            block.iter_mut().enumerate().for_each(|(i, row)| *row = block::row(rows, i * row_len + at));
            block::transpose(block);
        }
        for (pixels, pairs) in columns.chunks_exact(2 * channels).zip(pairs.chunks_mut(channels)) {
            let (first, second) = pixels.split_at(channels);
            let columns = first.iter().zip(second);
            pairs.iter_mut().zip(columns).for_each(|(pair, (a, b))| *pair = paired(*a, *b));
        }
    }
}

/// Two columns of sixteen rows: the samples of both in row 0, in row 1 and so on, four rows in each vector.
pub(crate) type ByteColumns = [i16x8; 4];

#[inline]
fn paired(a: u8x16, b: u8x16) -> ByteColumns {
    let words = [u8x16::unpack_low(a, b), u8x16::unpack_high(a, b)];
    let words = words.map(|w| [u8x16::unpack_low(w, u8x16::ZERO), u8x16::unpack_high(w, u8x16::ZERO)]);
    cast(words)
}

/// Works on stretches of 32 samples: for each, the pairs of rows are walked once and the sums stay in registers.
///
/// What is left of a row after whole stretches is copied to a stretch of its own and padded with zeros.
pub(crate) fn blend_rows(window: &[&[u8]], taps: Taps<'_, u8>, out: &mut [u8]) -> Result<()> {
    let pairs = pairs_of(window, taps.pairs)?;
    let (stretches, rest) = out.as_chunks_mut::<STRETCH>();
    let whole = stretches.len() * STRETCH;
    for (at, out) in (0..).step_by(STRETCH).zip(stretches) {
        let stretch = |row: &[u8]| row[at..].first_chunk().copied().unwrap_or([0; STRETCH]);
        *out = blend(pairs.iter().map(|&(rows, pair)| (rows.map(stretch), pair)), taps);
    }
    let mut last = [0; STRETCH];
    let stretch = |row: &[u8]| {
        let mut padded = [0; STRETCH];
        padded[..row.len() - whole].copy_from_slice(&row[whole..]);
        padded
    };
    if !rest.is_empty() {
        last = blend(pairs.iter().map(|&(rows, pair)| (rows.map(stretch), pair)), taps);
    }
    rest.copy_from_slice(&last[..rest.len()]);
    Ok(())
}

/// Two rows, and their weights.
type WeightedBytes<'r> = ([&'r [u8]; 2], [i16; 2]);

/// The rows of a window two by two, with their weights. The last pair of an odd window is the same row twice, since its
/// second weight is 0.
pub(crate) fn pairs_of<'r>(window: &[&'r [u8]], pairs: &[[i16; 2]]) -> Result<Vec<WeightedBytes<'r>>> {
    let rows = window.chunks(2).map(|rows| [rows[0], rows.get(1).unwrap_or(&rows[0])]);
    collected(rows.zip(pairs.iter().copied()))
}

/// Makes one column of target samples after the other, and turns sixteen of them back into rows.
pub(crate) fn blend_columns(pairs: &[ByteColumns], channels: usize, weights: &Weights<u8>, out: &mut [u8]) {
    let mut rows = ByteRows::new(out);
    for span in weights.spans() {
        let taps = weights.of(*span);
        for channel in 0..channels {
            let mut sums = ByteSums::new(taps.start);
            let pairs = pairs[span.first / 2 * channels + channel..].iter().step_by(channels);
            pairs.zip(taps.pairs).for_each(|(columns, &pair)| sums.add_words(columns, pair));
            rows.push(sums.samples(taps.precision));
        }
    }
}

/// Rows and columns of a block.
pub(crate) const SIDE: usize = block::SIDE;

/// Samples of a row that the vertical pass works on at the same time: as many as keep their sums in registers.
const STRETCH: usize = 2 * SIDE;

/// The weighted sum of pairs of rows, rounded to samples.
#[inline]
fn blend(pairs: impl Iterator<Item = ([[u8; STRETCH]; 2], [i16; 2])>, taps: Taps<'_, u8>) -> [u8; STRETCH] {
    let mut sums = [ByteSums::new(taps.start), ByteSums::new(taps.start)];
    for (rows, pair) in pairs {
        let [a, b]: [[u8x16; 2]; 2] = cast(rows);
        sums[0].add(a[0], b[0], pair);
        sums[1].add(a[1], b[1], pair);
    }
    cast(sums.map(|sums| sums.samples(taps.precision)))
}

/// Target rows that are filled a column at a time: columns wait in a block, which is turned when it is full.
pub(crate) struct ByteRows<'o> {
    out: &'o mut [u8],
    row_len: usize,
    block: [u8x16; SIDE],
    /// Columns that have come.
    columns: usize,
}

impl<'o> ByteRows<'o> {
    pub(crate) fn new(out: &'o mut [u8]) -> Self {
        Self { row_len: out.len() / SIDE, out, block: [u8x16::ZERO; SIDE], columns: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, column: u8x16) {
        self.block[self.columns % SIDE] = column;
        self.columns += 1;
        if self.columns.is_multiple_of(SIDE) || self.columns == self.row_len {
            self.write();
        }
    }

    /// Writes the columns of the block to their places.
    fn write(&mut self) {
        block::transpose(&mut self.block);
        let rows = self.block;
        let at = (self.columns - 1) / SIDE * SIDE;
        let count = self.columns - at;
        for (row, samples) in self.out.chunks_exact_mut(self.row_len).zip(rows) {
            match row[at..].first_chunk_mut() {
                Some(whole) if count == SIDE => *whole = samples.to_array(),
                _ => row[at..at + count].copy_from_slice(&samples.as_array()[..count]),
            }
        }
    }
}

/// The weighted sums of 16 samples.
struct ByteSums([i32x4; 4]);

impl ByteSums {
    fn new(start: i32) -> Self {
        Self([i32x4::splat(start); 4])
    }

    /// Adds two taps: `a` times the first weight and `b` times the second.
    #[inline]
    fn add(&mut self, a: u8x16, b: u8x16, pair: [i16; 2]) {
        self.add_words(&paired(a, b), pair);
    }

    /// Adds two taps of samples that are paired.
    #[inline]
    fn add_words(&mut self, words: &ByteColumns, pair: [i16; 2]) {
        let pair: i16x8 = cast(i32x4::splat(cast(pair)));
        for (sum, words) in self.0.iter_mut().zip(words) {
            *sum += words.dot(pair);
        }
    }

    /// The sums as samples, saturated to 0–255.
    #[inline]
    fn samples(self, precision: u32) -> u8x16 {
        let [a, b, c, d] = self.0.map(|sum| sum >> precision);
        let narrow = |a: i32x4, b: i32x4| i16x8::from_i32x8_saturate(cast::<_, i32x8>([a, b]));
        u8x16::narrow_i16x8(narrow(a, b), narrow(c, d))
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Avx2;

    use super::*;
    use crate::arithmetic::Arithmetic;
    use crate::axis::StoredAxis;

    /// A weighted sum in 64 bits, tap by tap.
    fn slow(samples: impl Iterator<Item = u8>, taps: Taps<'_, u8>) -> u8 {
        let weights = taps.pairs.iter().flatten();
        let sum: i64 = samples.zip(weights).map(|(sample, &weight)| i64::from(sample) * i64::from(weight)).sum();
        u8::try_from(((sum + (1 << (taps.precision - 1))) >> taps.precision).clamp(0, 255)).unwrap()
    }

    /// Noise, with stretches of both extremes in the shape of the filter's lobes, which drive sums out of range.
    fn samples(len: usize) -> Vec<u8> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        (0..len).map(|i| if i / 64 % 2 == 0 { next() } else { [0, 255][i / 4 % 2] }).collect()
    }

    #[test]
    fn rows_are_the_sums_of_a_slow_reference() {
        for (rows, target) in [(16, 8), (17, 5), (300, 2), (9, 8), (4, 9)] {
            let weights = Weights::<u8>::new(&StoredAxis::whole(rows, target)).unwrap().unwrap();
            for row_len in [1, 31, 32, 33, 100] {
                let picture = samples(rows as usize * row_len);
                let rows: Vec<&[u8]> = picture.chunks(row_len).collect();
                for span in weights.spans() {
                    let window = &rows[span.first..span.end];
                    for avx2 in [None, Avx2::find()] {
                        let mut out = vec![0; row_len];
                        u8::blend_rows(window, weights.of(*span), &mut out, avx2).unwrap();
                        let wanted = (0..row_len).map(|x| slow(window.iter().map(|r| r[x]), weights.of(*span)));
                        assert!(wanted.eq(out), "{row_len} × {} to {target}, {avx2:?}", rows.len());
                    }
                }
            }
        }
    }

    #[test]
    fn columns_are_the_sums_of_a_slow_reference() {
        for (pixels, target) in [(16, 8), (33, 7), (300, 20), (5, 11)] {
            for channels in [1, 3, 4] {
                let weights = Weights::<u8>::paired(&StoredAxis::whole(pixels, target)).unwrap().unwrap();
                let (row_len, out_len) = (pixels as usize * channels, target as usize * channels);
                let rows = samples(row_len * SIDE + CHUNK * SIDE);
                let mut pairs = vec![Default::default(); row_len.next_multiple_of(CHUNK * SIDE) / 2];
                u8::pair_columns(&rows, row_len, channels, &mut pairs);
                let [mut out, mut by_avx2] = [(); 2].map(|()| vec![0; out_len * 16]);
                u8::blend_columns(&pairs, channels, &weights, &mut out, None);
                u8::blend_columns(&pairs, channels, &weights, &mut by_avx2, Avx2::find());
                assert!(out == by_avx2, "{pixels} to {target}");
                for (row, out) in rows.chunks(row_len).zip(out.chunks(out_len)) {
                    for (i, &found) in out.iter().enumerate() {
                        let span = weights.span(i / channels).unwrap();
                        let taps = row.iter().skip(span.first * channels + i % channels).step_by(channels);
                        assert_eq!(found, slow(taps.copied(), weights.of(span)));
                    }
                }
            }
        }
    }

    /// The largest and the smallest sums there are: white under all positive weights and black under all negative ones,
    /// and the reverse.
    #[test]
    fn sums_beyond_the_range_saturate() {
        for (rows, target) in [(16, 8), (4096, 16), (32_768, 1)] {
            let weights = Weights::<u8>::new(&StoredAxis::whole(rows, target)).unwrap().unwrap();
            let span = weights.span(target as usize / 2).unwrap();
            for (positive, wanted) in [(255, 255), (0, 0)] {
                let taps = weights.of(span).pairs.iter().flatten().take(span.end - span.first);
                let rows: Vec<Vec<u8>> = taps.map(|w| vec![if *w > 0 { positive } else { 255 - positive }]).collect();
                let window: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
                for avx2 in [None, Avx2::find()] {
                    let mut out = [77];
                    u8::blend_rows(&window, weights.of(span), &mut out, avx2).unwrap();
                    assert_eq!(out, [wanted], "{target}, {avx2:?}");
                }
            }
        }
    }
}
