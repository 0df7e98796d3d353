//! Moves samples between arrays and registers, and within registers.

use std::arch::x86_64::*;

/// A row of sixteen samples.
#[inline]
pub(super) fn load(row: &[u8; 16]) -> __m128i {
    bytemuck::cast(*row)
}

/// Writes a row of sixteen samples.
#[inline]
pub(super) fn store(row: &mut [u8; 16], value: __m128i) {
    *row = bytemuck::cast(value);
}

/// One sample in every lane.
#[inline]
pub(super) fn splat(sample: u8) -> __m128i {
    bytemuck::cast([sample; 16])
}

/// A register of two halves.
#[inline]
pub(super) fn join(low: __m128i, high: __m128i) -> __m256i {
    bytemuck::cast([low, high])
}

/// The halves of a register.
#[inline]
pub(super) fn halves(value: __m256i) -> [__m128i; 2] {
    bytemuck::cast(value)
}

/// Transposes 4 × 4 lanes of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn transpose_32([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    let [e, f] = [_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d)];
    let [g, h] = [_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d)];
    [_mm_unpacklo_epi64(e, f), _mm_unpackhi_epi64(e, f), _mm_unpacklo_epi64(g, h), _mm_unpackhi_epi64(g, h)]
}

/// Transposes 4 × 4 lanes of 32 bits in each half of the registers.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn transpose_32_in_halves([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let [e, f] = [_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d)];
    let [g, h] = [_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d)];
    [_mm256_unpacklo_epi64(e, f), _mm256_unpackhi_epi64(e, f), _mm256_unpacklo_epi64(g, h), _mm256_unpackhi_epi64(g, h)]
}

/// Interleaves the first half of the registers with the second four times, in each half of the registers: rows of
/// sixteen bytes become columns, and columns rows.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn transpose_bytes_in_halves(rows: &mut [__m256i; 16]) {
    for _ in 0..4 {
        let before = *rows;
        for i in 0..8 {
            rows[2 * i] = _mm256_unpacklo_epi8(before[i], before[i + 8]);
            rows[2 * i + 1] = _mm256_unpackhi_epi8(before[i], before[i + 8]);
        }
    }
}
