//! The modes of the predictor transform that go from pixel to pixel, for SSE2, which every CPU of x86-64 has: see
//! [`predictor`](super::predictor) for what they add. A pixel stands in the lowest 32 bits of a register, or in its lowest
//! 64 where sums need room. Each function is inlined into its caller, which may be compiled for AVX2.

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_avg_epu8, _mm_cmpgt_epi16,
    _mm_cmpgt_epi32, _mm_cvtsi32_si128, _mm_cvtsi128_si32, _mm_or_si128, _mm_packus_epi16, _mm_sad_epu8, _mm_set1_epi8,
    _mm_setzero_si128, _mm_srai_epi16, _mm_srli_epi16, _mm_sub_epi8, _mm_sub_epi16, _mm_unpacklo_epi8, _mm_xor_si128,
};

use super::columns::{Columns, split};

/// Adds the predictions of mode 1, 5, 6, 7, 10, 11, 12 or 13; of another mode it adds none.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn add_along(mode: u8, columns: Columns, above: &[u32], row: &mut [u32]) {
    match mode {
        1 => along(columns, above, row, |left, _| left),
        5 => along(columns, above, row, |left, [_, top, top_right]| average(average(left, top_right), top)),
        6 => along(columns, above, row, |left, [top_left, _, _]| average(left, top_left)),
        7 => along(columns, above, row, |left, [_, top, _]| average(left, top)),
        10 => along(columns, above, row, |left, [top_left, top, top_right]| {
            average(average(left, top_left), average(top, top_right))
        }),
        11 => along(columns, above, row, |left, [top_left, top, _]| select(left, top_left, top)),
        12 => along(columns, above, row, |left, [top_left, top, _]| gradient(left, top_left, top)),
        13 => along(columns, above, row, |left, [top_left, top, _]| half_gradient(left, top_left, top)),
        _ => {}
    }
}

/// Adds predictions to the pixels of `columns`, which begin at 1 or behind. `above` has one pixel more than the row.
#[inline]
#[target_feature(enable = "sse2")]
fn along(columns: Columns, above: &[u32], row: &mut [u32], predict: impl Fn(__m128i, [__m128i; 3]) -> __m128i) {
    let neighbours = above.get(columns.start - 1..=columns.end).unwrap_or_default();
    let Some((left, pixels)) = split(columns, row) else { return };
    let mut left = register(left);
    for (pixel, above) in pixels.iter_mut().zip(neighbours.windows(3)) {
        let predicted = predict(left, [register(above[0]), register(above[1]), register(above[2])]);
        left = _mm_add_epi8(predicted, register(*pixel));
        *pixel = _mm_cvtsi128_si32(left).cast_unsigned();
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn register(pixel: u32) -> __m128i {
    _mm_cvtsi32_si128(pixel.cast_signed())
}

/// The average that SSE2 has rounds up; it is one more where the sum is odd.
#[inline]
#[target_feature(enable = "sse2")]
fn average(a: __m128i, b: __m128i) -> __m128i {
    let odd = _mm_and_si128(_mm_xor_si128(a, b), _mm_set1_epi8(1));
    _mm_sub_epi8(_mm_avg_epu8(a, b), odd)
}

/// The sums of absolute differences are below 2¹⁶ and alone in their 64 bits.
#[inline]
#[target_feature(enable = "sse2")]
fn select(left: __m128i, top_left: __m128i, top: __m128i) -> __m128i {
    let takes_left = _mm_cmpgt_epi32(_mm_sad_epu8(left, top_left), _mm_sad_epu8(top, top_left));
    _mm_or_si128(_mm_and_si128(takes_left, left), _mm_andnot_si128(takes_left, top))
}

/// Packing limits each sum to a byte.
#[inline]
#[target_feature(enable = "sse2")]
fn gradient(left: __m128i, top_left: __m128i, top: __m128i) -> __m128i {
    let slope = _mm_sub_epi16(spread(top), spread(top_left));
    let sum = _mm_add_epi16(spread(left), slope);
    _mm_packus_epi16(sum, sum)
}

/// A negative difference is made one more before it is halved, so that it is rounded towards 0: a comparison that holds
/// is −1.
#[inline]
#[target_feature(enable = "sse2")]
fn half_gradient(left: __m128i, top_left: __m128i, top: __m128i) -> __m128i {
    let (left, top_left, top) = (spread(left), spread(top_left), spread(top));
    let average = _mm_srli_epi16::<1>(_mm_add_epi16(left, top));
    let difference = _mm_sub_epi16(average, top_left);
    let rounded = _mm_sub_epi16(difference, _mm_cmpgt_epi16(top_left, average));
    let sum = _mm_add_epi16(average, _mm_srai_epi16::<1>(rounded));
    _mm_packus_epi16(sum, sum)
}

/// Each byte in 16 bits.
#[inline]
#[target_feature(enable = "sse2")]
fn spread(pixel: __m128i) -> __m128i {
    _mm_unpacklo_epi8(pixel, _mm_setzero_si128())
}
