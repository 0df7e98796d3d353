//! Eight rows that are restored together.

#[cfg(any(test, not(target_arch = "x86_64")))]
use super::row::any_row;
use super::row::{AVERAGE, PAETH, SUB};

/// Eight rows that are restored together.
#[derive(Debug)]
pub(crate) struct RowGroup<'a> {
    pub(super) bytes_per_pixel: usize,
    pub(super) filters: [u8; 8],
    pub(super) rows: [&'a [u8]; 8],
    pub(super) above: &'a [u8],
}

impl<'a> RowGroup<'a> {
    /// The next rows, up to eight, and their number; `None` where they are better restored one by one. Rows that the group
    /// lacks repeat its first. What that gives is overwritten by the rows after it, or is padding.
    pub(super) fn of(rows: &Rows<'a>, bytes_per_pixel: usize, above: &'a [u8]) -> Option<(Self, usize)> {
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

/// Whether rows of such pixels are restored in groups.
pub(crate) const fn has_groups(bytes_per_pixel: usize) -> bool {
    matches!(bytes_per_pixel, 3 | 4)
}

/// Rows with their filter types.
pub(super) type Rows<'a> = std::slice::ChunksExact<'a, u8>;
