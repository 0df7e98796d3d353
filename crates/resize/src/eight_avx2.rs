//! The sums of [`crate::eight`] with AVX2: the same samples, bit by bit.
//!
//! The instructions used here work on the halves of a register apart. Samples are interleaved, widened and at last
//! narrowed within their half, so they end in the order in which they began.

use std::arch::x86_64::*;

use wide::u8x16;

use crate::eight::{ByteColumns, ByteRows, pairs_of};
use crate::result::Result;
use crate::weights::{Taps, Weights};

/// Samples of a row that are worked on at the same time: as many as keep their sums in registers.
const STRETCH: usize = 64;

/// [`crate::eight::blend_rows`].
#[target_feature(enable = "avx2")]
pub(crate) fn blend_rows(window: &[&[u8]], taps: Taps<'_, u8>, out: &mut [u8]) -> Result<()> {
    let pairs = pairs_of(window, taps.pairs)?;
    let (stretches, rest) = out.as_chunks_mut::<STRETCH>();
    let whole = stretches.len() * STRETCH;
    for (at, out) in (0..).step_by(STRETCH).zip(stretches) {
        let mut sums = [ByteSumsAvx2::new(taps.start), ByteSumsAvx2::new(taps.start)];
        for &([a, b], pair) in &pairs {
            let (Some(a), Some(b)) = (a[at..].first_chunk::<STRETCH>(), b[at..].first_chunk::<STRETCH>()) else {
                break;
            };
            let ([a0, a1], [b0, b1]): ([__m256i; 2], [__m256i; 2]) = (bytemuck::cast(*a), bytemuck::cast(*b));
            let pair = spread(pair);
            sums[0].add(a0, b0, pair);
            sums[1].add(a1, b1, pair);
        }
        let [first, second] = sums;
        *out = bytemuck::cast([first.samples(taps.precision), second.samples(taps.precision)]);
    }
    for (at, out) in (whole..).step_by(32).zip(rest.chunks_mut(32)) {
        let mut sums = ByteSumsAvx2::new(taps.start);
        for &([a, b], pair) in &pairs {
            sums.add(padded(&a[at..]), padded(&b[at..]), spread(pair));
        }
        let samples: [u8; 32] = bytemuck::cast(sums.samples(taps.precision));
        out.copy_from_slice(&samples[..out.len()]);
    }
    Ok(())
}

/// [`crate::eight::blend_columns`].
#[target_feature(enable = "avx2")]
pub(crate) fn blend_columns(pairs: &[ByteColumns], channels: usize, weights: &Weights<u8>, out: &mut [u8]) {
    match channels {
        1 => blend_pixels::<1>(pairs.as_chunks().0, weights, out),
        3 => blend_pixels::<3>(pairs.as_chunks().0, weights, out),
        _ => blend_pixels::<4>(pairs.as_chunks().0, weights, out),
    }
}

/// The same for a number of channels, all of which are taken with a weight before the next.
#[inline]
#[target_feature(enable = "avx2")]
fn blend_pixels<const CHANNELS: usize>(pixels: &[[ByteColumns; CHANNELS]], weights: &Weights<u8>, out: &mut [u8]) {
    let mut rows = ByteRows::new(out);
    for span in weights.spans() {
        let taps = weights.of(*span);
        let mut sums = [[_mm256_set1_epi32(taps.start); 2]; CHANNELS];
        for (pixel, &pair) in pixels[span.first / 2..].iter().zip(taps.pairs) {
            let pair = spread(pair);
            for (sums, columns) in sums.iter_mut().zip(pixel) {
                let columns: [__m256i; 2] = bytemuck::cast(*columns);
                for (sum, words) in sums.iter_mut().zip(columns) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(words, pair));
                }
            }
        }
        for sums in sums {
            rows.push(column(sums, taps.precision));
        }
    }
}

/// The sums of 16 rows as samples, saturated to 0–255.
#[inline]
#[target_feature(enable = "avx2")]
fn column(sums: [__m256i; 2], precision: u32) -> u8x16 {
    let shift = _mm_cvtsi32_si128(precision.cast_signed());
    let words = sums.map(|sum| {
        let sum = _mm256_sra_epi32(sum, shift);
        _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum))
    });
    bytemuck::cast(_mm_packus_epi16(words[0], words[1]))
}

/// The first 32 samples, or all and then zeros.
#[inline]
#[target_feature(enable = "avx2")]
fn padded(samples: &[u8]) -> __m256i {
    let mut padded = [0; 32];
    let len = samples.len().min(32);
    padded[..len].copy_from_slice(&samples[..len]);
    bytemuck::cast(padded)
}

/// A pair of weights, in all lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(pair: [i16; 2]) -> __m256i {
    _mm256_set1_epi32(bytemuck::cast(pair))
}

/// The weighted sums of 32 samples: in each register four of the first half and four of the second.
#[derive(Clone, Copy)]
struct ByteSumsAvx2([__m256i; 4]);

impl ByteSumsAvx2 {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(start: i32) -> Self {
        Self([_mm256_set1_epi32(start); 4])
    }

    /// Adds two taps: `a` times the first weight and `b` times the second.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, a: __m256i, b: __m256i, pair: __m256i) {
        let zero = _mm256_setzero_si256();
        let (low, high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b));
        let words = [
            _mm256_unpacklo_epi8(low, zero),
            _mm256_unpackhi_epi8(low, zero),
            _mm256_unpacklo_epi8(high, zero),
            _mm256_unpackhi_epi8(high, zero),
        ];
        for (sum, words) in self.0.iter_mut().zip(words) {
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(words, pair));
        }
    }

    /// The sums as samples, saturated to 0–255.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn samples(self, precision: u32) -> __m256i {
        let shift = _mm_cvtsi32_si128(precision.cast_signed());
        let [a, b, c, d] = self.0;
        let narrow = |a, b| _mm256_packs_epi32(_mm256_sra_epi32(a, shift), _mm256_sra_epi32(b, shift));
        _mm256_packus_epi16(narrow(a, b), narrow(c, d))
    }
}
