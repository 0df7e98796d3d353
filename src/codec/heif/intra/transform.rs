//! Inverse transforms (ITU-T H.265 § 8.6.4), added to a prediction.

use super::picture::Sample;

/// Coefficients of one block, rows tight, and how far from the corner they reach.
pub(super) struct Block {
    pub(super) coefficients: [i16; 1024],
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// How a block's coefficients become residual samples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cosine,
    /// Luma of 4 × 4.
    Sine,
    Skip,
}

/// Adds the residual of a block of `side` × `side` to `out`, whose rows are `stride` apart; the coefficients are zeroed.
pub(super) fn add<T: Sample>(block: &mut Block, side: usize, kind: Kind, out: &mut [T], stride: usize, depth: u32) {
    match (kind, side) {
        (Kind::Skip, _) => skip(block, out, stride, depth),
        (Kind::Sine, _) => both_ways::<T, 4, 4>(block, &SINE, out, stride, depth),
        (_, 4) => both_ways::<T, 4, 4>(block, &COSINE_4, out, stride, depth),
        (_, 8) => both_ways::<T, 8, 8>(block, &COSINE_8, out, stride, depth),
        (_, 16) => both_ways::<T, 16, 8>(block, &COSINE_16, out, stride, depth),
        _ => both_ways::<T, 32, 8>(block, &COSINE_32, out, stride, depth),
    }
    block.coefficients[..block.rows * side].fill(0);
}

fn skip<T: Sample>(block: &Block, out: &mut [T], stride: usize, depth: u32) {
    let shift = 20 - depth;
    for (row, out) in block.coefficients[..16].as_chunks::<4>().0.iter().zip(out.chunks_mut(stride)) {
        for (o, &c) in out.iter_mut().zip(row) {
            *o = T::clipped(o.wide() + ((i32::from(c) * 128 + (1 << (shift - 1))) >> shift), depth);
        }
    }
}

/// Columns, then rows: `matrix[k]` is basis function `k`. Coefficients beyond the block's reach are zero and left out.
#[inline(always)]
fn both_ways<T: Sample, const N: usize, const W: usize>(
    block: &Block,
    matrix: &[[i16; N]; N],
    out: &mut [T],
    stride: usize,
    depth: u32,
) {
    let mut between = [[0i16; N]; N];
    let source = block.coefficients.as_chunks::<N>().0;
    for left in (0..block.columns).step_by(W) {
        for (y, to) in between.iter_mut().enumerate() {
            let mut sum = [64i32; W];
            for (row, basis) in source[..block.rows].iter().zip(matrix) {
                let factor = basis[y];
                for (sum, &c) in sum.iter_mut().zip(&row[left..left + W]) {
                    *sum += i32::from(c) * i32::from(factor);
                }
            }
            for (to, sum) in to[left..left + W].iter_mut().zip(sum) {
                *to = (sum >> 7).clamp(-32_768, 32_767) as i16;
            }
        }
    }
    let shift = 20 - depth;
    for (row, out) in between.iter().zip(out.chunks_mut(stride)) {
        let mut sum = [1i32 << (shift - 1); N];
        for (&c, basis) in row[..block.columns].iter().zip(matrix) {
            for (sum, &b) in sum.iter_mut().zip(basis) {
                *sum += i32::from(c) * i32::from(b);
            }
        }
        for (o, sum) in out.iter_mut().zip(sum) {
            *o = T::clipped(o.wide() + (sum >> shift), depth);
        }
    }
}

const SINE: [[i16; 4]; 4] = [[29, 55, 74, 84], [74, 74, 0, -74], [84, -29, -74, 55], [55, -84, 74, -29]];
const COSINE_4: [[i16; 4]; 4] = cosine();
const COSINE_8: [[i16; 8]; 8] = cosine();
const COSINE_16: [[i16; 16]; 16] = cosine();
const COSINE_32: [[i16; 32]; 32] = cosine();

/// Every smaller matrix consists of every other row of the next larger one, and all values are those of the first column
/// of the largest, with the signs of a cosine.
const fn cosine<const N: usize>() -> [[i16; N]; N] {
    let mut matrix = [[0; N]; N];
    let mut k = 0;
    while k < N {
        let mut x = 0;
        while x < N {
            // cos(π (2x + 1) k / 2N), as a multiple of π / 64.
            let angle = (2 * x + 1) * k * (32 / N) % 128;
            let (angle, sign) = if angle > 64 { (128 - angle, 1) } else { (angle, 1) };
            let (angle, sign) = if angle > 32 { (64 - angle, -sign) } else { (angle, sign) };
            matrix[k][x] = sign * QUARTER[angle];
            x += 1;
        }
        k += 1;
    }
    matrix
}

/// The cosine from 0 to π / 2 in steps of π / 64, as the standard rounds it.
const QUARTER: [i16; 33] = [
    64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25, 22, 18,
    13, 9, 4, 0,
];
