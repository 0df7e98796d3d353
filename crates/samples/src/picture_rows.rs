//! Rows of a whole picture, for decoders that do not have them from top to bottom.

use bytemuck::Zeroable;

use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::memory::{reserve_exact, zeroed};
use crate::raster::samples_at_once;
use crate::samples::{RowSink, SampleRows, SampleSlice};

/// The rows of a picture, all of them in memory, in pieces of 32 MiB and a little more.
///
/// To give memory back to the system takes 0.1 ms or so for each megabyte, so a buffer of hundreds of megabytes would
/// keep a job from looking at its budget for too long. Pieces come and go one by one.
///
/// ```
/// use image_ingest_samples::{CpuTimer, PictureRows};
///
/// let timer = CpuTimer::default();
/// let mut rows = PictureRows::zeroed(2, 3, &timer)?;
/// rows.row_mut(1).copy_from_slice(&[1, 2, 3]);
/// assert_eq!([rows.row(0), rows.row(1)], [[0, 0, 0], [1, 2, 3]]);
/// rows.free(&timer)?;
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
#[derive(Debug)]
pub struct PictureRows<T> {
    pieces: Vec<Vec<T>>,
    /// Rows of a piece; the last one may have fewer.
    rows_of_piece: usize,
    row_len: usize,
}

impl<T: Copy + Zeroable> PictureRows<T> {
    /// `count` rows of `len` zeros. Neither number is 0.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub fn zeroed(count: usize, len: usize, timer: &CpuTimer<'_>) -> Result<Self, WorkError> {
        let rows_of_piece = (PIECE / size_of::<T>().max(1) / len.max(1) + 1).min(count.max(1));
        let mut pieces = Vec::new();
        reserve_exact(&mut pieces, count.div_ceil(rows_of_piece))?;
        for start in (0..count).step_by(rows_of_piece) {
            timer.check()?;
            pieces.push(zeroed(rows_of_piece.min(count - start).saturating_mul(len))?);
        }
        Ok(Self { pieces, rows_of_piece, row_len: len })
    }

    /// Rows of `len` values that are in memory already, in one piece.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`].
    pub fn of(rows: Vec<T>, len: usize) -> Result<Self, WorkError> {
        let mut pieces = Vec::new();
        reserve_exact(&mut pieces, 1)?;
        let rows_of_piece = (rows.len() / len.max(1)).max(1);
        pieces.push(rows);
        Ok(Self { pieces, rows_of_piece, row_len: len })
    }

    /// The row `y`.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    #[must_use]
    #[inline(always)]
    pub fn row(&self, y: usize) -> &[T] {
        &self.pieces[y / self.rows_of_piece][y % self.rows_of_piece * self.row_len..][..self.row_len]
    }

    /// The row `y`.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    #[must_use]
    #[inline(always)]
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.pieces[y / self.rows_of_piece][y % self.rows_of_piece * self.row_len..][..self.row_len]
    }

    /// Sets all values to zero.
    pub fn clear(&mut self) {
        self.pieces.iter_mut().for_each(|piece| piece.fill(T::zeroed()));
    }

    /// Hands all rows to `sink`, from the top, as those of plane 0, and gives back what was taken.
    ///
    /// # Errors
    ///
    /// Those of `sink`; [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn hand_on(self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<(), WorkError>
    where
        for<'a> SampleSlice<'a>: From<&'a [T]>,
    {
        for piece in self.pieces {
            for samples in piece.chunks(samples_at_once(self.row_len).max(1)) {
                timer.check()?;
                sink.take_rows(0, SampleRows { samples: samples.into(), stride: self.row_len }, timer)?;
            }
            timer.check()?;
            drop(piece);
        }
        Ok(())
    }

    /// Gives the memory back.
    ///
    /// # Errors
    ///
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn free(mut self, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        while self.pieces.pop().is_some() {
            timer.check()?;
        }
        Ok(())
    }
}

/// A piece has this many bytes and a part of a row more. From here on, glibc's allocator gives a buffer back as soon as it
/// is freed; smaller ones it may collect, and give back many at once.
const PIECE: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps samples of 16 bits.
    struct Kept(Vec<u16>);

    impl RowSink for Kept {
        fn take_rows(&mut self, _: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
            let SampleSlice::U16(samples) = rows.samples else { panic!("8 bits") };
            self.0.extend_from_slice(samples);
            Ok(())
        }
    }

    #[test]
    fn rows_are_found_in_their_pieces() {
        let (count, len) = (4, PIECE / 6 + 1);
        let mut rows = PictureRows::<u16>::zeroed(count, len, &CpuTimer::default()).unwrap();
        for (y, value) in (0..count).zip(1..) {
            rows.row_mut(y).fill(value);
        }
        assert!((0..count).zip(1..).all(|(y, value)| rows.row(y).iter().all(|&found| found == value)));
        assert_eq!(rows.pieces.iter().map(|piece| piece.len() / len).collect::<Vec<_>>(), [3, 1]);
        let mut kept = Kept(Vec::new());
        rows.hand_on(&mut kept, &CpuTimer::default()).unwrap();
        assert!(kept.0.chunks(len).zip(1..).all(|(row, value)| row.iter().all(|&found| found == value)));
        assert_eq!(kept.0.len(), count * len);
    }

    #[test]
    fn a_row_may_be_longer_than_a_piece() {
        let rows = PictureRows::<u8>::zeroed(2, PIECE + 1, &CpuTimer::default()).unwrap();
        assert_eq!(rows.row(1).len(), PIECE + 1);
        rows.free(&CpuTimer::default()).unwrap();
    }

    #[test]
    fn rows_of_a_whole_picture_are_one_piece() {
        let mut rows = PictureRows::of(vec![1, 2, 3, 4], 2).unwrap();
        assert_eq!([rows.row(0), rows.row(1)], [[1, 2], [3, 4]]);
        rows.clear();
        assert_eq!(rows.row(1), [0, 0]);
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        let rows = PictureRows::<u64>::zeroed(1, usize::MAX, &CpuTimer::default());
        assert!(matches!(rows, Err(WorkError::OutOfMemory { .. })));
    }
}
