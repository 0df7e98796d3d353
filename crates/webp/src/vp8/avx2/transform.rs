//! The inverse DCT of four blocks in one register: [`crate::vp8::transform`] has the arithmetic.

use std::arch::x86_64::*;

use crate::vp8::residual::RowContent;
use crate::vp8::tokens::BlockRow;

/// Multiplies the coefficients with their factors, transforms them, and sets them to 0. Gives rows of sixteen.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn residual(coefficients: &mut BlockRow, content: RowContent, factors: [i16; 2]) -> [__m256i; 4] {
    let [first, others] = [_mm256_set1_epi16(factors[0]), _mm256_set1_epi16(factors[1])];
    // The first column of each block of the first row.
    let in_first_row = _mm256_blend_epi16::<0x11>(others, first);
    let rows: &mut [[i16; 16]; 4] = bytemuck::cast_mut(coefficients);
    let row = |i: usize| -> __m256i { bytemuck::cast(rows[i]) };
    let values = [
        _mm256_mullo_epi16(row(0), in_first_row),
        _mm256_mullo_epi16(row(1), others),
        _mm256_mullo_epi16(row(2), others),
        _mm256_mullo_epi16(row(3), others),
    ];
    if content < RowContent::All {
        rows[0] = [0; 16];
        return [first_only(values[0]); 4];
    }
    *coefficients = [0; 64];
    let mut columns = transpose_4x4(pass(values));
    columns[0] = _mm256_add_epi16(columns[0], _mm256_set1_epi16(4));
    let [a, b, c, d] = pass(columns);
    let rounded =
        [_mm256_srai_epi16::<3>(a), _mm256_srai_epi16::<3>(b), _mm256_srai_epi16::<3>(c), _mm256_srai_epi16::<3>(d)];
    transpose_4x4(rounded)
}

/// The first coefficient of each block in all of its lanes, divided by 8.
#[inline]
#[target_feature(enable = "avx2")]
fn first_only(row: __m256i) -> __m256i {
    let spread = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 8, 9, 8, 9, 8, 9, 8, 9));
    _mm256_srai_epi16::<3>(_mm256_adds_epi16(_mm256_shuffle_epi8(row, spread), _mm256_set1_epi16(4)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn pass([r0, r1, r2, r3]: [__m256i; 4]) -> [__m256i; 4] {
    let [a, b] = [_mm256_add_epi16(r0, r2), _mm256_sub_epi16(r0, r2)];
    let c = _mm256_sub_epi16(sine(r1), cosine(r3));
    let d = _mm256_add_epi16(cosine(r1), sine(r3));
    [_mm256_add_epi16(a, d), _mm256_add_epi16(b, c), _mm256_sub_epi16(b, c), _mm256_sub_epi16(a, d)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn cosine(value: __m256i) -> __m256i {
    _mm256_add_epi16(_mm256_mulhi_epi16(value, _mm256_set1_epi16(20091)), value)
}

#[inline]
#[target_feature(enable = "avx2")]
fn sine(value: __m256i) -> __m256i {
    _mm256_add_epi16(_mm256_mulhi_epi16(value, _mm256_set1_epi16(-30068)), value)
}

/// Transposes each of the four blocks.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_4x4([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let [e, f] = [_mm256_unpacklo_epi16(a, b), _mm256_unpacklo_epi16(c, d)];
    let [g, h] = [_mm256_unpackhi_epi16(a, b), _mm256_unpackhi_epi16(c, d)];
    let [i, j] = [_mm256_unpacklo_epi32(e, f), _mm256_unpackhi_epi32(e, f)];
    let [k, l] = [_mm256_unpacklo_epi32(g, h), _mm256_unpackhi_epi32(g, h)];
    [_mm256_unpacklo_epi64(i, k), _mm256_unpackhi_epi64(i, k), _mm256_unpacklo_epi64(j, l), _mm256_unpackhi_epi64(j, l)]
}
