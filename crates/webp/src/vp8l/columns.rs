//! The pixels of a row that one block of a transform covers.

/// Their places in the row.
pub(super) type Columns = std::ops::Range<usize>;

/// The pixels of `columns`, which begin at 1 or behind, and the one before.
#[inline(always)]
pub(super) fn split(columns: Columns, row: &mut [u32]) -> Option<(u32, &mut [u32])> {
    let (left, pixels) = row.get_mut(columns.start - 1..columns.end)?.split_first_mut()?;
    Some((*left, pixels))
}
