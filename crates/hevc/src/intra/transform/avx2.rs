//! The inverse cosine transforms of 16 × 16 and 32 × 32 with AVX2, for up to 12 bits: the same samples, bit by bit.
//!
//! `pmaddwd` gives sums of two products of 16 bits. Rows are paired with the next of the same parity, which the sums of even
//! and of odd functions need. Sums of 32 bits do not overflow (see [`transform`](super)). `packssdw` saturates: after the
//! first step as the standard clips, and after the second to a residual of 16 bits, which moves a sample of at most 12 bits
//! to an end of its range as any larger one does.

use std::arch::x86_64::*;

use crate::intra::plane::PlaneSample;
use crate::intra::transform::block::TransformBlock;
use crate::intra::transform::cosine::{COSINE_16, COSINE_32};

/// Adds the residual of a block of side `N` = 2 · `H`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn both_ways<T: PlaneSample, const N: usize, const H: usize>(
    block: &TransformBlock,
    pairs: &[[[[i16; 2]; H]; 2]],
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    let mut between = [[0i16; 32]; 32];
    down::<N, H>(block, pairs, &mut between);
    let shift = 20 - depth;
    for (row, out) in between[..N].iter().zip(out.chunks_mut(stride)) {
        let mut sums = [[_mm256_set1_epi32(1 << (shift - 1)), _mm256_setzero_si256()]; 2];
        for (four, pairs) in row[..block.columns].as_chunks::<4>().0.iter().zip(pairs) {
            for (parity, pairs) in pairs.iter().enumerate() {
                let two = _mm256_set1_epi32(pair([four[2 * parity], four[2 * parity + 1]]));
                for (sums, eight) in sums.iter_mut().zip(pairs.as_chunks::<8>().0) {
                    let products = _mm256_madd_epi16(two, bytemuck::must_cast(*eight));
                    sums[parity] = _mm256_add_epi32(sums[parity], products);
                }
            }
        }
        let count = _mm_cvtsi32_si128(shift as i32);
        let [low, high] = sums.map(|[even, odd]| _mm256_sra_epi32(_mm256_add_epi32(even, odd), count));
        let turn = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
        let [last, before] = sums
            .map(|[even, odd]| _mm256_permutevar8x32_epi32(_mm256_sra_epi32(_mm256_sub_epi32(even, odd), count), turn));
        if N == 16 {
            add_row(out, pack(low, last), depth);
        } else {
            let (left, right) = out.split_at_mut(16);
            add_row(left, pack(low, high), depth);
            add_row(right, pack(before, last), depth);
        }
    }
}

/// The first step: down the columns. The columns of `between` are paired by parity, too: 0, 2, 1, 3, 4, 6, 5, 7, and so on.
#[inline]
#[target_feature(enable = "avx2")]
fn down<const N: usize, const H: usize>(
    block: &TransformBlock,
    pairs: &[[[[i16; 2]; H]; 2]],
    between: &mut [[i16; 32]; 32],
) {
    let source = block.coefficients.as_chunks::<N>().0;
    for left in (0..block.columns).step_by(8) {
        let mut columns = [[_mm256_setzero_si256(); 2]; 8];
        let fours = source[..block.rows].as_chunks::<4>().0;
        for (columns, rows) in columns.iter_mut().zip(fours) {
            let eight = |row: usize| -> __m128i {
                bytemuck::must_cast(*rows[row][left..].first_chunk::<8>().unwrap_or(&[0; 8]))
            };
            let interleaved =
                |a: __m128i, b: __m128i| _mm256_set_m128i(_mm_unpackhi_epi16(a, b), _mm_unpacklo_epi16(a, b));
            *columns = [interleaved(eight(0), eight(2)), interleaved(eight(1), eight(3))];
        }
        for y in 0..H {
            let mut sums = [_mm256_set1_epi32(64), _mm256_setzero_si256()];
            for (columns, pairs) in columns[..fours.len().min(8)].iter().zip(pairs) {
                for parity in 0..2 {
                    let products = _mm256_madd_epi16(columns[parity], _mm256_set1_epi32(pair(pairs[parity][y])));
                    sums[parity] = _mm256_add_epi32(sums[parity], products);
                }
            }
            let [even, odd] = sums;
            let first = _mm256_srai_epi32::<7>(_mm256_add_epi32(even, odd));
            let last = _mm256_srai_epi32::<7>(_mm256_sub_epi32(even, odd));
            let order = _mm256_setr_epi8(
                0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14,
                15,
            );
            let both: [[i16; 8]; 2] = bytemuck::must_cast(_mm256_shuffle_epi8(pack(first, last), order));
            between[y][left..left + 8].copy_from_slice(&both[0]);
            between[N - 1 - y][left..left + 8].copy_from_slice(&both[1]);
        }
    }
}

/// Both in 16 bits, the lanes of `a` first.
#[inline]
#[target_feature(enable = "avx2")]
fn pack(a: __m256i, b: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b))
}

#[inline]
fn pair(two: [i16; 2]) -> i32 {
    bytemuck::must_cast(two)
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_row<T: PlaneSample>(out: &mut [T], residual: __m256i, depth: u32) {
    let residual: [i16; 16] = bytemuck::must_cast(residual);
    for (sample, residual) in out[..16].iter_mut().zip(residual) {
        *sample = T::clipped(sample.wide() + i32::from(residual), depth);
    }
}

/// The functions by four: the factors of the first and the third, and those of the second and the fourth, for the first
/// half of the samples.
pub(super) static PAIRS_16: [[[[i16; 2]; 8]; 2]; 4] = paired(&COSINE_16);
/// [`PAIRS_16`] of 32.
pub(super) static PAIRS_32: [[[[i16; 2]; 16]; 2]; 8] = paired(&COSINE_32);

const fn paired<const N: usize, const H: usize, const Q: usize>(matrix: &[[i16; N]; N]) -> [[[[i16; 2]; H]; 2]; Q] {
    let mut paired = [[[[0; 2]; H]; 2]; Q];
    let mut i = 0;
    while i < Q * 2 * H {
        let (four, parity, x) = (i / (2 * H), i / H % 2, i % H);
        paired[four][parity][x] = [matrix[4 * four + parity][x], matrix[4 * four + parity + 2][x]];
        i += 1;
    }
    paired
}
