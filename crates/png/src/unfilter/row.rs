//! Restores one row by itself, as the standard writes the filters (PNG Third Edition § 9.2).

pub(super) const SUB: u8 = 1;
pub(super) const AVERAGE: u8 = 3;
pub(super) const PAETH: u8 = 4;

/// Restores a row by itself; `None` where the filter type is unknown.
pub(super) fn any_row(filter: u8, bytes_per_pixel: usize, row: &[u8], above: &[u8], out: &mut [u8]) -> Option<()> {
    match bytes_per_pixel {
        1 => one_row::<1>(filter, row, above, out),
        2 => one_row::<2>(filter, row, above, out),
        3 => one_row::<3>(filter, row, above, out),
        4 => one_row::<4>(filter, row, above, out),
        6 => one_row::<6>(filter, row, above, out),
        _ => one_row::<8>(filter, row, above, out),
    }
}

/// Restores a row of pixels of `N` bytes by itself.
fn one_row<const N: usize>(filter: u8, row: &[u8], above: &[u8], out: &mut [u8]) -> Option<()> {
    let (row, above, out) = (row.as_chunks::<N>().0, above.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    let mut left = [0; N];
    match filter {
        0 => out.copy_from_slice(row),
        1 => {
            for (out, row) in out.iter_mut().zip(row) {
                left = std::array::from_fn(|i| row[i].wrapping_add(left[i]));
                *out = left;
            }
        }
        2 => {
            let bytes = row.as_flattened().iter().zip(above.as_flattened());
            out.as_flattened_mut()
                .iter_mut()
                .zip(bytes)
                .for_each(|(out, (row, above))| *out = row.wrapping_add(*above));
        }
        3 => {
            for ((out, row), above) in out.iter_mut().zip(row).zip(above) {
                left = std::array::from_fn(|i| row[i].wrapping_add(mean(left[i], above[i])));
                *out = left;
            }
        }
        PAETH => {
            let mut corner = [0; N];
            for ((out, row), above) in out.iter_mut().zip(row).zip(above) {
                left = std::array::from_fn(|i| row[i].wrapping_add(paeth(left[i], above[i], corner[i])));
                (*out, corner) = (left, *above);
            }
        }
        _ => return None,
    }
    Some(())
}

/// Half the sum of two bytes, rounded down: the bits that both have, and half of those that one has. Neither term can
/// overflow, where the sum itself needs nine bits.
fn mean(a: u8, b: u8) -> u8 {
    (a & b) + ((a ^ b) >> 1)
}

/// The one of left, above and corner that is nearest to `left + above − corner` (§ 9.4); of equally near ones the first
/// in that order.
pub(super) fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let (pa, pb, pc) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        above
    } else {
        corner
    }
}
