//! [`transform`](crate::encode::fdct::transform) with AVX2: the same coefficients, bit by bit.
//!
//! Each half of a register holds a row of eight values of one of the two blocks, and the instructions used here work on
//! the halves apart. As in libjpeg-turbo's jfdctint-avx2.asm, rows are interleaved in pairs, and `pmaddwd` gives a sum
//! of two products at once.

use std::arch::x86_64::*;

use crate::avx2::{Sums32, interleave, transpose};
use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::quantiser::BlockQuantiser;
use crate::idct::{
    F_0_298, F_0_390, F_0_541, F_0_765, F_0_899, F_1_175, F_1_501, F_1_847, F_1_961, F_2_053, F_2_562, F_3_072,
};
use crate::zigzag::ZIGZAG;

/// Writes the same coefficients as [`transform`](crate::encode::fdct::transform); their bytes are in zigzag order.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn transform_avx2(
    samples: &PairSamples,
    quantiser: &BlockQuantiser,
    out: &mut QuantisedPair,
    are_columns: bool,
) {
    let level = _mm256_set1_epi16(-128);
    let rows = samples.map(|row| _mm256_add_epi16(_mm256_cvtepu8_epi16(bytemuck::must_cast(row)), level));
    let columns = if are_columns { rows } else { transpose(rows) };
    let rows = transpose(pass::<true, 11>(columns));
    let coefficients = pass::<false, 15>(rows);
    let mut quantised = coefficients;
    for (y, row) in quantised.iter_mut().enumerate() {
        *row = quantise(*row, quantiser, y);
    }
    for (to, row) in out.natural.as_chunks_mut::<2>().0.iter_mut().zip(quantised) {
        *to = bytemuck::must_cast(row);
    }
    zigzag(&quantised, out);
}

/// The place in [`QuantisedPair::bytes`] of the coefficient `k` in zigzag order.
#[inline(always)]
pub(crate) fn place(k: usize) -> usize {
    k
}

/// Transforms eight columns at a time; the names are those of `line` of [`crate::encode::fdct`]. `SHIFT` is 13 − 2 in
/// the first pass and 13 + 2 in the second.
#[inline]
#[target_feature(enable = "avx2")]
fn pass<const IS_FIRST: bool, const SHIFT: i32>(v: [__m256i; 8]) -> [__m256i; 8] {
    let both = |a, b| (_mm256_add_epi16(a, b), _mm256_sub_epi16(a, b));
    let ((t0, t7), (t1, t6), (t2, t5), (t3, t4)) =
        (both(v[0], v[7]), both(v[1], v[6]), both(v[2], v[5]), both(v[3], v[4]));
    let ((t10, t13), (t11, t12)) = (both(t0, t3), both(t1, t2));
    let (sum, difference) = both(t10, t11);
    let even = |x| match IS_FIRST {
        true => _mm256_slli_epi16::<2>(x),
        false => _mm256_srai_epi16::<2>(_mm256_add_epi16(x, _mm256_set1_epi16(2))),
    };
    let half = _mm256_set1_epi32(1 << (SHIFT - 1));
    let half = Sums32(half, half);
    let t13_12 = interleave(t13, t12);
    let z = interleave(_mm256_add_epi16(t4, t6), _mm256_add_epi16(t5, t7));
    let z3 = z.madd(F_1_175 - F_1_961, F_1_175).plus(half);
    let z4 = z.madd(F_1_175, F_1_175 - F_0_390).plus(half);
    let (t47, t56) = (interleave(t4, t7), interleave(t5, t6));
    [
        even(sum),
        t47.madd(-F_0_899, F_1_501 - F_0_899).plus(z4).narrow::<SHIFT>(),
        t13_12.madd(F_0_541 + F_0_765, F_0_541).plus(half).narrow::<SHIFT>(),
        t56.madd(-F_2_562, F_3_072 - F_2_562).plus(z3).narrow::<SHIFT>(),
        even(difference),
        t56.madd(F_2_053 - F_2_562, -F_2_562).plus(z4).narrow::<SHIFT>(),
        t13_12.madd(F_0_541, F_0_541 - F_1_847).plus(half).narrow::<SHIFT>(),
        t47.madd(F_0_298 - F_0_899, -F_0_899).plus(z3).narrow::<SHIFT>(),
    ]
}

/// The row `y` of both blocks divided by its steps.
#[inline]
#[target_feature(enable = "avx2")]
fn quantise(row: __m256i, quantiser: &BlockQuantiser, y: usize) -> __m256i {
    let load = |table: &[[u16; 8]; 8]| _mm256_broadcastsi128_si256(bytemuck::must_cast(table[y]));
    let sum = _mm256_add_epi16(_mm256_abs_epi16(row), load(&quantiser.correction));
    // The first product's upper half is below 2¹⁴, so that the second may be signed. The compiler makes something slower
    // of two unsigned ones.
    let product = _mm256_mulhi_epu16(sum, load(&quantiser.reciprocal));
    _mm256_sign_epi16(_mm256_mulhi_epi16(product, load(&quantiser.scale)), row)
}

/// Writes the bytes of both blocks in zigzag order, and which of them are other than 0.
///
/// Two rows of a block are sixteen bytes. Each quarter of the zigzag order is made of those four registers, by a shuffle
/// that leaves zeros where a byte comes from another; most quarters need less than four.
#[inline]
#[target_feature(enable = "avx2")]
fn zigzag(rows: &[__m256i; 8], out: &mut QuantisedPair) {
    let two_rows = [0, 2, 4, 6].map(|y| _mm256_packs_epi16(rows[y], rows[y + 1]));
    let quarters = [quarter::<0>(&two_rows), quarter::<1>(&two_rows), quarter::<2>(&two_rows), quarter::<3>(&two_rows)];
    let mut nonzero = [0; 2];
    for (j, quarter) in quarters.into_iter().enumerate() {
        let zero = _mm256_movemask_epi8(_mm256_cmpeq_epi8(quarter, _mm256_setzero_si256()));
        let mask = !zero.cast_unsigned();
        nonzero[0] |= u64::from(mask & 0xFFFF) << (16 * j);
        nonzero[1] |= u64::from(mask >> 16) << (16 * j);
        let [first, second]: [[u8; 16]; 2] = bytemuck::must_cast(quarter);
        out.bytes[0][16 * j..16 * j + 16].copy_from_slice(&first);
        out.bytes[1][16 * j..16 * j + 16].copy_from_slice(&second);
    }
    out.nonzero = nonzero;
}

#[inline]
#[target_feature(enable = "avx2")]
fn quarter<const J: usize>(two_rows: &[__m256i; 4]) -> __m256i {
    let mut bytes = _mm256_setzero_si256();
    for i in 0..4 {
        if const { [is_needed(J, 0), is_needed(J, 1), is_needed(J, 2), is_needed(J, 3)] }[i] {
            let control = _mm256_broadcastsi128_si256(bytemuck::must_cast(SHUFFLES[J][i]));
            bytes = _mm256_or_si256(bytes, _mm256_shuffle_epi8(two_rows[i], control));
        }
    }
    bytes
}

/// Whether a byte of quarter `j` comes from rows 2i and 2i + 1.
const fn is_needed(j: usize, i: usize) -> bool {
    let mut n = 0;
    while n < 16 {
        if SHUFFLES[j][i][n] != NOT_FROM_HERE {
            return true;
        }
        n += 1;
    }
    false
}

/// Of each quarter of the zigzag order, and of each two rows: where each byte is in them.
const SHUFFLES: [[[u8; 16]; 4]; 4] = {
    let (mut shuffles, mut k) = ([[[NOT_FROM_HERE; 16]; 4]; 4], 0);
    while k < 64 {
        shuffles[k / 16][ZIGZAG[k] as usize / 16][k % 16] = ZIGZAG[k] % 16;
        k += 1;
    }
    shuffles
};

/// A shuffle gives 0 where the highest bit of its control is set.
const NOT_FROM_HERE: u8 = 0x80;
