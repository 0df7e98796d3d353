//! [`EightBitCoefficients::fill`] with AVX2: the same pixels, eight at a time.

use std::arch::x86_64::*;

use crate::eight_bits::{CHROMA_ZERO, EightBitCoefficients, FRACTION_BITS, HALF};

/// Makes pixels of as many samples of each plane.
#[target_feature(enable = "avx2")]
pub(crate) fn fill(coefficients: &EightBitCoefficients, planes: [&[u8]; 3], out: &mut [[u8; 3]]) {
    let [(y, y_rest), (cb, cb_rest), (cr, cr_rest)] = planes.map(|plane| plane.as_chunks::<8>());
    let (whole, rest) = out.split_at_mut(y.len().min(cb.len()).min(cr.len()) * 8);
    for (((y, cb), cr), out) in y.iter().zip(cb).zip(cr).zip(whole.as_chunks_mut::<8>().0) {
        let bytes = eight(coefficients, [y, cb, cr]);
        let out = out.as_flattened_mut();
        out[..12].copy_from_slice(&bytes[..12]);
        out[12..].copy_from_slice(&bytes[16..28]);
    }
    coefficients.fill([y_rest, cb_rest, cr_rest], rest);
}

/// Eight pixels: four in the first bytes of each half.
#[inline]
#[target_feature(enable = "avx2")]
fn eight(c: &EightBitCoefficients, planes: [&[u8; 8]; 3]) -> [u8; 32] {
    const ORDER: [u8; 16] = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 13, 14, 15];
    let all = |v: i32| _mm256_set1_epi32(v);
    let lanes = |samples: &[u8; 8]| _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(u64::from_le_bytes(*samples).cast_signed()));
    let times = |a, factor: i32| _mm256_mullo_epi32(a, all(factor));
    let [y, cb, cr] = planes.map(lanes);
    let y = _mm256_add_epi32(times(_mm256_sub_epi32(y, all(c.luma_low)), c.luma), all(HALF));
    let (cb, cr) = (_mm256_sub_epi32(cb, all(CHROMA_ZERO)), _mm256_sub_epi32(cr, all(CHROMA_ZERO)));
    let sum = |chroma| _mm256_srai_epi32::<FRACTION_BITS>(_mm256_add_epi32(y, chroma));
    let red = sum(times(cr, c.cr_to_r));
    let green = sum(_mm256_add_epi32(times(cb, c.cb_to_g), times(cr, c.cr_to_g)));
    let blue = sum(times(cb, c.cb_to_b));
    // In each half four bytes of red, four of green, four of blue and four zeros, saturated twice.
    let words = (_mm256_packs_epi32(red, green), _mm256_packs_epi32(blue, _mm256_setzero_si256()));
    let bytes = _mm256_packus_epi16(words.0, words.1);
    let order = _mm256_broadcastsi128_si256(bytemuck::cast(ORDER));
    bytemuck::cast(_mm256_shuffle_epi8(bytes, order))
}
