use image_ingest_samples::Avx2;

use super::*;
use crate::dispatch::add_residual;

/// The sums of § 8.6.4.2, each written out, on a block that is `matrix` by `matrix`.
fn slow(coefficients: &[i16], matrix: &[Vec<i64>], depth: u32) -> Vec<i64> {
    let n = matrix.len();
    let mut between = vec![0; n * n];
    for (x, y) in (0..n * n).map(|i| (i % n, i / n)) {
        let sum: i64 = (0..n).map(|k| i64::from(coefficients[k * n + x]) * matrix[k][y]).sum();
        between[y * n + x] = ((sum + 64) >> 7).clamp(-32_768, 32_767);
    }
    let shift = 20 - depth;
    let along = |x: usize, y: usize| (0..n).map(|k| between[y * n + k] * matrix[k][x]).sum::<i64>();
    (0..n * n).map(|i| (along(i % n, i / n) + (1 << (shift - 1))) >> shift).collect()
}

fn rows<const N: usize>(matrix: &[[i16; N]; N]) -> Vec<Vec<i64>> {
    matrix.iter().map(|row| row.iter().map(|&v| v.into()).collect()).collect()
}

/// A block whose coefficients reach `columns` × `rows`.
fn block(coefficients: &[i16], columns: usize, rows: usize) -> TransformBlock {
    let mut block = TransformBlock::zeroed();
    block.coefficients[..coefficients.len()].copy_from_slice(coefficients);
    let is_flat = coefficients[1..].iter().all(|&c| c == 0);
    TransformBlock { columns, rows, is_flat, ..block }
}

/// What `add` makes of a plane of `middle`, by `T`, with a stride larger than the block. The code for AVX2 makes the same.
fn added<T: PlaneSample>(block: &mut TransformBlock, side: usize, kind: TransformKind, depth: u32) -> Vec<i64> {
    let (stride, middle) = (side + 3, 1 << (depth - 1));
    let mut out = vec![T::narrow(middle); stride * side];
    let TransformBlock { coefficients, columns, rows, is_flat } = *block;
    let (mut same, mut fast) = (TransformBlock { coefficients, columns, rows, is_flat }, out.clone());
    add(block, side, kind, &mut out, stride, depth);
    add_residual(Avx2::find(), &mut same, side, kind, &mut fast, stride, depth);
    assert!(fast.iter().zip(&out).all(|(fast, out)| fast.wide() == out.wide()), "{side} at {depth} bits with AVX2");
    assert!(same.coefficients == block.coefficients);
    assert!(block.coefficients.iter().all(|&c| c == 0), "the block is left with coefficients");
    assert!(out.chunks(stride).all(|row| row[side..].iter().all(|v| v.wide() == middle)), "beyond the block");
    out.chunks(stride).flat_map(|row| row[..side].iter().map(|v| i64::from(v.wide()))).collect()
}

fn check(coefficients: &[i16], side: usize, kind: TransformKind, matrix: &[Vec<i64>]) {
    let reach = |is_zero: &dyn Fn(usize, usize) -> bool| {
        let last = (0..side).rev().find(|&i| (0..side).any(|j| !is_zero(i, j)));
        last.map_or(4, |last| (last + 1).next_multiple_of(4))
    };
    let columns = reach(&|x, y| coefficients[y * side + x] == 0);
    let rows = reach(&|y, x| coefficients[y * side + x] == 0);
    for depth in 8..=16 {
        let residual = slow(coefficients, matrix, depth);
        let expected: Vec<_> =
            residual.iter().map(|&r| (r + (1i64 << (depth - 1))).clamp(0, (1 << depth) - 1)).collect();
        let block = || block(coefficients, columns, rows);
        assert_eq!(added::<u16>(&mut block(), side, kind, depth), expected, "{side} at {depth} bits");
        if depth == 8 {
            assert_eq!(added::<u8>(&mut block(), side, kind, depth), expected, "{side} in bytes");
        }
    }
}

fn each_size(with: impl Fn(usize) -> Vec<i16>) {
    check(&with(4), 4, TransformKind::Cosine, &rows(&COSINE_4));
    check(&with(8), 8, TransformKind::Cosine, &rows(&COSINE_8));
    check(&with(16), 16, TransformKind::Cosine, &rows(&COSINE_16));
    check(&with(32), 32, TransformKind::Cosine, &rows(&COSINE_32));
    check(&with(4), 4, TransformKind::Sine, &rows(&SINE));
}

#[test]
fn the_matrices_are_those_of_the_standard() {
    assert_eq!(COSINE_4, [[64, 64, 64, 64], [83, 36, -36, -83], [64, -64, -64, 64], [36, -83, 83, -36]]);
    let eight = [
        [64, 64, 64, 64, 64, 64, 64, 64],
        [89, 75, 50, 18, -18, -50, -75, -89],
        [83, 36, -36, -83, -83, -36, 36, 83],
        [75, -18, -89, -50, 50, 89, 18, -75],
        [64, -64, -64, 64, 64, -64, -64, 64],
        [50, -89, 18, 75, -75, -18, 89, -50],
        [36, -83, 83, -36, -36, 83, -83, 36],
        [18, -50, 75, -89, 89, -75, 50, -18],
    ];
    assert_eq!(COSINE_8, eight);
    assert_eq!(COSINE_16[1][..8], [90, 87, 80, 70, 57, 43, 25, 9]);
    assert_eq!(COSINE_16[15][..8], [9, -25, 43, -57, 70, -80, 87, -90]);
    assert_eq!(COSINE_32[1][..16], [90, 90, 88, 85, 82, 78, 73, 67, 61, 54, 46, 38, 31, 22, 13, 4]);
    assert_eq!(COSINE_32[3][..16], [90, 82, 67, 46, 22, -4, -31, -54, -73, -85, -90, -88, -78, -61, -38, -13]);
    for k in 0..16 {
        assert!((0..16).all(|x| COSINE_32[2 * k][x] == COSINE_16[k][x]), "function {k}");
    }
}

#[test]
fn each_coefficient_alone_gives_its_basis_function() {
    each_size(|side| (0..side * side).map(|at| if at == side + 2 { 300 } else { 0 }).collect());
    each_size(|side| (0..side * side).map(|at| if at == side * side - 1 { -700 } else { 0 }).collect());
}

#[test]
fn a_flat_block_is_the_transform_of_its_first_coefficient() {
    for coefficient in [0, 1, -1, 63, -64, 1000, 32_767, -32_768] {
        each_size(|side| (0..side * side).map(|at| if at == 0 { coefficient } else { 0 }).collect());
    }
}

#[test]
fn few_and_many_coefficients_give_the_written_out_sums() {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let mut blocks: Vec<Vec<i16>> = Vec::new();
    for reach in [1, 3, 4, 5, 9, 17, 32] {
        let scale = 4 << (random() % 8);
        blocks.push(
            (0..1024)
                .map(|at| {
                    let value = (random() % (2 * scale)) as i16 - scale as i16;
                    if at % 32 < reach && at / 32 < reach { value } else { 0 }
                })
                .collect(),
        );
    }
    // Of all sizes that 16 bits hold.
    for reach in [4, 8, 12, 20, 28, 32] {
        let mut value =
            |at: usize| if at % 32 < reach && at / 32 < reach { (random() as u16).cast_signed() } else { 0 };
        blocks.push((0..1024).map(&mut value).collect());
    }
    for block in &blocks {
        each_size(|side| (0..side * side).map(|at| block[at / side * 32 + at % side]).collect());
    }
}

#[test]
fn the_largest_sums_are_clipped_and_do_not_overflow() {
    each_size(|side| vec![-32_768; side * side]);
    each_size(|side| vec![32_767; side * side]);
    // The signs of the function that adds up to the most.
    each_size(|side| (0..side * side).map(|at| if at / side % 4 < 2 { 32_767 } else { -32_768 }).collect());
}

#[test]
fn a_skipped_transform_scales_by_its_shift() {
    let coefficients: Vec<i16> = (0..16).map(|n| n * 100 - 800).collect();
    // (128 c + 2^(19 - depth)) >> (20 - depth).
    for (depth, divisor) in [(8, 32), (10, 8), (12, 2)] {
        let expected = |c: i16| i64::from((i32::from(c) + divisor / 2).div_euclid(divisor)) + (1 << (depth - 1));
        let added = added::<u16>(&mut block(&coefficients, 4, 4), 4, TransformKind::Skip, depth);
        assert_eq!(added, coefficients.iter().map(|&c| expected(c)).collect::<Vec<_>>());
    }
}
