//! Predicts whole macroblocks and adds their residual, sixteen samples at a time (RFC 6386 § 12.2).

use std::arch::x86_64::*;

use super::lanes::{load, splat, store};
use super::transform;
use crate::vp8::kernels::SampleRows;
use crate::vp8::macroblock::{Beside, MacroblockSamples};
use crate::vp8::modes::PlaneMode;
use crate::vp8::residual::RowContent;
use crate::vp8::tokens::BlockRow;

/// Predicts luma.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn luma(mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]) {
    let above = load(&beside.above);
    match mode {
        PlaneMode::Dc => {
            let mean = mean(sum_of_sixteen(above), sum_of_sixteen(load(&beside.left)), beside, 4);
            *rows = [bytemuck::cast(_mm_broadcastb_epi8(mean)); 16];
        }
        PlaneMode::Vertical => *rows = [beside.above; 16],
        PlaneMode::Horizontal => {
            for (row, left) in rows.iter_mut().zip(beside.left) {
                *row = [left; 16];
            }
        }
        PlaneMode::TrueMotion => {
            let slope = slope(above, splat(beside.corner[0]));
            for (row, left) in rows.iter_mut().zip(beside.left) {
                store(row, on_slope(splat(left), slope));
            }
        }
    }
}

/// Predicts both planes of chroma.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn chroma(mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]) {
    let above = load(&beside.above);
    let left = |row: usize| both(beside.left[row & 7], beside.left[(row & 7) + 8]);
    match mode {
        PlaneMode::Dc => {
            // The mean of U stands in the first of eight bytes, that of V in the ninth.
            let mean = mean(sums_of_eight(above), sums_of_eight(load(&beside.left)), beside, 3);
            let spread = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8);
            *rows = [bytemuck::cast(_mm_shuffle_epi8(mean, spread)); 8];
        }
        PlaneMode::Vertical => *rows = [beside.above; 8],
        PlaneMode::Horizontal => {
            for (i, row) in rows.iter_mut().enumerate() {
                store(row, left(i));
            }
        }
        PlaneMode::TrueMotion => {
            let [u, v] = beside.corner;
            let slope = slope(above, both(u, v));
            for (i, row) in rows.iter_mut().enumerate() {
                store(row, on_slope(left(i), slope));
            }
        }
    }
}

/// Eight samples of U and eight of V.
#[inline]
fn both(u: u8, v: u8) -> __m128i {
    bytemuck::cast([[u; 8], [v; 8]])
}

/// The sums of eight samples each, as 64 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn sums_of_eight(samples: __m128i) -> __m128i {
    _mm_sad_epu8(samples, _mm_setzero_si128())
}

/// The sum of all samples, in the lower half.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_of_sixteen(samples: __m128i) -> __m128i {
    let sums = sums_of_eight(samples);
    _mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums))
}

/// The mean of two sums of 2 to the power of `log` samples, or of the one that is there; 128 without neighbours.
#[inline]
#[target_feature(enable = "avx2")]
fn mean(above: __m128i, left: __m128i, beside: &Beside, log: i32) -> __m128i {
    let (sum, log) = match (beside.has_above, beside.has_left) {
        (true, true) => (_mm_add_epi64(above, left), log + 1),
        (true, false) => (above, log),
        (false, true) => (left, log),
        (false, false) => return _mm_set1_epi64x(128),
    };
    _mm_srl_epi64(_mm_add_epi64(sum, _mm_set1_epi64x(1 << (log - 1))), _mm_cvtsi32_si128(log))
}

/// How far `above` rises from the corner, and how far it falls.
#[inline]
#[target_feature(enable = "avx2")]
fn slope(above: __m128i, corner: __m128i) -> [__m128i; 2] {
    [_mm_subs_epu8(above, corner), _mm_subs_epu8(corner, above)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn on_slope(left: __m128i, [up, down]: [__m128i; 2]) -> __m128i {
    _mm_subs_epu8(_mm_adds_epu8(left, up), down)
}

/// Adds the residual of four blocks to their samples.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn add_residual(coefficients: &mut BlockRow, content: RowContent, factors: [i16; 2], rows: &mut SampleRows) {
    let [a, b, c, d] = transform::residual(coefficients, content, factors);
    let [r0, r1, r2, r3] = rows;
    add_two([r0, r1], [a, b]);
    add_two([r2, r3], [c, d]);
}

/// Adds to two rows, and clamps. Packing puts the halves of both sums in turn, so they are put right behind it.
#[inline]
#[target_feature(enable = "avx2")]
fn add_two(rows: [&mut [u8; 16]; 2], residual: [__m256i; 2]) {
    let [a, b] = &rows;
    let a = _mm256_add_epi16(_mm256_cvtepu8_epi16(load(a)), residual[0]);
    let b = _mm256_add_epi16(_mm256_cvtepu8_epi16(load(b)), residual[1]);
    let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(a, b));
    let [first, second] = rows;
    [*first, *second] = bytemuck::cast(packed);
}

/// The last column of luma, and those of U and V.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn last_columns(samples: &MacroblockSamples) -> [[u8; 16]; 2] {
    let luma = |i: usize| _mm_unpackhi_epi8(load(&samples.luma[2 * i]), load(&samples.luma[2 * i + 1]));
    // Bytes 14 and 15 have the last samples of two rows, and so on: 4 bytes have those of four rows, 8 of eight.
    let upper = last_of_eight_rows([luma(0), luma(1), luma(2), luma(3)]);
    let lower = last_of_eight_rows([luma(4), luma(5), luma(6), luma(7)]);
    let rows = |i: usize| (load(&samples.chroma[2 * i]), load(&samples.chroma[2 * i + 1]));
    let (r0, r1, r2, r3) = (rows(0), rows(1), rows(2), rows(3));
    let low = |(a, b)| _mm_unpacklo_epi8(a, b);
    let high = |(a, b)| _mm_unpackhi_epi8(a, b);
    let u = last_of_eight_rows([low(r0), low(r1), low(r2), low(r3)]);
    let v = last_of_eight_rows([high(r0), high(r1), high(r2), high(r3)]);
    [bytemuck::cast(_mm_unpackhi_epi64(upper, lower)), bytemuck::cast(_mm_unpackhi_epi64(u, v))]
}

/// Gathers the last two bytes of each of four registers in its last eight.
#[inline]
#[target_feature(enable = "avx2")]
fn last_of_eight_rows([a, b, c, d]: [__m128i; 4]) -> __m128i {
    _mm_unpackhi_epi32(_mm_unpackhi_epi16(a, b), _mm_unpackhi_epi16(c, d))
}
