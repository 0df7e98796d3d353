//! The vertical pass: rows of samples in, fewer rows out (or more, where chroma is enlarged).
//!
//! Rows come from the top, in any number at a time. A target row is written as soon as its last source row is there.
//! Between two calls only the rows that a later target row needs are kept: some four times the scale. Rows of the
//! current call are used where they are, so a decoder that gives many rows at a time has few of them copied.

use std::collections::VecDeque;
use std::sync::Arc;

use image_ingest_samples::{Avx2, CpuTimer, WorkError, collected, reserve, zeroed};

use crate::arithmetic::Arithmetic;
use crate::result::Result;
use crate::weights::{Taps, Weights};

/// The rows that later target rows need, and how far the work has come.
pub(crate) struct Vertical<T: Arithmetic> {
    /// `None` where rows pass as they are.
    weights: Option<Arc<Weights<T>>>,
    /// The source rows from `seen - kept.len()` to `seen`.
    kept: VecDeque<Vec<T>>,
    /// Source rows that have been pushed.
    seen: usize,
    /// Target rows that have been given.
    done: usize,
    /// Buffers of rows that were dropped, to be used again.
    free: Vec<Vec<T>>,
    avx2: Option<Avx2>,
}

impl<T: Arithmetic> Vertical<T> {
    pub(crate) fn new(weights: Option<Arc<Weights<T>>>) -> Self {
        Self { weights, kept: VecDeque::new(), seen: 0, done: 0, free: Vec::new(), avx2: Avx2::find() }
    }

    /// Whether rows pass as they are.
    pub(crate) fn is_identity(&self) -> bool {
        self.weights.is_none()
    }

    /// Those it was made with.
    pub(crate) fn weights(&self) -> Option<Arc<Weights<T>>> {
        self.weights.clone()
    }

    /// Takes the next rows, which have equal lengths, and gives each target row that they complete. `timer` is asked before
    /// each, and within those that are much work.
    ///
    /// `give` gets a function that writes the target row, and calls it with the place where the row belongs.
    ///
    /// The kept rows and the new ones are consecutive and start at source row `first`. A span that ends by `end` starts
    /// at `first` or later, since [`Self::keep`] dropped no row from `needed_from` on. So its rows are at hand.
    pub(crate) fn push<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a [T]>,
        timer: &CpuTimer<'_>,
        mut give: impl FnMut(&dyn Fn(&mut [T]) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let Some(weights) = &self.weights else {
            return rows.into_iter().try_for_each(|row| {
                give(&|out| {
                    out.copy_from_slice(row);
                    Ok(())
                })
            });
        };
        let rows = collected(rows)?;
        let (first, end) = (self.seen - self.kept.len(), self.seen + rows.len());
        let mut next = weights.span(self.done);
        // The list is made where a target row is complete: one for each row would cost the square of a long span.
        if next.is_some_and(|span| span.end <= end) {
            let at_hand = collected(self.kept.iter().map(Vec::as_slice).chain(rows.iter().copied()))?;
            while let Some(span) = next.filter(|span| span.end <= end) {
                let window = &at_hand[span.first - first..span.end - first];
                give(&|out| blend(window, weights.of(span), out, self.avx2, timer))?;
                self.done += 1;
                next = weights.span(self.done);
            }
        }
        let needed = next.map_or(end, |span| span.needed_from.clamp(first, end));
        self.keep(&rows, needed)
    }

    /// Drops kept rows before source row `needed` and copies those of the new `rows` that come after it.
    fn keep(&mut self, rows: &[&[T]], needed: usize) -> Result<()> {
        while self.seen - self.kept.len() < needed {
            let Some(row) = self.kept.pop_front() else { break };
            reserve(&mut self.free, 1)?;
            self.free.push(row);
        }
        for row in rows.iter().skip(needed.saturating_sub(self.seen)) {
            let mut copy = self.free.pop().map_or_else(|| zeroed(row.len()), Ok)?;
            copy.copy_from_slice(row);
            let out_of_memory = |_| WorkError::OutOfMemory { bytes: size_of::<Vec<T>>() as u64 };
            self.kept.try_reserve(1).map_err(out_of_memory)?;
            self.kept.push_back(copy);
        }
        self.seen += rows.len();
        Ok(())
    }
}

/// One row of those of a window, some samples at a time: where a wide picture becomes very small, a row is the sum of hundreds.
fn blend<T: Arithmetic>(
    window: &[&[T]],
    taps: Taps<'_, T>,
    out: &mut [T],
    avx2: Option<Avx2>,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    timer.check()?;
    let piece = (PRODUCTS_AT_ONCE / window.len().max(1)).next_multiple_of(64);
    if out.len() <= piece {
        return T::blend_rows(window, taps, out, avx2);
    }
    for (at, out) in (0..).step_by(piece).zip(out.chunks_mut(piece)) {
        timer.check()?;
        let window = collected(window.iter().map(|row| row.get(at..at + out.len()).unwrap_or_default()))?;
        T::blend_rows(&window, taps, out, avx2)?;
    }
    Ok(())
}

/// Samples times weights between two looks at the budget: half a millisecond with AVX2, two without.
const PRODUCTS_AT_ONCE: usize = 1 << 21;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image_ingest_samples::{Budget, CancellationToken};

    use super::*;
    use crate::axis::StoredAxis;

    /// Pushes `len` rows of one sample, `at_once` at a time, and returns the target rows and the most rows kept.
    fn pushed(len: u32, target: u32, at_once: usize) -> (Vec<u8>, usize) {
        let samples: Vec<[u8; 1]> = (0..len).map(|i| [i.wrapping_mul(97).to_le_bytes()[0]]).collect();
        let mut vertical = Vertical::<u8>::new(Weights::new(&StoredAxis::whole(len, target)).unwrap().map(Arc::new));
        let (mut out, mut most) = (Vec::new(), 0);
        for rows in samples.chunks(at_once) {
            let give = |write: &dyn Fn(&mut [u8]) -> Result<()>| {
                let mut row = [0];
                write(&mut row)?;
                out.push(row[0]);
                Ok(())
            };
            vertical.push(rows.iter().map(|row| &row[..]), &CpuTimer::default(), give).unwrap();
            most = most.max(vertical.kept.len());
        }
        (out, most)
    }

    #[test]
    fn the_result_does_not_depend_on_how_many_rows_come_at_a_time() {
        for (len, target) in [(100, 50), (100, 33), (101, 7), (20, 40), (9, 9)] {
            let whole = pushed(len, target, len as usize).0;
            assert_eq!(whole.len(), target as usize);
            for at_once in [1, 2, 3, 16] {
                assert_eq!(pushed(len, target, at_once).0, whole, "{len} to {target}");
            }
        }
    }

    #[test]
    fn no_more_rows_are_kept_than_the_filter_covers() {
        for (len, target) in [(1000_u32, 500), (1000, 100), (1000, 999), (100, 400)] {
            let scale = len.div_ceil(target) as usize;
            let kept = pushed(len, target, 1).1;
            assert!(kept <= 4 * scale + 1, "{len} to {target}: {kept}");
        }
        assert_eq!(pushed(1000, 500, 1).1, 7);
    }

    /// The only row that 256 rows of `width` samples become.
    fn one_row(width: usize, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        let rows: Vec<Vec<u8>> =
            (0..256).map(|y| (0..width).map(|x| (x * 31 + y * 7 + x * y / 5).to_le_bytes()[0]).collect()).collect();
        let mut vertical = Vertical::<u8>::new(Weights::new(&StoredAxis::whole(256, 1))?.map(Arc::new));
        let mut out = vec![0; width];
        vertical.push(rows.iter().map(|row| &row[..]), timer, |write| write(&mut out))?;
        Ok(out)
    }

    #[test]
    fn a_row_that_is_made_in_pieces_is_the_same() {
        let (whole, pieces) = (PRODUCTS_AT_ONCE / 256, 2 * PRODUCTS_AT_ONCE / 256 + 77);
        let row = one_row(pieces, &CpuTimer::default()).unwrap();
        assert_eq!(row[..whole], one_row(whole, &CpuTimer::default()).unwrap());
    }

    #[test]
    fn work_on_a_row_stops_with_its_job() {
        let token = CancellationToken::new();
        let budget = Budget::new(Duration::from_secs(9), token.clone());
        token.cancel();
        assert_eq!(one_row(9, &budget.timer()), Err(WorkError::Cancelled));
    }
}
