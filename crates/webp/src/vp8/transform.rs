//! The inverse DCT of four blocks at once (RFC 6386 § 14.3, § 14.4), on any machine.
//!
//! All sums have 16 bits. Those of coefficients that an encoder makes from samples fit: each pass enlarges a value at
//! most 3.85 times, and a block of samples has coefficients of ±2048. Beyond that sums wrap. The
//! standard's own decoder keeps more bits in the second pass. libwebp wraps in its code for vector instructions, but not
//! in its plain code, which it takes for blocks of few coefficients on any CPU. So a stream of such coefficients has no
//! one right picture; here it has the same one on every machine.

use bytemuck::cast;
use wide::{i16x8, u8x16, u16x8};

use super::residual::RowContent;
use super::tokens::BlockRow;

/// What is added to four rows of samples.
pub(crate) type ResidualRows = [[i16; 16]; 4];

/// Multiplies the coefficients with their factors, transforms them, and sets them to 0.
#[inline]
pub(crate) fn residual(coefficients: &mut BlockRow, content: RowContent, factors: [i16; 2]) -> ResidualRows {
    let [first, others] = factors;
    let in_first_row = i16x8::new([first, others, others, others, first, others, others, others]);
    let rows: &mut [[[i16; 8]; 2]; 4] = bytemuck::cast_mut(coefficients);
    let mut values = [[i16x8::ZERO; 2]; 4];
    values[0] = rows[0].map(|half| i16x8::new(half) * in_first_row);
    if content < RowContent::All {
        *coefficients = [0; 64];
        return first_only(values[0]);
    }
    for (values, row) in values[1..].iter_mut().zip(&rows[1..]) {
        *values = row.map(|half| i16x8::new(half) * i16x8::splat(others));
    }
    *coefficients = [0; 64];
    let [[a0, b0], [a1, b1], [a2, b2], [a3, b3]] = values;
    let [a, b] = [pass([a0, a1, a2, a3]), pass([b0, b1, b2, b3])];
    // Rows of eight: those of the first two blocks, then those of the others. Transposed, a row has a column of the
    // first and the third block, or of the second and the fourth.
    let [mut c, mut d] = transposed(a, b);
    (c[0], d[0]) = (c[0] + i16x8::splat(4), d[0] + i16x8::splat(4));
    let [a, b] = transposed(pass(c).map(|row| row >> 3), pass(d).map(|row| row >> 3));
    std::array::from_fn(|row| cast([a[row], b[row]]))
}

/// Every sample of a block gets its first coefficient. Adding the 4 saturates, as libwebp's 32 bits cannot overflow.
#[inline]
fn first_only(row: [i16x8; 2]) -> ResidualRows {
    let row = row.map(|half| {
        let value: i16x8 = half.saturating_add(i16x8::splat(4)) >> 3;
        let [a, _, _, _, b, _, _, _] = value.to_array();
        [a, a, a, a, b, b, b, b]
    });
    [cast(row); 4]
}

/// One pass over columns (§ 14.4). A product with √2 · cos(π / 8) or √2 · sin(π / 8) in 16 bits of fraction: the first
/// is 1 + 20091 / 2¹⁶. The second is 35468 / 2¹⁶, or 1 − 30068 / 2¹⁶ so that the factor fits 16 bits with its sign.
#[inline]
fn pass([r0, r1, r2, r3]: [i16x8; 4]) -> [i16x8; 4] {
    let cosine = |value: i16x8| value.mul_keep_high(i16x8::splat(20091)) + value;
    let sine = |value: i16x8| value.mul_keep_high(i16x8::splat(-30068)) + value;
    let (a, b) = (r0 + r2, r0 - r2);
    let (c, d) = (sine(r1) - cosine(r3), cosine(r1) + sine(r3));
    [a + d, b + c, b - c, a - d]
}

#[inline]
fn transposed([a0, a1, a2, a3]: [i16x8; 4], [b0, b1, b2, b3]: [i16x8; 4]) -> [[i16x8; 4]; 2] {
    let rows: [u16x8; 8] = cast([a0, a1, a2, a3, b0, b1, b2, b3]);
    let [c0, c1, c2, c3, d0, d1, d2, d3]: [i16x8; 8] = cast(u16x8::transpose(rows));
    [[c0, c1, c2, c3], [d0, d1, d2, d3]]
}

/// Adds to samples, and clamps.
#[inline]
pub(crate) fn add(residual: &ResidualRows, rows: &mut [[u8; 16]; 4]) {
    for (row, residual) in rows.iter_mut().zip(residual) {
        let samples = u8x16::new(*row);
        let [low, high]: [i16x8; 2] = cast(*residual);
        let low = i16x8::from_u8x16_low(samples) + low;
        let high = i16x8::from_u8x16_high(samples) + high;
        *row = u8x16::narrow_i16x8(low, high).to_array();
    }
}

/// Whether 16 bits hold every product and sum of a row of blocks. Where not, decoders differ.
#[cfg(any(test, feature = "checked"))]
pub(crate) fn fits_16_bits(coefficients: &BlockRow, factors: [i16; 2]) -> bool {
    (0..4).all(|block| {
        let at = |i: usize| {
            let factor = factors[usize::from(i > 0)];
            i64::from(coefficients[16 * (i / 4) + 4 * block + i % 4]) * i64::from(factor)
        };
        // No sum of a pass is above the sum of the magnitudes times 1.307, and there are two passes and a 4.
        let magnitudes: [i64; 16] = std::array::from_fn(|i| at(i).abs());
        magnitudes.iter().sum::<i64>() * 1708 / 1000 + 4 <= i64::from(i16::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// § 14.4 for one block, in 32 bits.
    fn standard(block: [[i32; 4]; 4]) -> [[i32; 4]; 4] {
        let (cosine, sine) = (|v: i32| v + ((v * 20091) >> 16), |v: i32| (v * 35468) >> 16);
        let pass = |[i0, i1, i2, i3]: [i32; 4]| {
            let (a, b) = (i0 + i2, i0 - i2);
            let (c, d) = (sine(i1) - cosine(i3), cosine(i1) + sine(i3));
            [a + d, b + c, b - c, a - d]
        };
        let turned = |rows: [[i32; 4]; 4]| std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]));
        let columns: [[i32; 4]; 4] = turned(block);
        let rows: [[i32; 4]; 4] = turned(columns.map(pass));
        rows.map(pass).map(|row| row.map(|value| (value + 4) >> 3))
    }

    fn noise() -> impl FnMut() -> i16 {
        let mut state = 7u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i16::from_be_bytes([state.to_be_bytes()[0], state.to_be_bytes()[1]])
        }
    }

    #[test]
    fn four_blocks_are_transformed_as_the_standard_has_it() {
        let mut next = noise();
        for round in 0..2000 {
            let coefficients: BlockRow = std::array::from_fn(|_| next() >> (8 + round % 8));
            let factors = [7, 9];
            let mut work = coefficients;
            let rows = residual(&mut work, RowContent::All, factors);
            assert_eq!(work, [0; 64]);
            for block in 0..4 {
                let expected = standard(std::array::from_fn(|y| {
                    std::array::from_fn(|x| {
                        let factor = factors[usize::from(x + y > 0)];
                        i32::from(coefficients[16 * y + 4 * block + x]) * i32::from(factor)
                    })
                }));
                let seen: [[i32; 4]; 4] =
                    std::array::from_fn(|y| std::array::from_fn(|x| i32::from(rows[y][4 * block + x])));
                assert_eq!(seen, expected);
            }
        }
    }

    #[test]
    fn a_first_coefficient_alone_gives_what_the_whole_transform_gives() {
        for value in [-2100, -5, -1, 0, 3, 4, 12, 2000] {
            let mut one = [0; 64];
            (one[0], one[4], one[12]) = (value, -value, 1);
            let mut same = one;
            let whole = residual(&mut one, RowContent::All, [8, 100]);
            assert_eq!(residual(&mut same, RowContent::First, [8, 100]), whole);
            assert_eq!(same, [0; 64]);
        }
        let mut most = [i16::MAX; 64];
        assert_eq!(residual(&mut most, RowContent::First, [1, 1]), [[4095; 16]; 4]);
    }

    #[test]
    fn samples_are_clamped() {
        let mut rows = [[100; 16]; 4];
        let mut residual = [[0; 16]; 4];
        (residual[0][0], residual[1][9], residual[3][15]) = (200, -101, -4096);
        add(&residual, &mut rows);
        assert_eq!((rows[0][0], rows[1][9], rows[3][15], rows[2][2]), (255, 0, 0, 100));
    }

    #[test]
    fn coefficients_of_samples_fit_and_large_ones_do_not() {
        assert!(fits_16_bits(&[0; 64], [157, 284]));
        let mut row = [0; 64];
        (row[4], row[5]) = (13, 14);
        assert!(fits_16_bits(&row, [157, 284]));
        row[5] = 200;
        assert!(!fits_16_bits(&row, [157, 284]));
    }
}
