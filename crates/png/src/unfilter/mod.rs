//! Undoes the filters of PNG rows (PNG Third Edition § 9).
//!
//! A filtered byte is the difference from a prediction, modulo 256. The prediction comes from the byte of the pixel on
//! the left (`left`, the standard's a), the byte above (`above`, b) and the one above on the left (`corner`, c). Where
//! there is no such byte, it counts as zero.
//!
//! # Rows together
//!
//! A pixel after the Paeth filter depends on the one on its left, so a row is a chain of steps that wait for each other,
//! some ten cycles each. Pixels of different rows hide that wait, as long as each row has the pixels above it. So rows are
//! restored together, each some pixels behind the row above it: [`four`] rows of the Paeth filter on any CPU, and with
//! AVX2 [`eight`] rows of whatever filters, which pays where two or more of them are Average or Paeth,
//! or many Sub.
//!
//! Only pixels of 3 and 4 bytes go this way: those are the ones that photos and screenshots have.

#[cfg(target_arch = "x86_64")]
pub(crate) mod eight;
mod four;
#[cfg(test)]
mod tests;

use image_ingest_samples::Avx2;

use crate::dispatch;

/// Restores whole rows.
///
/// `filtered` holds rows of a filter type and `row_len` bytes each. `out` holds the row above the first of them, then
/// room for as many rows, then room for [`padding_rows`] more; every row has `row_len` bytes, which are whole pixels of
/// `bytes_per_pixel` (1, 2, 3, 4, 6 or 8). `None` where a filter type is unknown.
///
/// # Panics
///
/// Where `out` is shorter than that.
pub(crate) fn unfilter(
    filtered: &[u8],
    bytes_per_pixel: usize,
    row_len: usize,
    out: &mut [u8],
    avx2: Option<Avx2>,
) -> Option<()> {
    let mut rows = filtered.chunks_exact(row_len + 1);
    let mut at = row_len;
    while let Some(first) = rows.clone().next() {
        let (above, here) = out.split_at_mut(at);
        let above = &above[at - row_len..];
        let len = if let Some(avx2) = avx2
            && let Some((group, len)) = RowGroup::of(&rows, bytes_per_pixel, above)
        {
            dispatch::eight_rows(&group, &mut here[..8 * row_len], avx2);
            len
        } else if first[0] == PAETH && has_groups(bytes_per_pixel) && next_is_paeth(&rows) {
            paeth_rows(&rows, bytes_per_pixel, above, &mut here[..4 * row_len])
        } else {
            any_row(first[0], bytes_per_pixel, &first[1..], above, &mut here[..row_len])?;
            1
        };
        rows.nth(len - 1);
        at += len * row_len;
    }
    Some(())
}

/// Padding rows after the image. Rows are restored in groups of up to eight; the last group may overwrite up to seven rows
/// that are never read.
pub(crate) const fn padding_rows(bytes_per_pixel: usize) -> usize {
    if has_groups(bytes_per_pixel) { 7 } else { 0 }
}

/// Whether rows of such pixels are restored in groups.
pub(crate) const fn has_groups(bytes_per_pixel: usize) -> bool {
    matches!(bytes_per_pixel, 3 | 4)
}

/// Eight rows that are restored together.
#[derive(Debug)]
pub(crate) struct RowGroup<'a> {
    bytes_per_pixel: usize,
    filters: [u8; 8],
    rows: [&'a [u8]; 8],
    above: &'a [u8],
}

impl<'a> RowGroup<'a> {
    /// The next rows, up to eight, and their number; `None` where they are better restored one by one. Rows that the group
    /// lacks repeat its first. What that gives is overwritten by the rows after it, or is padding.
    fn of(rows: &Rows<'a>, bytes_per_pixel: usize, above: &'a [u8]) -> Option<(Self, usize)> {
        let first = rows.clone().next()?;
        if !has_groups(bytes_per_pixel) || first.len() <= 32 * bytes_per_pixel {
            return None;
        }
        let mut group = Self { bytes_per_pixel, filters: [0; 8], rows: [&first[1..]; 8], above };
        // A row of Average or Paeth by itself takes about half as long as eight rows together.
        let (mut len, mut work) = (0, 0);
        for (place, row) in rows.clone().take(8).enumerate() {
            let (&filter, row) = row.split_first()?;
            if filter > PAETH {
                break;
            }
            (group.filters[place], group.rows[place]) = (filter, row);
            len = place + 1;
            work += match filter {
                SUB if bytes_per_pixel == 3 => 1,
                SUB | AVERAGE | PAETH => 3,
                _ => 0,
            };
        }
        (work >= 6).then_some((group, len))
    }

    /// Restores the rows one by one. On no CPU is this called where there is a faster way.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    pub(crate) fn restore_portable(&self, out: &mut [u8]) {
        let mut above = self.above;
        let rows = self.filters.iter().zip(&self.rows).zip(out.chunks_exact_mut(self.above.len()));
        for ((&filter, row), out) in rows {
            any_row(filter, self.bytes_per_pixel, row, above, out).unwrap_or_default();
            above = out;
        }
    }
}

/// Rows with their filter types.
type Rows<'a> = std::slice::ChunksExact<'a, u8>;

const SUB: u8 = 1;
const AVERAGE: u8 = 3;
const PAETH: u8 = 4;

/// Whether the row after the next one is of the Paeth filter.
fn next_is_paeth(rows: &Rows<'_>) -> bool {
    rows.clone().nth(1).is_some_and(|row| row[0] == PAETH)
}

/// Restores up to four rows of the Paeth filter, of which the first of `rows` is one; returns how many.
fn paeth_rows(rows: &Rows<'_>, bytes_per_pixel: usize, above: &[u8], out: &mut [u8]) -> usize {
    // Rows that a group lacks repeat its first.
    let mut group = [&rows.clone().next().unwrap_or_default()[1..]; 4];
    let mut len = 0;
    for row in rows.clone().take(4).take_while(|row| row[0] == PAETH) {
        group[len] = &row[1..];
        len += 1;
    }
    if bytes_per_pixel == 3 {
        four::paeth_rows::<3, 12>(&group, above, out);
    } else {
        four::paeth_rows::<4, 16>(&group, above, out);
    }
    len
}

/// Restores a row by itself; `None` where the filter type is unknown.
fn any_row(filter: u8, bytes_per_pixel: usize, row: &[u8], above: &[u8], out: &mut [u8]) -> Option<()> {
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
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
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
