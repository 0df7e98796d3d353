//! Turns coefficients into a residual by the inverse transforms (ITU-T H.265 § 8.6.4), and adds it to a prediction.
//!
//! A transform goes down the columns first and rounds its sums to 16 bits by a shift of 7. Then it goes along the rows,
//! with a shift of 20 less the bit depth. A sum has at most 32 products of 16 bits with a factor of at most 90. Their
//! sizes add up to less than 2²⁷, so 32 bits hold the sum and its rounding.

#[cfg(target_arch = "x86_64")]
mod avx2;
pub(crate) mod block;
mod cosine;

use crate::intra::plane::PlaneSample;
use crate::intra::transform::block::TransformBlock;
use crate::intra::transform::cosine::{COSINE_4, COSINE_8, COSINE_16, COSINE_32};

/// How a block's coefficients become a residual.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransformKind {
    /// The cosine transform (§ 8.6.4.2).
    Cosine,
    /// The sine transform, of 4 × 4 luma blocks.
    Sine,
    /// No transform (`transform_skip_flag`), of 4 × 4 blocks.
    Skip,
}

/// Adds the residual of a block of `side` × `side` to `out`, whose rows are `stride` apart, and zeroes the coefficients
/// for the next block.
pub(crate) fn add<T: PlaneSample>(
    block: &mut TransformBlock,
    side: usize,
    kind: TransformKind,
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    match (kind, side) {
        (TransformKind::Cosine, 16) if !block.is_flat => {
            both_ways::<T, 16, 8, 8>(block, &COSINE_16, out, stride, depth)
        }
        (TransformKind::Cosine, 32) if !block.is_flat => {
            both_ways::<T, 32, 16, 8>(block, &COSINE_32, out, stride, depth)
        }
        _ => add_small(block, side, kind, out, stride, depth),
    }
    block.coefficients[..block.rows * side].fill(0);
}

/// [`add`] with AVX2, for samples of up to 12 bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) fn add_avx2<T: PlaneSample>(
    block: &mut TransformBlock,
    side: usize,
    kind: TransformKind,
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    match (kind, side) {
        (TransformKind::Cosine, 16) if !block.is_flat => {
            avx2::both_ways::<T, 16, 8>(block, &avx2::PAIRS_16, out, stride, depth);
        }
        (TransformKind::Cosine, 32) if !block.is_flat => {
            avx2::both_ways::<T, 32, 16>(block, &avx2::PAIRS_32, out, stride, depth);
        }
        _ => add_small(block, side, kind, out, stride, depth),
    }
    block.coefficients[..block.rows * side].fill(0);
}

/// [`add`] of blocks without a large transform.
#[inline(always)]
fn add_small<T: PlaneSample>(
    block: &TransformBlock,
    side: usize,
    kind: TransformKind,
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    match (kind, side) {
        (TransformKind::Skip, _) => skip(block, out, stride, depth),
        (TransformKind::Sine, _) => sine(block, out, stride, depth),
        _ if block.is_flat => flat(block.coefficients[0], side, out, stride, depth),
        (_, 4) => both_ways::<T, 4, 2, 4>(block, &COSINE_4, out, stride, depth),
        _ => both_ways::<T, 8, 4, 8>(block, &COSINE_8, out, stride, depth),
    }
}

/// Adds the coefficients themselves, scaled as a transform of 4 × 4 would: by 128 = 2⁷ before the second shift.
#[inline(always)]
fn skip<T: PlaneSample>(block: &TransformBlock, out: &mut [T], stride: usize, depth: u32) {
    let shift = 20 - depth;
    for (row, out) in block.coefficients[..16].as_chunks::<4>().0.iter().zip(out.chunks_mut(stride)) {
        for (o, &c) in out.iter_mut().zip(row) {
            *o = T::clipped(o.wide() + ((i32::from(c) * 128 + (1 << (shift - 1))) >> shift), depth);
        }
    }
}

/// The inverse cosine transform of `N` × `N`, down the columns and then along the rows.
///
/// `matrix[k]` is basis function `k`. Even functions are symmetric and odd ones antisymmetric, so `H = N / 2` samples
/// of the even sum and of the odd sum give all `N`: their sum from the start, and their difference from the end.
///
/// Columns are taken `W` at a time, so that their sums stay in registers. `W` divides `N`, and `columns` is rounded up
/// to a multiple of `W` by the loop, which then reads zeros. Rows and columns without coefficients are left out.
#[inline(always)]
fn both_ways<T: PlaneSample, const N: usize, const H: usize, const W: usize>(
    block: &TransformBlock,
    matrix: &[[i16; N]; N],
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    let mut between = [[0i16; N]; N];
    let source = block.coefficients.as_chunks::<N>().0;
    for left in (0..block.columns).step_by(W) {
        for y in 0..N / 2 {
            let mut sums = [[64i32; W], [0; W]];
            for (k, (row, basis)) in source[..block.rows].iter().zip(matrix).enumerate() {
                let factor = i32::from(basis[y]);
                for (sum, &c) in sums[k & 1].iter_mut().zip(&row[left..left + W]) {
                    *sum += i32::from(c) * factor;
                }
            }
            let narrow = |sum: i32| (sum >> 7).clamp(-32_768, 32_767) as i16;
            for (x, (even, odd)) in sums[0].into_iter().zip(sums[1]).enumerate() {
                between[y][left + x] = narrow(even + odd);
                between[N - 1 - y][left + x] = narrow(even - odd);
            }
        }
    }
    let shift = 20 - depth;
    for (row, out) in between.iter().zip(out.chunks_mut(stride)) {
        let mut sums = [[0i32; H]; 2];
        sums[0] = [1 << (shift - 1); H];
        for (k, (&c, basis)) in row[..block.columns].iter().zip(matrix).enumerate() {
            let c = i32::from(c);
            for (sum, &b) in sums[k & 1].iter_mut().zip(basis) {
                *sum += c * i32::from(b);
            }
        }
        let (low, high) = out[..N].split_at_mut(H);
        for (((low, high), even), odd) in low.iter_mut().zip(high.iter_mut().rev()).zip(sums[0]).zip(sums[1]) {
            *low = T::clipped(low.wide() + ((even + odd) >> shift), depth);
            *high = T::clipped(high.wide() + ((even - odd) >> shift), depth);
        }
    }
}

/// The inverse sine transform of 4 × 4. Its functions have no symmetry.
#[inline(always)]
fn sine<T: PlaneSample>(block: &TransformBlock, out: &mut [T], stride: usize, depth: u32) {
    let mut between = [[0i32; 4]; 4];
    let source = block.coefficients.as_chunks::<4>().0;
    for (y, to) in between.iter_mut().enumerate() {
        for (x, to) in to.iter_mut().enumerate() {
            let sum: i32 = (0..4).map(|k| i32::from(source[k][x]) * i32::from(SINE[k][y])).sum();
            *to = ((sum + 64) >> 7).clamp(-32_768, 32_767);
        }
    }
    let shift = 20 - depth;
    for (row, out) in between.iter().zip(out.chunks_mut(stride)) {
        for (x, out) in out[..4].iter_mut().enumerate() {
            let sum: i32 = row.iter().zip(&SINE).map(|(&c, basis)| c * i32::from(basis[x])).sum();
            *out = T::clipped(out.wide() + ((sum + (1 << (shift - 1))) >> shift), depth);
        }
    }
}

/// Adds what the first coefficient alone gives, the same everywhere: its function is 64 in both directions, so the
/// first shift leaves (64 c + 64) / 128, which is (c + 1) / 2.
#[inline(always)]
fn flat<T: PlaneSample>(coefficient: i16, side: usize, out: &mut [T], stride: usize, depth: u32) {
    let shift = 20 - depth;
    let level = (((i32::from(coefficient) + 1) >> 1) * 64 + (1 << (shift - 1))) >> shift;
    for row in out.chunks_mut(stride).take(side) {
        row[..side].iter_mut().for_each(|o| *o = T::clipped(o.wide() + level, depth));
    }
}

/// The sine functions (§ 8.6.4.2).
static SINE: [[i16; 4]; 4] = [[29, 55, 74, 84], [74, 74, 0, -74], [84, -29, -74, 55], [55, -84, 74, -29]];
#[cfg(test)]
mod tests;
