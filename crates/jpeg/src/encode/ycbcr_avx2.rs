//! [`convert`](crate::encode::ycbcr::convert) with AVX2: the same samples, bit by bit.
//!
//! As in libjpeg-turbo's jccolext-avx2.asm, `pmaddwd` gives a sum of two
//! products of 16 bits. Coefficients of 2¹⁵ and more do not fit: that of G in luma is split between its two pairs, and
//! one half, in chroma, is minus a product with −2¹⁵.

use std::arch::x86_64::*;

use crate::encode::ycbcr::{CENTRE, ChromaBias, HALF, PIXELS, QUARTER, RgbPiece, TO_CB, TO_CR, TO_Y, YcbcrPiece};

/// Converts a piece to the same samples as [`convert`](crate::encode::ycbcr::convert).
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn convert_avx2(rgb: RgbPiece<'_>, bias: ChromaBias) -> YcbcrPiece {
    let [upper, lower] = [row(rgb[0]), row(rgb[1])];
    let chroma = [mean(upper.cb, lower.cb, bias), mean(upper.cr, lower.cr, bias)];
    YcbcrPiece { luma: [upper.luma, lower.luma], chroma }
}

/// The samples of a row of a piece: luma as bytes; chroma at full size, in lanes of 16 bits. The first register of
/// chroma has pixels 0–7 and 16–23, the second the others.
struct Row {
    luma: [u8; PIXELS],
    cb: [__m256i; 2],
    cr: [__m256i; 2],
}

#[inline]
#[target_feature(enable = "avx2")]
fn row(rgb: &[u8; PIXELS * 3]) -> Row {
    let pairs = [pairs::<0>(rgb, 0), pairs::<0>(rgb, 12), pairs::<0>(rgb, 24), pairs::<4>(rgb, 32)];
    let lanes = |(rg_0, bg_0), (rg_1, bg_1)| {
        (
            _mm256_packs_epi32(luma(rg_0, bg_0), luma(rg_1, bg_1)),
            _mm256_packs_epi32(cb(rg_0, bg_0), cb(rg_1, bg_1)),
            _mm256_packs_epi32(cr(rg_0, bg_0), cr(rg_1, bg_1)),
        )
    };
    let ((luma_0, cb_0, cr_0), (luma_1, cb_1, cr_1)) = (lanes(pairs[0], pairs[1]), lanes(pairs[2], pairs[3]));
    Row { luma: bytemuck::must_cast(_mm256_packus_epi16(luma_0, luma_1)), cb: [cb_0, cb_1], cr: [cr_0, cr_1] }
}

/// Pairs of R and G, and of B and G, as lanes of 16 bits: of the four pixels that begin `SKIP` bytes after `at`, and of
/// those 16 pixels later.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs<const SKIP: usize>(rgb: &[u8; PIXELS * 3], at: usize) -> (__m256i, __m256i) {
    let sixteen = |at: usize| -> __m128i { bytemuck::pod_read_unaligned(&rgb[at..at + 16]) };
    let pixels = _mm256_set_m128i(sixteen(at + 48), sixteen(at));
    let [rg, bg] = const { [shuffle(0, SKIP), shuffle(2, SKIP)] };
    let shuffled = |control| _mm256_shuffle_epi8(pixels, _mm256_broadcastsi128_si256(bytemuck::must_cast(control)));
    (shuffled(rg), shuffled(bg))
}

/// The control of a shuffle that takes a component and G of each of four pixels; the highest bit of a control gives 0.
const fn shuffle(component: u8, skip: usize) -> [u8; 16] {
    let (mut control, mut x) = ([0x80; 16], 0);
    while x < 4 {
        #[expect(clippy::cast_possible_truncation, reason = "below 16")]
        let pixel = (skip + 3 * x) as u8;
        control[4 * x] = pixel + component;
        control[4 * x + 2] = pixel + 1;
        x += 1;
    }
    control
}

#[inline]
#[target_feature(enable = "avx2")]
fn luma(rg: __m256i, bg: __m256i) -> __m256i {
    let [of_r, of_g, of_b] = TO_Y;
    let sum = _mm256_add_epi32(madd(rg, of_r, of_g - QUARTER), madd(bg, of_b, QUARTER));
    _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn cb(rg: __m256i, bg: __m256i) -> __m256i {
    let [of_r, of_g, of_b] = TO_CB;
    let sum = _mm256_sub_epi32(madd(rg, of_r, of_g), madd(bg, -of_b, 0));
    _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, _mm256_set1_epi32(CENTRE)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn cr(rg: __m256i, bg: __m256i) -> __m256i {
    let [of_r, of_g, of_b] = TO_CR;
    let sum = _mm256_sub_epi32(madd(bg, of_b, 0), madd(rg, -of_r, -of_g));
    _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, _mm256_set1_epi32(CENTRE)))
}

/// The even lanes times `even` plus the odd ones times `odd`.
#[inline]
#[target_feature(enable = "avx2")]
fn madd(lanes: __m256i, even: i32, odd: i32) -> __m256i {
    _mm256_madd_epi16(lanes, _mm256_set1_epi32((even & 0xFFFF) | odd << 16))
}

/// Sixteen means of two by two samples, rounded as their columns want it.
#[inline]
#[target_feature(enable = "avx2")]
fn mean(upper: [__m256i; 2], lower: [__m256i; 2], [even, odd]: ChromaBias) -> [u8; PIXELS / 2] {
    let ones = _mm256_set1_epi16(1);
    let bias = _mm256_set1_epi64x(i64::from(odd) << 32 | i64::from(even));
    let half = |i: usize| {
        let sums = _mm256_madd_epi16(_mm256_add_epi16(upper[i], lower[i]), ones);
        _mm256_srli_epi32::<2>(_mm256_add_epi32(sums, bias))
    };
    let words = _mm256_packs_epi32(half(0), half(1));
    let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    bytemuck::must_cast(bytes)
}
