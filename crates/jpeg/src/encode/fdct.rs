//! Transforms two blocks with the forward DCT and quantises them (ITU-T T.81 §§ A.3.3 and A.3.4), on any machine.
//!
//! The arithmetic is that of libjpeg's accurate integer DCT (`islow`, jfdctint.c): constants of 13 fractional bits,
//! cosines times √2, so that a pass over eight values gives √8 times what the DCT defines. The first pass goes over rows
//! and keeps two further bits of its result; the second goes over columns and takes them away. The coefficients are eight
//! times too large, and the [`BlockQuantiser`] divides by eight times the steps.
//!
//! **No sum overflows.** Samples after the level shift (§ A.3.1) are −128 to 127. An output of the first pass is at most
//! eight of them, times four for its two further bits: −4096 to 4080. The sums of up to eight of those in the second
//! pass are −32768 to 32640, which leaves room for rounding. A product is of a sum of at most four, below 2¹⁴, with a
//! constant below 2¹⁵, and at most four are added. A coefficient is below 2¹³.

use wide::{i8x16, i16x8, i16x16, i32x8, u8x16, u16x8};

use crate::encode::blocks::{PairSamples, QuantisedPair};
use crate::encode::quantiser::BlockQuantiser;
use crate::idct::{
    F_0_298, F_0_390, F_0_541, F_0_765, F_0_899, F_1_175, F_1_501, F_1_847, F_1_961, F_2_053, F_2_562, F_3_072,
};
use crate::zigzag::ZIGZAG;

/// Writes the quantised coefficients of two blocks; their bytes are in natural order. Where `are_columns`, the samples of a
/// block come column by column, not row by row.
#[inline(always)]
pub(crate) fn transform(samples: &PairSamples, quantiser: &BlockQuantiser, out: &mut QuantisedPair, are_columns: bool) {
    for block in 0..2 {
        let rows = samples.map(|row| {
            let row = u8x16::new(row);
            let row = if block == 0 { i16x8::from_u8x16_low(row) } else { i16x8::from_u8x16_high(row) };
            row - i16x8::splat(128)
        });
        let columns = if are_columns { rows } else { transposed(rows) };
        let mut rows = pass::<SECOND>(transposed(pass::<FIRST>(columns)));
        out.nonzero[block] = 0;
        for (y, row) in rows.iter_mut().enumerate() {
            *row = quantised(*row, quantiser, y);
            out.natural[y * 2 + block] = row.to_array();
        }
        for (i, two) in rows.as_chunks::<2>().0.iter().enumerate() {
            let bytes = i8x16::from_i16x16_saturate(bytemuck::must_cast::<_, i16x16>(*two));
            out.bytes[block][i * 16..i * 16 + 16].copy_from_slice(bytemuck::bytes_of(&bytes));
            let [upper, lower, ..] = (!bytes.simd_eq(i8x16::ZERO).to_bitmask()).to_le_bytes();
            out.nonzero[block] |= ZIGZAG_BITS[2 * i][usize::from(upper)] | ZIGZAG_BITS[2 * i + 1][usize::from(lower)];
        }
    }
}

/// The place in [`QuantisedPair::bytes`] of the coefficient `k` in zigzag order. That of 64 is 64.
#[inline(always)]
pub(crate) fn place(k: usize) -> usize {
    ORDER[k].into()
}

const FIRST: bool = true;
const SECOND: bool = false;

/// One pass over eight columns, after Loeffler, Ligtenberg and Moschytz; the names are those of jfdctint.c.
///
/// The sums of `z3` and `z4` are arranged so that each output is a sum of two products and one of these, as `pmaddwd`
/// gives it.
#[inline(always)]
fn pass<const IS_FIRST: bool>(v: [i16x8; 8]) -> [i16x8; 8] {
    let (t0, t7) = (v[0] + v[7], v[0] - v[7]);
    let (t1, t6) = (v[1] + v[6], v[1] - v[6]);
    let (t2, t5) = (v[2] + v[5], v[2] - v[5]);
    let (t3, t4) = (v[3] + v[4], v[3] - v[4]);
    let (t10, t13, t11, t12) = (t0 + t3, t0 - t3, t1 + t2, t1 - t2);
    let (sum, difference) = (t10 + t11, t10 - t11);
    let even = |x: i16x8| if IS_FIRST { x << PASS_BITS } else { (x + i16x8::splat(2)) >> PASS_BITS };
    let shift = if IS_FIRST { CONST_BITS - PASS_BITS } else { CONST_BITS + PASS_BITS };
    let half = i32x8::splat(1 << (shift - 1));
    let narrow = |x: i32x8| i16x8::from_i32x8_saturate(x >> shift);
    let (z3, z4) = (t4 + t6, t5 + t7);
    let (z3, z4) = (dot(z3, F_1_175 - F_1_961, z4, F_1_175) + half, dot(z3, F_1_175, z4, F_1_175 - F_0_390) + half);
    [
        even(sum),
        narrow(dot(t4, -F_0_899, t7, F_1_501 - F_0_899) + z4),
        narrow(dot(t13, F_0_541 + F_0_765, t12, F_0_541) + half),
        narrow(dot(t5, -F_2_562, t6, F_3_072 - F_2_562) + z3),
        even(difference),
        narrow(dot(t5, F_2_053 - F_2_562, t6, -F_2_562) + z4),
        narrow(dot(t13, F_0_541, t12, F_0_541 - F_1_847) + half),
        narrow(dot(t4, F_0_298 - F_0_899, t7, -F_0_899) + z3),
    ]
}

/// `a · c + b · d`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the constants have 16 bits")]
fn dot(a: i16x8, c: i32, b: i16x8, d: i32) -> i32x8 {
    a.widening_mul(i16x8::splat(c as i16)) + b.widening_mul(i16x8::splat(d as i16))
}

/// The row `y` of a block divided by its steps.
#[inline(always)]
fn quantised(row: i16x8, quantiser: &BlockQuantiser, y: usize) -> i16x8 {
    let sum = bytemuck::must_cast::<_, u16x8>(row.abs()) + u16x8::new(quantiser.correction[y]);
    let product = sum.mul_keep_high(u16x8::new(quantiser.reciprocal[y]));
    let quotient: i16x8 = bytemuck::must_cast(product.mul_keep_high(u16x8::new(quantiser.scale[y])));
    // −1 where the coefficient is negative; flipping all bits and adding one negates the quotient there.
    let sign = row >> 15u32;
    (quotient ^ sign) - sign
}

#[inline(always)]
fn transposed(rows: [i16x8; 8]) -> [i16x8; 8] {
    bytemuck::must_cast(u16x8::transpose(bytemuck::must_cast(rows)))
}

/// Where the positions of each row of a block are in zigzag order: the bits of those in the index.
static ZIGZAG_BITS: [[u64; 256]; 8] = {
    let (mut bits, mut k) = ([[0; 256]; 8], 0);
    while k < 64 {
        let (row, column) = (ZIGZAG[k] as usize / 8, ZIGZAG[k] as usize % 8);
        let mut mask = 0;
        while mask < 256 {
            bits[row][mask] |= (mask as u64 >> column & 1) << k;
            mask += 1;
        }
        k += 1;
    }
    bits
};

/// [`ZIGZAG`], and one place more.
const ORDER: [u8; 65] = {
    let (mut order, mut k) = ([64; 65], 0);
    while k < 64 {
        order[k] = ZIGZAG[k];
        k += 1;
    }
    order
};

/// Fractional bits of the constants.
const CONST_BITS: u32 = 13;

/// Further bits that the first pass keeps.
const PASS_BITS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::quantiser::quantisation_tables;
    use crate::tests::vectors::Random;

    /// One pass over eight values as jfdctint.c has it; `shift` takes bits away from what constants multiply, and
    /// `even` says what becomes of the two sums.
    fn line(d: [i32; 8], shift: u32, even: impl Fn(i32) -> i32) -> [i32; 8] {
        let descale = |x: i32| (x + (1 << (shift - 1))) >> shift;
        let (t0, t1, t2, t3) = (d[0] + d[7], d[1] + d[6], d[2] + d[5], d[3] + d[4]);
        let (t4, t5, t6, t7) = (d[3] - d[4], d[2] - d[5], d[1] - d[6], d[0] - d[7]);
        let (t10, t13, t11, t12) = (t0 + t3, t0 - t3, t1 + t2, t1 - t2);
        let z1 = (t12 + t13) * F_0_541;
        let (two, six) = (descale(z1 + t13 * F_0_765), descale(z1 - t12 * F_1_847));
        let z5 = (t4 + t6 + t5 + t7) * F_1_175;
        let (z1, z2) = (-(t4 + t7) * F_0_899, -(t5 + t6) * F_2_562);
        let (z3, z4) = (z5 - (t4 + t6) * F_1_961, z5 - (t5 + t7) * F_0_390);
        let seven = descale(t4 * F_0_298 + z1 + z3);
        let five = descale(t5 * F_2_053 + z2 + z4);
        let three = descale(t6 * F_3_072 + z2 + z3);
        let one = descale(t7 * F_1_501 + z1 + z4);
        [even(t10 + t11), one, two, three, even(t10 - t11), five, six, seven]
    }

    fn turned(rows: [[i32; 8]; 8]) -> [[i32; 8]; 8] {
        std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]))
    }

    /// Eight times the coefficients of a block.
    fn islow(samples: [[u8; 8]; 8]) -> [[i32; 8]; 8] {
        let rows = samples.map(|row| line(row.map(|sample| i32::from(sample) - 128), 11, |sum| sum << 2));
        turned(turned(rows).map(|column| line(column, 15, |sum| (sum + 2) >> 2)))
    }

    /// Samples that look like nothing, that are black and white alone, or smooth.
    fn block(random: &mut Random, round: u32) -> [[u8; 8]; 8] {
        let slope = random.below(32);
        std::array::from_fn(|y| {
            std::array::from_fn(|x| match round % 3 {
                0 => random.bytes(1)[0],
                1 => random.bytes(1)[0] / 128 * 255,
                _ => u8::try_from(slope * u32::try_from(x + y).unwrap() / 2 % 256).unwrap(),
            })
        })
    }

    fn transformed(blocks: [[[u8; 8]; 8]; 2], quantiser: &BlockQuantiser) -> QuantisedPair {
        let samples = std::array::from_fn(|y| std::array::from_fn(|x| blocks[x / 8][y][x % 8]));
        let mut pair = QuantisedPair::ZERO;
        transform(&samples, quantiser, &mut pair, false);
        let columns = std::array::from_fn(|x| std::array::from_fn(|y| blocks[y / 8][y % 8][x]));
        let mut of_columns = QuantisedPair::ZERO;
        transform(&columns, quantiser, &mut of_columns, true);
        assert_eq!((pair.natural, pair.nonzero), (of_columns.natural, of_columns.nonzero));
        pair
    }

    #[test]
    fn every_coefficient_is_that_of_jfdctint_divided_by_its_step() {
        let mut random = Random::new(11);
        for round in 0..3000 {
            let table = quantisation_tables(u8::try_from(1 + random.below(100)).unwrap())[round as usize % 2];
            let blocks = [block(&mut random, round), block(&mut random, round / 3)];
            let pair = transformed(blocks, &BlockQuantiser::new(&table));
            for (index, samples) in blocks.into_iter().enumerate() {
                let mut nonzero = 0u64;
                for (k, &position) in ZIGZAG.iter().enumerate() {
                    let at = usize::from(position);
                    let (x, divisor) = (islow(samples)[at / 8][at % 8], i32::from(table[at]) * 8);
                    let expected = x.signum() * ((x.abs() + divisor / 2) / divisor);
                    assert_eq!(i32::from(pair.coefficient(index, at)), expected, "{at} in round {round}");
                    assert_eq!(i32::from(pair.bytes[index][place(k)].cast_signed()), expected.clamp(-128, 127));
                    nonzero |= u64::from(expected != 0) << k;
                }
                assert_eq!(pair.nonzero[index], nonzero);
                assert_eq!(pair.bytes[index][place(64)], 0);
            }
        }
    }

    #[test]
    fn the_transform_is_the_dct_but_for_rounding() {
        // § A.3.3, with steps of 1.
        let (mut random, quantiser) = (Random::new(12), BlockQuantiser::new(&[1; 64]));
        let cosine = |x: usize, u: usize| {
            let scale = if u == 0 { 0.5f64.sqrt() } else { 1.0 };
            let [x, u] = [x, u].map(|n| f64::from(u32::try_from(n).unwrap()));
            scale / 2.0 * ((2.0 * x + 1.0) * u * std::f64::consts::PI / 16.0).cos()
        };
        for round in 0..60 {
            let samples = block(&mut random, round);
            let pair = transformed([samples; 2], &quantiser);
            for at in 0..64 {
                let (v, u) = (at / 8, at % 8);
                let mut exact = 0.0;
                for (y, row) in samples.iter().enumerate() {
                    for (x, &sample) in row.iter().enumerate() {
                        exact += (f64::from(sample) - 128.0) * cosine(x, u) * cosine(y, v);
                    }
                }
                assert!((f64::from(pair.coefficient(1, at)) - exact).abs() < 0.7, "{at} in round {round}");
            }
        }
    }
}
