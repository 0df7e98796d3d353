//! Dequantises two blocks and transforms them with the inverse DCT (ITU-T T.81 §§ A.3.3 and A.3.4) at four scales.
//!
//! This is plain Rust that says what every build must give, sample by sample. The arithmetic is that of libjpeg's
//! accurate integer DCT (`islow`, jidctint.c) at full scale, and of its reduced ones (jidctred.c) at 1/2 and 1/4.
//! At 1/8, a sample is the DC coefficient alone. A reduced DCT gives the means of 2 × 2, 4 × 4 or 8 × 8 samples of the
//! full one, but for rounding: the tests hold each to an inverse DCT in `f64`.
//!
//! **Scaling.** A one-dimensional pass multiplies by constants of 13 fractional bits ([`CONST_BITS`]), cosines
//! times √2, so its output is √8 times what the DCT defines. The first pass goes over columns and keeps two further
//! bits of its result (it shifts by 13 − 2). The second goes over rows and takes away those two bits and the 8 = √8
//! · √8 of both passes (it shifts by 13 + 2 + 3). A pass to four samples begins with values twice as large, and one
//! to two samples with values four times as large, so each shifts by one bit or by two more.
//!
//! **Wrapping and saturation** are those of libjpeg-turbo's SIMD. Only coefficients beyond any real picture tell it
//! from libjpeg's C. Products with the quantisation table and sums of two coefficients have 16 bits and wrap, as
//! `pmullw` and `paddw` do. Products with constants and their sums have 32 bits. The result of a pass saturates to
//! 16 bits, as `packssdw` does, and a sample is clamped to −128 to 127 before the level shift (§ A.3.1) adds 128.
//!
//! **No plain sum overflows** 32 bits, since each is of two products of a value of 16 bits and a constant, and the
//! two constants' magnitudes add up to less than 2¹⁶: 32768 · 2¹⁶ = 2³¹. Sums of more than two products use
//! `wrapping_add`: at full scale they stay below 2³¹ too (the constants add up to 64 570 at most), at the reduced
//! scales they may wrap.

/// Two blocks of quantised coefficients in natural order: a row of the first, then the same row of the second, and so
/// on.
///
/// The elements from 128 on are never read. They are there so that any `u8` is an index.
pub(crate) type BlockPair = [i16; 256];

/// The samples of two blocks, row by row as in [`BlockPair`]: `side` of the first, then `side` of the second.
pub(crate) type BlockSamples = [u8; 128];

/// The quantisation tables of the two blocks, in natural order.
pub(crate) type BlockTables<'a> = [&'a [i16; 64]; 2];

/// Writes `side` × `side` samples of each of two blocks; `side` is 8, 4, 2 or 1.
pub(crate) fn inverse(pair: &BlockPair, tables: BlockTables<'_>, side: usize, out: &mut BlockSamples) {
    for (block, table) in tables.into_iter().enumerate() {
        let dequantised: [[i16; 8]; 8] = std::array::from_fn(|row| {
            std::array::from_fn(|column| pair[row * 16 + block * 8 + column].wrapping_mul(table[row * 8 + column]))
        });
        let mut put = |row: usize, column: usize, sample: u8| out[(row * 2 + block) * side + column] = sample;
        match side {
            8 => full(&dequantised, put),
            4 => half(&dequantised, put),
            2 => quarter(&dequantised, put),
            _ => put(0, 0, to_sample(descale(dequantised[0][0].into(), 3))),
        }
    }
}

/// Writes the same samples as [`inverse`] for two blocks whose coefficients are zero but for the first.
///
/// All samples of such a block are alike: both passes only scale the DC coefficient, by 1/8 in all, and the rounding of
/// the first pass is exact since its two further bits are zero.
#[inline(always)]
pub(crate) fn flat(pair: &BlockPair, tables: BlockTables<'_>, side: usize, out: &mut BlockSamples) {
    let samples: [u8; 2] =
        std::array::from_fn(|block| to_sample(descale(pair[block * 8].wrapping_mul(tables[block][0]).into(), 3)));
    for rows in out[..2 * side * side].chunks_exact_mut(2 * side) {
        let (first, second) = rows.split_at_mut(side);
        first.fill(samples[0]);
        second.fill(samples[1]);
    }
}

/// Transforms a block to 8 × 8 samples, as jidctint.c does.
fn full(block: &[[i16; 8]; 8], mut put: impl FnMut(usize, usize, u8)) {
    let columns: [[i16; 8]; 8] = std::array::from_fn(|x| full_line(std::array::from_fn(|y| block[y][x]), PASS_1));
    (0..8).for_each(|y| {
        let line = full_line(std::array::from_fn(|x| columns[x][y]), PASS_2);
        (0..8).for_each(|x| put(y, x, to_sample(line[x].into())));
    });
}

/// Transforms a line of 8 coefficients, after Loeffler, Ligtenberg and Moschytz.
///
/// `even` and `odd` are of the coefficients 0 and 4, `outer` and `inner` of 2 and 6, and `odds` of 1, 3, 5 and 7. The
/// sums of `z3` and `z4` are arranged so that each line is a sum of two products, as `pmaddwd` gives it.
fn full_line(v: [i16; 8], shift: u32) -> [i16; 8] {
    let int = i32::from;
    let even = v[0].wrapping_add(v[4]);
    let odd = v[0].wrapping_sub(v[4]);
    let (even, odd) = (int(even) << CONST_BITS, int(odd) << CONST_BITS);
    let inner = int(v[2]) * F_0_541 + int(v[6]) * (F_0_541 - F_1_847);
    let outer = int(v[2]) * (F_0_541 + F_0_765) + int(v[6]) * F_0_541;
    let sums = [even.wrapping_add(outer), odd.wrapping_add(inner), odd.wrapping_sub(inner), even.wrapping_sub(outer)];
    let (z3, z4) = (int(v[7].wrapping_add(v[3])), int(v[5].wrapping_add(v[1])));
    let (z3, z4) = (z3 * (F_1_175 - F_1_961) + z4 * F_1_175, z3 * F_1_175 + z4 * (F_1_175 - F_0_390));
    let odds = [
        (int(v[1]) * (F_1_501 - F_0_899) - int(v[7]) * F_0_899).wrapping_add(z4),
        (int(v[3]) * (F_3_072 - F_2_562) - int(v[5]) * F_2_562).wrapping_add(z3),
        (int(v[5]) * (F_2_053 - F_2_562) - int(v[3]) * F_2_562).wrapping_add(z4),
        (int(v[7]) * (F_0_298 - F_0_899) - int(v[1]) * F_0_899).wrapping_add(z3),
    ];
    std::array::from_fn(|i| {
        let sum = if i < 4 { sums[i].wrapping_add(odds[i]) } else { sums[7 - i].wrapping_sub(odds[7 - i]) };
        saturate(descale(sum, shift))
    })
}

/// Transforms a block to 4 × 4 samples, as jidctred.c does.
fn half(block: &[[i16; 8]; 8], mut put: impl FnMut(usize, usize, u8)) {
    let columns: [[i16; 4]; 8] = std::array::from_fn(|x| half_line(std::array::from_fn(|y| block[y][x]), PASS_1 + 1));
    (0..4).for_each(|y| {
        let line = half_line(std::array::from_fn(|x| columns[x][y]), PASS_2 + 1);
        (0..4).for_each(|x| put(y, x, to_sample(line[x].into())));
    });
}

/// Transforms a line of 8 coefficients to 4 values; the coefficient 4 has no part in them.
fn half_line(v: [i16; 8], shift: u32) -> [i16; 4] {
    let [v0, v1, v2, v3, _, v5, v6, v7] = v.map(i32::from);
    let even = v0 << (CONST_BITS + 1);
    let inner = v2 * F_1_847 - v6 * F_0_765;
    let sums = [even.wrapping_add(inner), even.wrapping_sub(inner)];
    let odds = [
        (v5 * -F_0_601 + v7 * -F_0_509).wrapping_add(v1 * F_2_562 + v3 * F_0_899),
        (v5 * F_1_451 + v7 * -F_0_211).wrapping_add(v1 * F_1_061 + v3 * -F_2_172),
    ];
    let both = |i: usize| if i < 2 { sums[i].wrapping_add(odds[i]) } else { sums[3 - i].wrapping_sub(odds[3 - i]) };
    std::array::from_fn(|i| saturate(descale(both(i), shift)))
}

/// Transforms a block to 2 × 2 samples, as jidctred.c does.
fn quarter(block: &[[i16; 8]; 8], mut put: impl FnMut(usize, usize, u8)) {
    let columns: [[i16; 2]; 8] =
        std::array::from_fn(|x| quarter_line(std::array::from_fn(|y| block[y][x]), PASS_1 + 2));
    (0..2).for_each(|y| {
        let line = quarter_line(std::array::from_fn(|x| columns[x][y]), PASS_2 + 2);
        (0..2).for_each(|x| put(y, x, to_sample(line[x].into())));
    });
}

/// Transforms a line of 8 coefficients to 2 values; the coefficients 2, 4 and 6 have no part in them.
fn quarter_line(v: [i16; 8], shift: u32) -> [i16; 2] {
    let [v0, v1, _, v3, _, v5, _, v7] = v.map(i32::from);
    let even = v0 << (CONST_BITS + 2);
    let odd = (v5 * F_0_850 - v7 * F_0_720).wrapping_add(v1 * F_3_624 - v3 * F_1_272);
    [even.wrapping_add(odd), even.wrapping_sub(odd)].map(|sum| saturate(descale(sum, shift)))
}

/// Shifts to the right, and rounds halves up.
#[inline(always)]
fn descale(value: i32, shift: u32) -> i32 {
    value.wrapping_add(1 << (shift - 1)) >> shift
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn saturate(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Clamps, and shifts the level from −128 to 0 (§ A.3.1).
#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn to_sample(value: i32) -> u8 {
    (value.clamp(-128, 127) + 128) as u8
}

/// Fractional bits of the constants.
const CONST_BITS: u32 = 13;
/// The shift of the first pass at full scale.
const PASS_1: u32 = CONST_BITS - 2;
/// The shift of the second pass at full scale.
const PASS_2: u32 = CONST_BITS + 2 + 3;

// Sums of cosines times √2, with 13 fractional bits; the name is the value. They are the constants of jidctint.c and
// jidctred.c.
pub(crate) const F_0_211: i32 = 1730;
pub(crate) const F_0_298: i32 = 2446;
pub(crate) const F_0_390: i32 = 3196;
pub(crate) const F_0_509: i32 = 4176;
pub(crate) const F_0_541: i32 = 4433;
pub(crate) const F_0_601: i32 = 4926;
pub(crate) const F_0_720: i32 = 5906;
pub(crate) const F_0_765: i32 = 6270;
pub(crate) const F_0_850: i32 = 6967;
pub(crate) const F_0_899: i32 = 7373;
pub(crate) const F_1_061: i32 = 8697;
pub(crate) const F_1_175: i32 = 9633;
pub(crate) const F_1_272: i32 = 10426;
pub(crate) const F_1_451: i32 = 11893;
pub(crate) const F_1_501: i32 = 12299;
pub(crate) const F_1_847: i32 = 15137;
pub(crate) const F_1_961: i32 = 16069;
pub(crate) const F_2_053: i32 = 16819;
pub(crate) const F_2_172: i32 = 17799;
pub(crate) const F_2_562: i32 = 20995;
pub(crate) const F_3_072: i32 = 25172;
pub(crate) const F_3_624: i32 = 29692;

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_1_SQRT_2, PI};

    use super::*;
    use crate::tests::vectors::Random;

    const ONES: [i16; 64] = [1; 64];

    /// The inverse DCT of § A.3.3, and the means of its samples over squares, as samples that are not rounded.
    fn exact(coefficients: &[i16; 64], side: usize) -> Vec<f64> {
        let basis = |x: usize, u: usize| {
            let c = if u == 0 { FRAC_1_SQRT_2 } else { 1.0 };
            c / 2.0 * ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos()
        };
        let basis: [[f64; 8]; 8] = std::array::from_fn(|x| std::array::from_fn(|u| basis(x, u)));
        // Each row of coefficients along x, then each column along y.
        let rows: [[f64; 8]; 8] = std::array::from_fn(|v| {
            std::array::from_fn(|x| (0..8).map(|u| f64::from(coefficients[v * 8 + u]) * basis[x][u]).sum())
        });
        let full = |y: usize, x: usize| -> f64 { (0..8).map(|v| rows[v][x] * basis[y][v]).sum() };
        let n = 8 / side;
        let mean = |at: usize| {
            let square = (0..n * n).map(|i| full(at / side * n + i / n, at % side * n + i % n));
            square.sum::<f64>() / (n * n) as f64
        };
        (0..side * side).map(|at| (mean(at) + 128.0).clamp(0.0, 255.0)).collect()
    }

    /// The samples of a block that is both the first and the second of a pair.
    fn samples(coefficients: &[i16; 64], table: &[i16; 64], side: usize) -> Vec<u8> {
        let mut pair: BlockPair = [0; 256];
        for (k, &value) in coefficients.iter().enumerate() {
            pair[k / 8 * 16 + k % 8] = value;
            pair[k / 8 * 16 + 8 + k % 8] = value;
        }
        let mut out = [0; 128];
        inverse(&pair, [table; 2], side, &mut out);
        let rows = out[..2 * side * side].chunks_exact(2 * side);
        rows.flat_map(|row| {
            assert_eq!(row[..side], row[side..], "both blocks");
            row[..side].to_vec()
        })
        .collect()
    }

    /// The largest distance between our samples and the exact ones.
    fn error(coefficients: &[i16; 64], side: usize) -> f64 {
        let pairs = samples(coefficients, &ONES, side).into_iter().zip(exact(coefficients, side));
        pairs.map(|(ours, exact)| (f64::from(ours) - exact).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_dc_coefficient_alone_gives_an_eighth_of_it_rounded_at_every_scale() {
        for dc in -1100..1100i16 {
            let mut block = [0; 64];
            block[0] = dc;
            let expected = u8::try_from(((dc + 4) >> 3).clamp(-128, 127) + 128).unwrap();
            for side in [8, 4, 2, 1] {
                assert_eq!(samples(&block, &ONES, side), vec![expected; side * side]);
            }
        }
    }

    #[test]
    fn blocks_of_a_dc_coefficient_alone_take_the_short_way_to_the_same_samples() {
        let tables = [&[7; 64], &[-3; 64]];
        for dc in (i16::MIN..=i16::MAX).step_by(7) {
            let mut pair: BlockPair = [0; 256];
            (pair[0], pair[8]) = (dc, dc.wrapping_mul(5));
            for side in [8, 4, 2, 1] {
                let (mut short, mut long) = ([0; 128], [0; 128]);
                flat(&pair, tables, side, &mut short);
                inverse(&pair, tables, side, &mut long);
                assert!(short == long, "{dc} at {side}");
            }
        }
    }

    #[test]
    fn each_basis_function_is_exact_but_for_rounding() {
        for k in 0..64 {
            for value in [-900, -255, -16, -1, 1, 8, 100, 1000] {
                let mut block = [0; 64];
                block[k] = value;
                for side in [8, 4, 2, 1] {
                    assert!(error(&block, side) < 0.6, "coefficient {k} of {value} at {side}: {}", error(&block, side));
                }
            }
        }
    }

    #[test]
    fn blocks_as_pictures_have_them_are_exact_to_less_than_one() {
        let mut random = Random::new(11);
        for round in 0..2000 {
            let mut block = [0i16; 64];
            block[0] = i16::try_from(random.below(2040)).unwrap() - 1020;
            for _ in 0..random.below(40) {
                let k = random.below(64) as usize;
                block[k] = i16::try_from(random.below(200)).unwrap() - 100;
            }
            for side in [8, 4, 2, 1] {
                assert!(error(&block, side) < 0.85, "block {round} at {side}: {}", error(&block, side));
            }
        }
    }

    #[test]
    fn coefficients_are_multiplied_with_the_table_in_16_bits() {
        let (mut block, mut product) = ([0; 64], [0; 64]);
        let table = std::array::from_fn(|k| i16::try_from(k * 3 + 1).unwrap());
        for k in [0, 1, 9, 30, 63] {
            block[k] = 3;
            product[k] = 3 * table[k];
        }
        assert_eq!(samples(&block, &table, 8), samples(&product, &ONES, 8));
        let wrapped = samples(&[1000; 64], &[1000; 64], 8);
        assert_eq!(wrapped, samples(&[1000i16.wrapping_mul(1000); 64], &ONES, 8));
    }
}
