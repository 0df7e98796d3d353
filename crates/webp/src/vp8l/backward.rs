//! The numbers of backward references (RFC 9649 § 3.6.2.2): lengths, and how far back a distance code leads.

use super::alphabet::DISTANCES;
use super::bits::Bits;

/// Reads a length or a distance code from its prefix: prefixes 0 to 3 are the numbers 1 to 4, and each later pair of
/// prefixes takes one extra bit more. The largest prefix is 39, with 18 extra bits, so a number is at most 2²⁰.
#[inline]
pub(super) fn prefixed(bits: &mut Bits<'_>, prefix: usize) -> usize {
    debug_assert!(prefix < DISTANCES, "{prefix}");
    if prefix < 4 {
        return prefix + 1;
    }
    let extra = ((prefix - 2) >> 1) & 31;
    ((2 + (prefix & 1)) << extra) + bits.take(u32::try_from(extra).unwrap_or(0)) as usize + 1
}

/// How many pixels back a distance code (from 1) leads in an image of `width`: the first 120 codes name a neighbour,
/// and each later one is a distance plus 120.
///
/// The width is at most 2¹⁴, so a neighbour is at most 7 × 2¹⁴ + 8 pixels back, and every distance is below
/// [`MAX_DISTANCE`].
#[inline]
pub(super) fn distance(code: usize, width: usize) -> usize {
    match NEAR.get(code - 1) {
        None => code - NEAR.len(),
        Some(&(left, up)) => (usize::from(up) * width).saturating_add_signed(left.into()).max(1),
    }
}

/// No backward reference reaches as far: the largest code is 2²⁰, and 120 less is the largest distance.
pub(super) const MAX_DISTANCE: usize = 1 << 20;

/// For the first 120 distance codes: pixels to the left, and rows up.
#[rustfmt::skip]
const NEAR: [(i8, u8); 120] = [
    (0, 1), (1, 0), (1, 1), (-1, 1), (0, 2), (2, 0), (1, 2), (-1, 2), (2, 1), (-2, 1), (2, 2), (-2, 2),
    (0, 3), (3, 0), (1, 3), (-1, 3), (3, 1), (-3, 1), (2, 3), (-2, 3), (3, 2), (-3, 2), (0, 4), (4, 0),
    (1, 4), (-1, 4), (4, 1), (-4, 1), (3, 3), (-3, 3), (2, 4), (-2, 4), (4, 2), (-4, 2), (0, 5), (3, 4),
    (-3, 4), (4, 3), (-4, 3), (5, 0), (1, 5), (-1, 5), (5, 1), (-5, 1), (2, 5), (-2, 5), (5, 2), (-5, 2),
    (4, 4), (-4, 4), (3, 5), (-3, 5), (5, 3), (-5, 3), (0, 6), (6, 0), (1, 6), (-1, 6), (6, 1), (-6, 1),
    (2, 6), (-2, 6), (6, 2), (-6, 2), (4, 5), (-4, 5), (5, 4), (-5, 4), (3, 6), (-3, 6), (6, 3), (-6, 3),
    (0, 7), (7, 0), (1, 7), (-1, 7), (5, 5), (-5, 5), (7, 1), (-7, 1), (4, 6), (-4, 6), (6, 4), (-6, 4),
    (2, 7), (-2, 7), (7, 2), (-7, 2), (3, 7), (-3, 7), (7, 3), (-7, 3), (5, 6), (-5, 6), (6, 5), (-6, 5),
    (8, 0), (4, 7), (-4, 7), (7, 4), (-7, 4), (8, 1), (8, 2), (6, 6), (-6, 6), (8, 3), (5, 7), (-5, 7),
    (7, 5), (-7, 5), (8, 4), (6, 7), (-6, 7), (7, 6), (-7, 6), (8, 5), (7, 7), (-7, 7), (8, 6), (8, 7),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prefixes_are_numbers_and_later_ones_take_bits() {
        let read = |prefix, bits: &[u8]| prefixed(&mut Bits::new(bits), prefix);
        assert_eq!([0, 1, 2, 3].map(|prefix| read(prefix, &[])), [1, 2, 3, 4]);
        assert_eq!([read(4, &[0]), read(4, &[1]), read(5, &[0]), read(5, &[1])], [5, 6, 7, 8]);
        // The longest length, and the largest distance code.
        assert_eq!(read(23, &[0xFF; 8]), 4096);
        assert_eq!(read(39, &[0xFF; 8]), 1 << 20);
        assert!(distance(1 << 20, 5) + NEAR.len() == MAX_DISTANCE);
    }

    #[test]
    fn near_codes_name_neighbours_and_lead_back_at_least_one_pixel() {
        assert_eq!([1, 2, 3, 4, 120].map(|code| distance(code, 100)), [100, 1, 101, 99, 708]);
        // Eight to the right and one up, in an image of three columns.
        assert_eq!(NEAR[14], (1, 3));
        assert_eq!(distance(10, 1), 1);
        assert_eq!(distance(121, 100), 1);
    }

    #[test]
    fn neighbours_are_all_pixels_before_within_eight_columns_and_seven_rows() {
        let mut seen: Vec<_> = NEAR.to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 120);
        assert!(NEAR.iter().all(|&(left, up)| (-7..=8).contains(&left) && up <= 7 && (up > 0 || left > 0)));
        // Nearer ones come first, but for those of equal distance.
        let square = |&(left, up): &(i8, u8)| i32::from(left).pow(2) + i32::from(up).pow(2);
        assert!(NEAR.is_sorted_by_key(square));
    }
}
