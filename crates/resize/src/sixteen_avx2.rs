//! The sums of [`crate::sixteen`] with AVX2: the same samples, bit by bit.

use std::arch::x86_64::*;

use crate::result::Result;
use crate::sixteen::{
    MOST_WITHOUT_TOP, PAIRS_BETWEEN_CARRIES, PART_BITS, PARTS, WeightParts, WordColumns, WordRows, pairs_of,
};
use crate::weights::{Taps, Weights};

/// Samples of a row that are worked on at the same time.
const STRETCH: usize = 16;

/// [`crate::sixteen::blend_rows`].
#[target_feature(enable = "avx2")]
pub(crate) fn blend_rows(window: &[&[u16]], taps: Taps<'_, u16>, out: &mut [u16]) -> Result<()> {
    let pairs = pairs_of(window, taps.pairs)?;
    for (at, out) in (0..).step_by(STRETCH).zip(out.chunks_mut(STRETCH)) {
        let mut sums = WordSumsAvx2::<2>::new(taps);
        for &([a, b], parts) in &pairs {
            let (a, b) = (stretch(&a[at..]), stretch(&b[at..]));
            sums.add([_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)], parts);
        }
        let [low, high] = sums.finish();
        let samples: [u16; STRETCH] = bytemuck::cast(flip(_mm256_packs_epi32(low, high)));
        out.copy_from_slice(&samples[..out.len()]);
    }
    Ok(())
}

/// [`crate::sixteen::blend_columns`].
#[target_feature(enable = "avx2")]
pub(crate) fn blend_columns(pairs: &[WordColumns], channels: usize, weights: &Weights<u16>, out: &mut [u16]) {
    match channels {
        1 => blend_pixels::<1>(pairs.as_chunks().0, weights, out),
        3 => blend_pixels::<3>(pairs.as_chunks().0, weights, out),
        _ => blend_pixels::<4>(pairs.as_chunks().0, weights, out),
    }
}

/// The same for a number of channels, all of which are taken with a weight before the next.
#[inline]
#[target_feature(enable = "avx2")]
fn blend_pixels<const CHANNELS: usize>(pixels: &[[WordColumns; CHANNELS]], weights: &Weights<u16>, out: &mut [u16]) {
    let mut rows = WordRows::new(out);
    for span in weights.spans() {
        let taps = weights.of(*span);
        let mut sums = WordSumsAvx2::<CHANNELS>::new(taps);
        for (pixel, parts) in pixels[span.first / 2..].iter().zip(taps.pairs) {
            sums.add(pixel.map(bytemuck::cast), parts);
        }
        for sums in sums.finish() {
            let samples = _mm256_permute4x64_epi64::<0b10_00>(flip(_mm256_packs_epi32(sums, sums)));
            rows.push(bytemuck::cast(_mm256_castsi256_si128(samples)));
        }
    }
}

/// The first 16 samples, or all and then zeros, less 32 768.
#[inline]
#[target_feature(enable = "avx2")]
fn stretch(samples: &[u16]) -> __m256i {
    flip(match samples.first_chunk::<STRETCH>() {
        Some(samples) => bytemuck::cast(*samples),
        None => {
            let mut padded = [0; STRETCH];
            padded[..samples.len()].copy_from_slice(samples);
            bytemuck::cast(padded)
        }
    })
}

/// Takes 32 768 from samples, or adds it to what they are without it.
#[inline]
#[target_feature(enable = "avx2")]
fn flip(samples: __m256i) -> __m256i {
    _mm256_xor_si256(samples, _mm256_set1_epi16(i16::MIN))
}

/// The weighted sums of 8 · `N` samples; see [`crate::sixteen`].
#[derive(Clone, Copy)]
struct WordSumsAvx2<const N: usize> {
    parts: [[__m256i; N]; PARTS],
    top: [__m256i; N],
    precision: u32,
    pairs: usize,
}

impl<const N: usize> WordSumsAvx2<N> {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(taps: Taps<'_, u16>) -> Self {
        let [low, middle, high] = taps.start;
        let parts = [low, middle, high].map(|part| [_mm256_set1_epi32(part); N]);
        Self { parts, top: [_mm256_setzero_si256(); N], precision: taps.precision, pairs: 0 }
    }

    /// Adds two taps of samples, which are interleaved.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, samples: [__m256i; N], parts: &WeightParts) {
        if self.pairs == PAIRS_BETWEEN_CARRIES {
            self.carry();
        }
        self.pairs += 1;
        for (sums, part) in self.parts.iter_mut().zip(parts) {
            let weights = _mm256_set1_epi32(bytemuck::cast(*part));
            for (sum, samples) in sums.iter_mut().zip(samples) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(samples, weights));
            }
        }
    }

    /// Leaves the last bits of each part and adds the others to the next.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn carry(&mut self) {
        self.pairs = 0;
        let [low, middle, high] = &mut self.parts;
        carry(low, middle);
        carry(middle, high);
        if self.precision > MOST_WITHOUT_TOP {
            carry(high, &mut self.top);
        }
    }

    /// The sums less their fraction bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn finish(mut self) -> [__m256i; N] {
        self.carry();
        let (sums, bits) =
            if self.precision > MOST_WITHOUT_TOP { (self.top, 3 * PART_BITS) } else { (self.parts[2], 2 * PART_BITS) };
        let shift = _mm_cvtsi32_si128((self.precision - bits).cast_signed());
        sums.map(|sum| _mm256_sra_epi32(sum, shift))
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn carry<const N: usize>(from: &mut [__m256i; N], to: &mut [__m256i; N]) {
    const SHIFT: i32 = PART_BITS.cast_signed();
    for (from, to) in from.iter_mut().zip(to) {
        *to = _mm256_add_epi32(*to, _mm256_srai_epi32::<SHIFT>(*from));
        *from = _mm256_and_si256(*from, _mm256_set1_epi32((1 << PART_BITS) - 1));
    }
}
