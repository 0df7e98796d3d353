//! Rows of an interlaced frame, which are stored in four passes (GIF89a appendix E).

use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError, reserve, reserve_exact};

/// The rows of a frame, in the order in which they are stored.
#[derive(Debug)]
pub(crate) struct InterlacedRows {
    /// The rows, in pieces: to free much memory at once takes long.
    pieces: Vec<Vec<u8>>,
    /// Rows of a piece; the last one may have fewer.
    rows_of_piece: usize,
    /// Rows that were pushed.
    count: usize,
    width: usize,
    height: usize,
}

impl InterlacedRows {
    /// Room for `height` rows of `width` indices, neither of which is 0. No memory is taken.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { pieces: Vec::new(), rows_of_piece: (PIECE / width).clamp(1, height), count: 0, width, height }
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn push(&mut self, row: &[u8]) -> Result<(), WorkError> {
        if self.count.is_multiple_of(self.rows_of_piece) {
            let (mut piece, rows) = (Vec::new(), self.rows_of_piece.min(self.height - self.count));
            reserve_exact(&mut piece, rows * self.width)?;
            reserve(&mut self.pieces, 1)?;
            self.pieces.push(piece);
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend_from_slice(row);
        }
        self.count += 1;
        Ok(())
    }

    /// Gives the rows, all of which were pushed, to `sink`, from the top.
    ///
    /// # Errors
    ///
    /// Those of the sink; [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub(crate) fn hand_on(mut self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        for y in 0..self.height {
            let stored = stored_at(y, self.height);
            let start = stored % self.rows_of_piece * self.width;
            let row = &self.pieces[stored / self.rows_of_piece][start..start + self.width];
            sink.take_rows(0, SampleRows::u8(row, self.width), timer)?;
        }
        while self.pieces.pop().is_some() {
            timer.check()?;
        }
        Ok(())
    }
}

/// Indices of a piece, if that is a row or more: 0.5 ms or so to free.
const PIECE: usize = 1 << 22;

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

    /// Keeps rows.
    struct Kept(Vec<u8>);

    impl RowSink for Kept {
        fn take_rows(&mut self, _: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
            self.0.extend_from_slice(rows.bytes()?);
            Ok(())
        }
    }

    #[test]
    fn rows_of_many_pieces_come_from_the_top() {
        let (width, height) = (PIECE / 3 + 1, 7);
        let mut rows = InterlacedRows::new(width, height);
        for y in [0, 4, 2, 6, 1, 3, 5] {
            rows.push(&vec![y; width]).unwrap();
        }
        assert_eq!((rows.pieces.len(), rows.pieces[3].len()), (4, width));
        let mut kept = Kept(Vec::new());
        rows.hand_on(&mut kept, &CpuTimer::default()).unwrap();
        assert!(kept.0.chunks(width).zip(0..).all(|(row, y)| row.iter().all(|&index| index == y)));
        assert_eq!(kept.0.len(), height * width);
    }
}
