//! Inverse transforms (ITU-T H.265 § 8.6.4), added to a prediction.

use crate::intra::picture::Sample;

/// Coefficients of one block, rows tight, and how far from the corner they reach.
pub(crate) struct Block {
    pub(crate) coefficients: [i16; 1024],
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Whether only the first can be other than zero.
    pub(crate) is_flat: bool,
}

/// How a block's coefficients become residual samples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Cosine,
    /// Luma of 4 × 4.
    Sine,
    Skip,
}

/// Adds the residual of a block of `side` × `side` to `out`, whose rows are `stride` apart; the coefficients are zeroed.
pub(crate) fn add<T: Sample>(block: &mut Block, side: usize, kind: Kind, out: &mut [T], stride: usize, depth: u32) {
    match (kind, side) {
        (Kind::Skip, _) => skip(block, out, stride, depth),
        (Kind::Sine, _) => sine(block, out, stride, depth),
        _ if block.is_flat => flat(block.coefficients[0], side, out, stride, depth),
        (_, 4) => both_ways::<T, 4, 2, 4>(block, &COSINE_4, out, stride, depth),
        (_, 8) => both_ways::<T, 8, 4, 8>(block, &COSINE_8, out, stride, depth),
        (_, 16) => both_ways::<T, 16, 8, 8>(block, &COSINE_16, out, stride, depth),
        _ => both_ways::<T, 32, 16, 8>(block, &COSINE_32, out, stride, depth),
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

/// Columns, `W` at a time, then rows: `matrix[k]` is basis function `k`, of which `H` samples decide the other half, since
/// even functions are symmetric and odd ones antisymmetric. Coefficients beyond the block's reach are zero and left out.
#[inline(always)]
fn both_ways<T: Sample, const N: usize, const H: usize, const W: usize>(
    block: &Block,
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

/// As [`both_ways`], of a matrix without symmetry.
fn sine<T: Sample>(block: &Block, out: &mut [T], stride: usize, depth: u32) {
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

/// Adds what a first coefficient alone gives, the same everywhere.
fn flat<T: Sample>(coefficient: i16, side: usize, out: &mut [T], stride: usize, depth: u32) {
    let shift = 20 - depth;
    let level = (((i32::from(coefficient) + 1) >> 1) * 64 + (1 << (shift - 1))) >> shift;
    for row in out.chunks_mut(stride).take(side) {
        row[..side].iter_mut().for_each(|o| *o = T::clipped(o.wide() + level, depth));
    }
}

static SINE: [[i16; 4]; 4] = [[29, 55, 74, 84], [74, 74, 0, -74], [84, -29, -74, 55], [55, -84, 74, -29]];
static COSINE_4: [[i16; 4]; 4] = cosine();
static COSINE_8: [[i16; 8]; 8] = cosine();
static COSINE_16: [[i16; 16]; 16] = cosine();
static COSINE_32: [[i16; 32]; 32] = cosine();

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
