//! The inverse of the cross-colour transform (RFC 9649 § 3.5.2): adds to red what green predicts of it, and to blue what
//! green and red predict.

use super::blocks::BlockValues;

/// Turns row `y` back, of which each block has its three factors.
#[inline(always)]
pub(super) fn add_predictions(factors: &BlockValues<u32>, y: usize, row: &mut [u32]) {
    let blocks = row.chunks_mut(1 << factors.log2);
    blocks.zip(factors.of_row(y)).for_each(|(pixels, &factors)| add_block(factors, pixels));
}

/// Factors and colours are signed, in fixed point with five bits behind the point. A product of two has at most 15 bits
/// and a sign, and only the lowest eight bits of what is left of it count.
#[expect(clippy::cast_possible_truncation, reason = "only the lowest eight bits of a sum count")]
#[inline(always)]
fn add_block(factors: u32, pixels: &mut [u32]) {
    let [green_to_red, green_to_blue, red_to_blue, _] =
        factors.to_le_bytes().map(|factor| i16::from(factor.cast_signed()));
    for pixel in pixels {
        let argb = *pixel;
        let green = signed(argb >> 8);
        let red = signed(argb >> 16).wrapping_add((green * green_to_red) >> 5);
        let red = i16::from(red as i8);
        let blue = signed(argb).wrapping_add((green * green_to_blue) >> 5).wrapping_add((red * red_to_blue) >> 5);
        *pixel = argb & 0xFF00_FF00 | u32::from(red as u8) << 16 | u32::from(blue as u8);
    }
}

/// The lowest byte as a signed number.
#[expect(clippy::cast_possible_truncation, reason = "the higher bytes are other colours")]
#[inline(always)]
const fn signed(value: u32) -> i16 {
    value as i8 as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// § 3.5.2, in wider numbers.
    fn expected(factors: u32, argb: u32) -> u32 {
        let low = |value: u32| i32::from(value.to_le_bytes()[0].cast_signed());
        let delta = |factor: u32, color: u32| (low(factor) * low(color)) >> 5;
        let red = (argb >> 16 & 0xFF).wrapping_add_signed(delta(factors, argb >> 8)) & 0xFF;
        let blue = (argb & 0xFF).wrapping_add_signed(delta(factors >> 8, argb >> 8) + delta(factors >> 16, red)) & 0xFF;
        argb & 0xFF00_FF00 | red << 16 | blue
    }

    #[test]
    fn red_and_blue_get_their_parts_of_green_and_red() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 3).wrapping_mul(0x9E37_79B1)
        };
        for factors in
            [0, 0x0080_8080, 0x007F_7F7F, 0x0080_7F01, 0xFF20_4060].into_iter().chain((0..500).map(|_| next()))
        {
            let pixels: Vec<u32> = [0, u32::MAX, 0x8080_8080, 0x7F7F_7F7F, 0x1280_7F80].to_vec();
            let mut row = pixels.clone();
            add_block(factors, &mut row);
            assert!(row.iter().zip(&pixels).all(|(&row, &argb)| row == expected(factors, argb)), "{factors:x}");
        }
    }

    #[test]
    fn each_block_has_its_factors() {
        let factors = BlockValues { log2: 2, width: 2, values: vec![0, 0x20, 0x20, 0] };
        let row = |y| {
            let mut row = vec![0x0000_0100; 6];
            add_predictions(&factors, y, &mut row);
            row.into_iter().map(|argb| argb >> 16).collect::<Vec<_>>()
        };
        assert_eq!(row(3), [0, 0, 0, 0, 1, 1]);
        assert_eq!(row(4), [1, 1, 1, 1, 0, 0]);
    }
}
