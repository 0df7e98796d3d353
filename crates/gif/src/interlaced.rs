//! Rows of an interlaced frame, which are stored in four passes (GIF89a appendix E).

use image_ingest_samples::{CpuTimer, PictureRows, RowSink, SampleRows, WorkError};

/// Gives the `height` rows of `width` indices, in the order in which they are stored, to `sink` from the top.
///
/// # Errors
///
/// Those of the sink; [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub(crate) fn hand_on_interlaced(
    stored: PictureRows<u8>,
    [width, height]: [usize; 2],
    sink: &mut dyn RowSink,
    timer: &CpuTimer<'_>,
) -> Result<(), WorkError> {
    for y in 0..height {
        sink.take_rows(0, SampleRows::u8(stored.row(stored_at(y, height)), width), timer)?;
    }
    stored.free(timer)
}

/// Where row `y` of `height` is stored: every eighth row comes first, then the rows halfway between those, and so on.
fn stored_at(y: usize, height: usize) -> usize {
    /// The first row of each pass, and the rows from one of its rows to the next.
    const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];
    let rows_above = |y: usize, (first, step): (usize, usize)| y.saturating_sub(first).div_ceil(step);
    let pass = PASSES.iter().position(|&(first, step)| y % step == first).unwrap_or(0);
    PASSES[..pass].iter().map(|&pass| rows_above(height, pass)).sum::<usize>() + rows_above(y, PASSES[pass])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_stored_in_four_passes() {
        let stored = |height| (0..height).map(|y| stored_at(y, height)).collect::<Vec<_>>();
        assert_eq!(stored(1), [0]);
        assert_eq!(stored(5), [0, 3, 2, 4, 1]);
        assert_eq!(stored(10), [0, 5, 3, 6, 2, 7, 4, 8, 1, 9]);
    }
}
