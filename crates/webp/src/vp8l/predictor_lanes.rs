//! The modes of the predictor transform that go from pixel to pixel, on any CPU: see [`predictor`](super::predictor) for
//! what they add. A pixel is spread over a word of four lanes of 16 bits, in which sums and differences of bytes have
//! room.

use super::columns::{Columns, split};

/// Adds the predictions of mode 1, 5, 6, 7, 10, 11, 12 or 13 to the pixels of `columns`, which begin at 1 or behind; of
/// another mode it adds none. `above` holds the row above, and has one pixel more than the row.
#[inline(always)]
pub(super) fn add_along(mode: u8, columns: Columns, above: &[u32], row: &mut [u32]) {
    match mode {
        1 => along(columns, above, row, |left, _| left),
        5 => along(columns, above, row, |left, [_, top, top_right]| half(half(left + top_right) + top)),
        6 => along(columns, above, row, |left, [top_left, _, _]| half(left + top_left)),
        7 => along(columns, above, row, |left, [_, top, _]| half(left + top)),
        10 => along(columns, above, row, |left, [top_left, top, top_right]| {
            half(half(left + top_left) + half(top + top_right))
        }),
        11 => along(columns, above, row, select),
        12 => along(columns, above, row, |left, [top_left, top, _]| clamp(left + (top + BIAS - top_left))),
        13 => along(columns, above, row, |left, [top_left, top, _]| gradient_half(half(left + top), top_left)),
        _ => {}
    }
}

/// Modes whose prediction depends on the pixel to the left, too. `predict` takes and gives spread pixels.
#[inline(always)]
fn along(columns: Columns, above: &[u32], row: &mut [u32], predict: impl Fn(u64, [u64; 3]) -> u64) {
    let neighbours = above.get(columns.start - 1..=columns.end).unwrap_or_default();
    let Some((left, pixels)) = split(columns, row) else { return };
    let mut left = spread(left);
    let mut above = neighbours.iter().map(|&pixel| spread(pixel));
    let (Some(mut top_left), Some(mut top)) = (above.next(), above.next()) else { return };
    for (pixel, top_right) in pixels.iter_mut().zip(above) {
        left = (predict(left, [top_left, top, top_right]) + spread(*pixel)) & BYTES;
        *pixel = packed(left);
        (top_left, top) = (top, top_right);
    }
}

/// Each byte of a pixel in a lane of 16 bits: blue, red, green, alpha.
#[inline(always)]
const fn spread(pixel: u32) -> u64 {
    let pixel = pixel as u64;
    (pixel | pixel << 24) & BYTES
}

/// The bytes of the lanes, which are below 256.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits have all lanes together")]
#[inline(always)]
const fn packed(lanes: u64) -> u32 {
    (lanes | lanes >> 24) as u32
}

/// Half of each lane, which is below 2⁹, rounded down. What moves out of a lane is taken off the one below.
#[inline(always)]
const fn half(lanes: u64) -> u64 {
    lanes >> 1 & BYTES
}

/// The lanes less 256, but at least 0 and at most 255. A lane is above 0 and below 768.
///
/// A lane of 512 and more has bit 9, one from 256 to 511 bit 8. Each of these bits makes a mask of eight below it.
#[inline(always)]
const fn clamp(lanes: u64) -> u64 {
    let (over, inside) = (lanes >> 1 & BIAS, lanes & BIAS);
    (lanes & (inside - (inside >> 8))) | (over - (over >> 8))
}

/// Mode 13: the average, and half of its difference to the pixel above and to the left, rounded towards 0.
///
/// `doubled` is the difference and 256, from 1 to 511. Where it is below 256 the difference is negative, and 1 more
/// makes the half of it round up.
#[inline(always)]
const fn gradient_half(average: u64, top_left: u64) -> u64 {
    let doubled = average + BIAS - top_left;
    let negative = !doubled >> 8 & ONES;
    let halved = (doubled + negative) >> 1 & BYTES;
    clamp(average + halved + (BIAS >> 1))
}

/// Mode 11: the pixel to the left or the one above, whichever is nearer to left + top − top left. The difference of that
/// to the left is the one between above and above left, and so on the other way.
#[inline(always)]
fn select(left: u64, [top_left, top, _]: [u64; 3]) -> u64 {
    if distance(left, top_left) <= distance(top, top_left) { top } else { left }
}

/// The sum of the absolute differences of the lanes, in bits 48 and up.
///
/// `difference` is biased by 256. Where it has lost that bit it is negative, and `255 − difference + 1` is its absolute
/// value. The product adds the four lanes, of at most 255 each, in the highest one.
#[inline(always)]
const fn distance(a: u64, b: u64) -> u64 {
    let difference = a + BIAS - b;
    let negative = !difference >> 8 & ONES;
    let absolute = (difference ^ (negative * 0xFF)) + negative;
    (absolute & BYTES).wrapping_mul(ONES) >> 48
}

const BYTES: u64 = 0x00FF_00FF_00FF_00FF;
const ONES: u64 = 0x0001_0001_0001_0001;
const BIAS: u64 = ONES << 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_clamped_and_halved_towards_zero() {
        for value in 1..768u64 {
            assert_eq!(clamp(value * ONES), value.saturating_sub(256).min(255) * ONES);
        }
        for (average, top_left) in (0..256u64).flat_map(|a| (0..256u64).map(move |b| (a, b))) {
            let (a, b) = (i64::try_from(average).unwrap(), i64::try_from(top_left).unwrap());
            let expected = u64::try_from((a + (a - b) / 2).clamp(0, 255)).unwrap();
            assert_eq!(gradient_half(average * ONES, top_left * ONES), expected * ONES, "{a} {b}");
            assert_eq!(distance(average * ONES, top_left * ONES), 4 * average.abs_diff(top_left));
        }
    }
}
