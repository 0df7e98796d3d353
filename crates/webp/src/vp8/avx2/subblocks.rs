//! Predicts subblocks of luma without a branch on their mode (RFC 6386 § 12.3).
//!
//! One register holds the edge of a subblock: 0 is the lowest sample to the left once more, 1 to 4 are those to the left
//! upwards, 5 is the corner, 6 to 13 is the row above, 14 its last sample once more. All averages of two and of three
//! neighbours are made at once. Every mode but two is a choice of such averages, which a shuffle makes.

use std::arch::x86_64::*;

use super::lanes::{halves, load, store, transpose_32};
use super::transform;
use crate::vp8::kernels::SampleRows;
use crate::vp8::modes::SubblockMode;
use crate::vp8::residual::RowContent;
use crate::vp8::subblocks::SubblocksBeside;
use crate::vp8::tokens::BlockRow;

/// Predicts four subblocks from left to right and adds the residual of each.
///
/// What a subblock's edge takes from above does not depend on the subblock before, so it is made first; only its left
/// column goes from one to the next.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn reconstruct(
    modes: &[SubblockMode; 4],
    beside: &SubblocksBeside,
    (coefficients, content, factors): (&mut BlockRow, RowContent, [i16; 2]),
    rows: &mut SampleRows,
) {
    let above = edges_above(beside);
    let residual = match content {
        RowContent::Nothing => [[_mm_setzero_si128(); 4]; 2],
        _ => by_subblock(transform::residual(coefficients, content, factors)),
    };
    // The lowest sample to the left is wanted twice, then upwards: of the column, and of the last column of a subblock.
    let from_column = _mm_setr_epi8(3, 3, 2, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    let from_subblock = _mm_setr_epi8(15, 15, 11, 7, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    let mut left = _mm_shuffle_epi8(_mm_cvtsi32_si128(i32::from_le_bytes(beside.left)), from_column);
    let mut subblocks = [_mm_setzero_si128(); 4];
    for i in 0..4 {
        let predicted = predict(_mm_or_si128(above[i], left), modes[i]);
        let [up, down] = [residual[0][i], residual[1][i]];
        subblocks[i] = _mm_subs_epu8(_mm_adds_epu8(predicted, up), down);
        left = _mm_shuffle_epi8(subblocks[i], from_subblock);
    }
    for (row, samples) in rows.iter_mut().zip(transpose_32(subblocks)) {
        store(row, samples);
    }
}

/// The edges of the four subblocks from the corner on, with zeros to the left.
#[inline]
#[target_feature(enable = "avx2")]
fn edges_above(beside: &SubblocksBeside) -> [__m128i; 4] {
    let row = load(&beside.above);
    let after = _mm_cvtsi32_si128(i32::from_le_bytes(beside.above_right));
    let corner = _mm_slli_si128::<15>(_mm_cvtsi32_si128(beside.corner.into()));
    // Nine samples from place 5 on, to places 5 to 13; the last of them once more.
    let places = _mm_setr_epi8(-1, -1, -1, -1, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13, -1);
    [
        _mm_shuffle_epi8(_mm_alignr_epi8::<10>(row, corner), places),
        _mm_shuffle_epi8(_mm_slli_si128::<2>(row), places),
        _mm_shuffle_epi8(_mm_alignr_epi8::<2>(after, row), places),
        _mm_shuffle_epi8(_mm_alignr_epi8::<6>(after, row), places),
    ]
}

/// The residual by subblock, sixteen bytes each: what is to be added, and what is to be subtracted. One of the two is 0
/// in each place, and both saturate at 255, which is as good as more.
#[inline]
#[target_feature(enable = "avx2")]
fn by_subblock([a, b, c, d]: [__m256i; 4]) -> [[__m128i; 4]; 2] {
    let negated = |value| _mm256_sub_epi16(_mm256_setzero_si256(), value);
    let both = |a, b| halves(_mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(a, b)));
    let ([p0, p1], [p2, p3]) = (both(a, b), both(c, d));
    let ([n0, n1], [n2, n3]) = (both(negated(a), negated(b)), both(negated(c), negated(d)));
    [transpose_32([p0, p1, p2, p3]), transpose_32([n0, n1, n2, n3])]
}

/// The sixteen samples of a subblock, row by row.
#[inline]
#[target_feature(enable = "avx2")]
fn predict(edge: __m128i, mode: SubblockMode) -> __m128i {
    let before = _mm_slli_si128::<1>(edge);
    let behind = _mm_srli_si128::<1>(edge);
    // (a + c) / 2 rounded down, averaged with b rounding up, is (a + 2b + c + 2) / 4.
    let odd = _mm_and_si128(_mm_xor_si128(before, behind), _mm_set1_epi8(1));
    let of_three = _mm_avg_epu8(_mm_sub_epi8(_mm_avg_epu8(before, behind), odd), edge);
    let of_two = _mm_avg_epu8(edge, behind);
    let Choice { three, two, true_motion } = &CHOICES[mode as usize];
    // The mean takes the place of an average of two that no mode wants.
    let of_two = _mm_or_si128(of_two, _mm_slli_si128::<15>(mean(edge)));
    let smooth = _mm_or_si128(_mm_shuffle_epi8(of_three, load(three)), _mm_shuffle_epi8(of_two, load(two)));
    _mm_or_si128(smooth, _mm_and_si128(on_slope(edge), load(true_motion)))
}

/// The mean of four samples to the left and four above, in the lowest byte. The sum has 11 bits, the mean 8.
#[inline]
#[target_feature(enable = "avx2")]
fn mean(edge: __m128i) -> __m128i {
    let taken = _mm_setr_epi8(0, -1, -1, -1, -1, 0, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0);
    let sums = _mm_sad_epu8(_mm_and_si128(edge, taken), _mm_setzero_si128());
    let sum = _mm_add_epi64(sums, _mm_srli_si128::<8>(sums));
    _mm_srli_epi32::<3>(_mm_add_epi32(sum, _mm_cvtsi32_si128(4)))
}

/// Left plus above less the corner, clamped.
#[inline]
#[target_feature(enable = "avx2")]
fn on_slope(edge: __m128i) -> __m128i {
    let left = _mm_shuffle_epi8(edge, _mm_setr_epi8(4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1));
    let above = _mm_shuffle_epi8(edge, _mm_setr_epi8(6, 7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9));
    let corner = _mm_shuffle_epi8(edge, _mm_set1_epi8(5));
    _mm_subs_epu8(_mm_adds_epu8(left, _mm_subs_epu8(above, corner)), _mm_subs_epu8(corner, above))
}

/// How a mode chooses: shuffles of the averages of three and of two, and a mask for true motion.
struct Choice {
    three: [u8; 16],
    two: [u8; 16],
    true_motion: [u8; 16],
}

/// A shuffle's number for 0.
const N: u8 = 0x80;

/// Choices by mode. Place `i` of the averages of three is around place `i` of the edge, and of those of two between `i`
/// and `i + 1`. Place 15 of the latter is the mean.
static CHOICES: [Choice; 10] = {
    const fn choice(three: [u8; 16], two: [u8; 16]) -> Choice {
        Choice { three, two, true_motion: [0; 16] }
    }
    const NONE: [u8; 16] = [N; 16];
    [
        choice(NONE, [15; 16]),
        Choice { three: NONE, two: NONE, true_motion: [0xFF; 16] },
        choice([6, 7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9, 6, 7, 8, 9], NONE),
        choice([4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1], NONE),
        choice([5, 6, 7, 8, 4, 5, 6, 7, 3, 4, 5, 6, 2, 3, 4, 5], NONE),
        choice([N, N, N, N, 5, 6, 7, 8, 4, N, N, N, 3, 5, 6, 7], [5, 6, 7, 8, N, N, N, N, N, 5, 6, 7, N, N, N, N]),
        choice([7, 8, 9, 10, 8, 9, 10, 11, 9, 10, 11, 12, 10, 11, 12, 13], NONE),
        choice([N, N, N, N, 7, 8, 9, 10, N, N, N, 11, 8, 9, 10, 12], [6, 7, 8, 9, N, N, N, N, 7, 8, 9, N, N, N, N, N]),
        choice([N, 5, 6, 7, N, 4, N, 5, N, 3, N, 4, N, 2, N, 3], [4, N, N, N, 3, N, 4, N, 2, N, 3, N, 1, N, 2, N]),
        choice([N, 3, N, 2, N, 2, N, 1, N, 1, N, N, N, N, N, N], [3, N, 2, N, 2, N, 1, N, 1, N, 0, 0, 0, 0, 0, 0]),
    ]
};
