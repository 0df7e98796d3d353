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
//! AVX2 eight rows of whatever filters ([`group`]). That pays where two of them are Average or Paeth, or many are Sub.
//!
//! Only pixels of 3 and 4 bytes go this way: those are the ones that photos and screenshots have.

#[cfg(target_arch = "x86_64")]
pub(crate) mod eight;
mod four;
pub(crate) mod group;
mod row;
#[cfg(test)]
mod tests;

use image_ingest_samples::Avx2;

use self::group::{RowGroup, Rows, has_groups};
use self::row::{PAETH, any_row};
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
