//! The arithmetic of 8-bit samples: 16-bit weights in pairs, 32-bit sums, 16 samples at once.

use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8, u8x16};

use crate::arithmetic::Arithmetic;
use crate::weights::{FixedPoint, Weights};
use image_ingest_samples::block::{self, transposed};

impl FixedPoint for u8 {
    /// Two taps; an odd last one is paired with 0.
    type Weight = [i16; 2];
    const WEIGHT_BITS: u32 = 15;
    const MOST_PRECISION: u32 = 21;

    #[expect(clippy::cast_possible_truncation, reason = "the precision keeps weights within 15 bits")]
    fn fix(weights: &[f64], one: f64, to: &mut Vec<[i16; 2]>) {
        let fixed = |w: Option<&f64>| w.map_or(0, |w| (w * one).round() as i16);
        to.extend(weights.chunks(2).map(|pair| [fixed(pair.first()), fixed(pair.get(1))]));
    }
}

impl Arithmetic for u8 {
    type Column = u8x16;
    const LANES: usize = 16;
    const DOWN_FIRST: bool = true;

    fn blend_rows(window: &[&[Self]], weights: &[[i16; 2]], precision: u32, out: &mut [Self]) {
        let (blocks, rest) = out.as_chunks_mut::<STRETCH>();
        let pairs = window.chunks(2).map(|rows| [rows[0], rows.get(1).unwrap_or(&rows[0])]);
        let pairs: Vec<([&[Self]; 2], [i16; 2])> = pairs.zip(weights.iter().copied()).collect();
        let whole = blocks.len() * STRETCH;
        for (at, out) in (0..).step_by(STRETCH).zip(blocks) {
            let stretch = |row: &[Self]| row[at..].first_chunk().copied().unwrap_or([0; STRETCH]);
            *out = blend(pairs.iter().map(|&(rows, pair)| (rows.map(stretch), pair)), precision);
        }
        let mut last = [0; STRETCH];
        let stretch = |row: &[Self]| {
            let mut padded = [0; STRETCH];
            padded[..row.len() - whole].copy_from_slice(&row[whole..]);
            padded
        };
        if !rest.is_empty() {
            last = blend(pairs.iter().map(|&(rows, pair)| (rows.map(stretch), pair)), precision);
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }

    fn transpose(rows: &[Self], row_len: usize, columns: &mut [u8x16]) {
        let whole = row_len / BLOCK * BLOCK;
        for at in (0..whole).step_by(BLOCK) {
            let tile = std::array::from_fn(|row| block::row(rows, row * row_len + at));
            columns[at..at + BLOCK].copy_from_slice(&transposed(tile));
        }
        for (at, column) in columns.iter_mut().enumerate().take(row_len).skip(whole) {
            *column = std::array::from_fn(|row| rows[row * row_len + at]).into();
        }
    }

    fn blend_columns(columns: &[u8x16], channels: usize, weights: &Weights<Self>, out: &mut [Self]) {
        let row_len = out.len() / Self::LANES;
        let mut tile = [u8x16::ZERO; BLOCK];
        let spans = weights.spans().iter();
        let samples = spans.flat_map(|span| (0..channels).map(move |channel| (span, channel)));
        for (at, (span, channel)) in samples.enumerate() {
            let mut sums = Sums::new(weights.precision);
            let taps = columns[span.first * channels + channel..].chunks(2 * channels);
            for (pixels, &pair) in taps.zip(weights.of(*span)) {
                sums.add(pixels[0], pixels[channels], pair);
            }
            tile[at % BLOCK] = sums.samples(weights.precision);
            if at % BLOCK == BLOCK - 1 || at == row_len - 1 {
                store(tile, at % BLOCK + 1, out, row_len, at / BLOCK * BLOCK);
            }
        }
    }
}

/// Samples worked on at once.
const BLOCK: usize = block::SIDE;

/// Samples of a row worked on at once: as many as keep their sums in registers.
const STRETCH: usize = 2 * BLOCK;

/// Sums of pairs of rows.
#[inline]
fn blend(pairs: impl Iterator<Item = ([[u8; STRETCH]; 2], [i16; 2])>, precision: u32) -> [u8; STRETCH] {
    let mut sums = [Sums::new(precision), Sums::new(precision)];
    for (rows, pair) in pairs {
        let [a, b]: [[u8x16; 2]; 2] = cast(rows);
        sums[0].add(a[0], b[0], pair);
        sums[1].add(a[1], b[1], pair);
    }
    cast(sums.map(|sums| sums.samples(precision)))
}

/// Writes the first `columns` of a tile as rows.
fn store(tile: [u8x16; BLOCK], columns: usize, out: &mut [u8], row_len: usize, at: usize) {
    for (row, samples) in out.chunks_exact_mut(row_len).zip(transposed(tile)) {
        row[at..at + columns].copy_from_slice(&samples.as_array()[..columns]);
    }
}

/// Weighted sums of 16 samples.
struct Sums([i32x4; 4]);

impl Sums {
    fn new(precision: u32) -> Self {
        Self([i32x4::splat(1 << (precision - 1)); 4])
    }

    /// Adds two taps.
    #[inline]
    fn add(&mut self, a: u8x16, b: u8x16, pair: [i16; 2]) {
        let pair: i16x8 = cast(i32x4::splat(cast(pair)));
        let (low, high) = (u8x16::unpack_low(a, b), u8x16::unpack_high(a, b));
        let words = [
            u8x16::unpack_low(low, u8x16::ZERO),
            u8x16::unpack_high(low, u8x16::ZERO),
            u8x16::unpack_low(high, u8x16::ZERO),
            u8x16::unpack_high(high, u8x16::ZERO),
        ];
        for (sum, words) in self.0.iter_mut().zip(words) {
            *sum += i16x8::dot(cast(words), pair);
        }
    }

    /// Rounds to samples.
    #[inline]
    fn samples(self, precision: u32) -> u8x16 {
        let [a, b, c, d] = self.0.map(|sum| sum >> precision);
        let narrow = |a: i32x4, b: i32x4| i16x8::from_i32x8_saturate(cast::<_, i32x8>([a, b]));
        u8x16::narrow_i16x8(narrow(a, b), narrow(c, d))
    }
}
