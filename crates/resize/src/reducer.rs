//! Reduces a plane or raster while it is being decoded, from rows in any number at a time.
//!
//! The two passes follow each other row by row: a row that the first one finishes goes to the second at once. Memory
//! holds the result and the rows under the filter, and a picture of full size never exists. A 22 MP 4:4:4 JPEG needs
//! 16 MB in this way, and 108 MB when its planes are decoded first.
//!
//! RGBA is filtered with alpha premultiplied, and divided by alpha afterwards, so that the colour of transparent pixels
//! does not show in their neighbours.

use std::iter::once;
use std::sync::Arc;

use image_ingest_samples::{
    CpuTimer, Layout, SampleRows, SampleSlice, Samples, WorkError, reserve, reserve_exact, sample_count,
};

use crate::alpha::{premultiply, unpremultiply};
use crate::arithmetic::Arithmetic;
use crate::axis::StoredAxis;
use crate::horizontal::Horizontal;
use crate::reduction::Reduction;
use crate::result::Result;
use crate::vertical::Vertical;
use crate::weights::Weights;

/// A plane or raster on its way to the target size.
///
/// Rows are pushed from the top, as many at a time as a decoder has. The result does not depend on how many.
pub(crate) struct RowReducer<T: Arithmetic> {
    part: Reduction,
    /// The axis across the rows.
    down: StoredAxis,
    /// Whether the vertical pass comes first. In a picture that is transposed it is the second one of the upright picture.
    is_vertical_first: bool,
    /// Source rows that have been pushed, whether or not the window touches them.
    seen: usize,
    vertical: Vertical<T>,
    horizontal: Horizontal<T>,
    /// A buffer for rows whose alpha is multiplied in; `None` where there is nothing to premultiply.
    premultiplied: Option<Vec<T>>,
    /// Finished rows that were not taken.
    out: Vec<T>,
    /// Samples of those that were taken.
    taken: usize,
}

impl<T: Arithmetic> RowReducer<T> {
    /// A reducer that has seen no row.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(part: Reduction) -> Result<Self> {
        let [across, down] = part.stored_axes();
        Self::weighted(part, Weights::paired(&across)?.map(Arc::new), Weights::new(&down)?.map(Arc::new))
    }

    /// A reducer of another plane of the same grids, which has seen no row: weights are not made anew.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn beside(&self) -> Result<Self> {
        Self::weighted(self.part, self.horizontal.weights(), self.vertical.weights())
    }

    fn weighted(
        part: Reduction,
        along_rows: Option<Arc<Weights<T>>>,
        down_columns: Option<Arc<Weights<T>>>,
    ) -> Result<Self> {
        let [across, down] = part.stored_axes();
        let is_vertical_first = T::VERTICAL_FIRST != part.orientation.swaps_axes();
        let is_reduced = along_rows.is_some() || down_columns.is_some();
        let premultiplied = (part.layout == Layout::Rgba && is_reduced).then(Vec::new);
        let horizontal = Horizontal::new(&across, part.layout.channels(), along_rows)?;
        let (vertical, out) = (Vertical::new(down_columns), Vec::new());
        Ok(Self { part, down, is_vertical_first, seen: 0, vertical, horizontal, premultiplied, out, taken: 0 })
    }

    /// Reduces a whole buffer. One that is the target already is returned as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::push_rows`] and [`Self::finish`].
    pub(crate) fn reduce(part: Reduction, samples: Vec<T>, timer: &CpuTimer<'_>) -> Result<Vec<T>> {
        if part.is_identity() {
            return Ok(samples);
        }
        let mut reducer = Self::new(part)?;
        let len =
            sample_count(part.target, part.layout.channels()).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?;
        reserve_exact(&mut reducer.out, len)?;
        // Some rows at a time, since alpha is premultiplied in a copy and the budget is asked between them.
        let at_once = (SAMPLES_AT_ONCE / part.row_len().max(1)).clamp(1, 64);
        samples.chunks(part.row_len() * at_once).try_for_each(|rows| {
            timer.check()?;
            reducer.push_rows(rows, timer)
        })?;
        drop(samples);
        reducer.finish(timer)
    }

    /// Takes the next rows, whole and tight.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when `samples` is not whole rows, or more than the plane has.
    pub(crate) fn push_rows(&mut self, samples: &[T], timer: &CpuTimer<'_>) -> Result<()> {
        self.push_strided(samples, self.part.row_len(), timer)
    }

    /// Takes the next rows, which begin `stride` samples apart. The last one may end with its last sample.
    ///
    /// Rows above and below the window are counted and skipped.
    ///
    /// # Errors
    ///
    /// As [`Self::push_rows`].
    pub(crate) fn push_strided(&mut self, samples: &[T], stride: usize, timer: &CpuTimer<'_>) -> Result<()> {
        let row_len = self.part.row_len();
        let rows = samples.chunks(stride.max(1));
        let seen = self.seen + rows.len();
        if rows.clone().last().is_some_and(|row| row.len() < row_len) || seen > self.down.samples as usize {
            return Err(WorkError::internal("rows that the plane does not have"));
        }
        let (columns, used) = (self.part.used_columns(), self.down.used());
        let above = used.start.saturating_sub(self.seen);
        let below = used.end.saturating_sub(self.seen);
        let rows = rows.take(below).skip(above).map(|row| &row[columns.clone()]);
        let is_first = self.seen <= used.start;
        self.seen = seen;
        if let Some(premultiplied) = &mut self.premultiplied {
            let mut buffer = std::mem::take(premultiplied);
            buffer.clear();
            let len = rows.len() * columns.len();
            buffer.try_reserve(len).map_err(|_| WorkError::OutOfMemory { bytes: len as u64 })?;
            rows.for_each(|row| buffer.extend_from_slice(row));
            premultiply(&mut buffer);
            self.push_used(is_first, buffer.chunks_exact(columns.len()), timer)?;
            self.premultiplied = Some(buffer);
            return Ok(());
        }
        self.push_used(is_first, rows, timer)
    }

    /// Takes the parts of rows that the window touches; `is_first` where none have come before them. Of the row at the edge it
    /// takes as many copies more as the window reaches past that.
    fn push_used<'a>(
        &mut self,
        is_first: bool,
        rows: impl Iterator<Item = &'a [T]> + Clone,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let Self { part, down, is_vertical_first, seen, vertical, horizontal, out, .. } = self;
        let (before, after) = down.repeated();
        if horizontal.is_identity() && vertical.is_identity() && (before, after) == (0, 0) {
            return rows.into_iter().try_for_each(|row| append(out, row));
        }
        let copies = |row: Option<&'a [T]>, is_there: bool, count: usize| {
            row.filter(|_| is_there).into_iter().flat_map(move |row| std::iter::repeat_n(row, count))
        };
        let above = copies(rows.clone().next(), is_first, before);
        let below = copies(rows.clone().last(), *seen == down.samples as usize, after);
        let mut rows = above.chain(rows).chain(below);
        if *is_vertical_first {
            let len = part.used_columns().len();
            vertical.push(rows, timer, |write| horizontal.push(len, timer, write, |row| append(out, row)))
        } else {
            rows.try_for_each(|row| {
                let write = |to: &mut [T]| {
                    to.copy_from_slice(row);
                    Ok(())
                };
                let give = |row: &[T]| vertical.push(once(row), timer, |write| append_with(out, row.len(), write));
                horizontal.push(row.len(), timer, write, give)
            })
        }
    }

    /// Gives the rows that are finished to `take`, divided by alpha where that was multiplied in, and forgets them.
    pub(crate) fn take_finished(&mut self, take: impl FnOnce(&[T]) -> Result<()>) -> Result<()> {
        if !self.out.is_empty() {
            if self.premultiplied.is_some() {
                unpremultiply(&mut self.out);
            }
            take(&self.out)?;
            self.taken += self.out.len();
            self.out.clear();
        }
        Ok(())
    }

    /// Ends the plane and returns the reduced samples that were not taken.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub(crate) fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<T>> {
        let Self { part, is_vertical_first, mut vertical, mut horizontal, premultiplied, mut out, taken, .. } = self;
        if is_vertical_first {
            horizontal.finish(timer, |row| append(&mut out, row))?;
        } else {
            horizontal.finish(timer, |row| {
                vertical.push(once(row), timer, |write| append_with(&mut out, row.len(), write))
            })?;
        }
        if sample_count(part.target, part.layout.channels()) != Some(taken + out.len()) {
            return Err(WorkError::internal("a plane ends before its last row"));
        }
        if premultiplied.is_some() {
            unpremultiply(&mut out);
        }
        Ok(out)
    }
}

/// Reduces a whole buffer.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn reduce(part: Reduction, samples: Samples, timer: &CpuTimer<'_>) -> Result<Samples> {
    timer.check()?;
    Ok(match samples {
        Samples::U8(v) => Samples::U8(RowReducer::reduce(part, v, timer)?),
        Samples::U16(v) => Samples::U16(RowReducer::reduce(part, v, timer)?),
    })
}

/// A reducer of 8-bit or of 16-bit samples.
pub(crate) enum AnyReducer {
    U8(RowReducer<u8>),
    U16(RowReducer<u16>),
}

impl AnyReducer {
    /// For samples of `bit_depth` bits.
    pub(crate) fn new(reduction: Reduction, bit_depth: u8) -> Result<Self> {
        Ok(if bit_depth > 8 { Self::U16(RowReducer::new(reduction)?) } else { Self::U8(RowReducer::new(reduction)?) })
    }

    /// A reducer of another plane of the same grids, which has seen no row.
    pub(crate) fn beside(&self) -> Result<Self> {
        Ok(match self {
            Self::U8(reducer) => Self::U8(reducer.beside()?),
            Self::U16(reducer) => Self::U16(reducer.beside()?),
        })
    }

    /// Takes the next rows.
    pub(crate) fn take_rows(&mut self, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<()> {
        let SampleRows { samples, stride } = rows;
        match (self, samples) {
            (Self::U8(reducer), SampleSlice::U8(samples)) => reducer.push_strided(samples, stride, timer),
            (Self::U16(reducer), SampleSlice::U16(samples)) => reducer.push_strided(samples, stride, timer),
            _ => Err(WorkError::internal("rows of another depth than announced")),
        }
    }

    /// Gives the rows that are finished to `take` and forgets them.
    pub(crate) fn take_finished(&mut self, take: impl FnOnce(SampleSlice<'_>) -> Result<()>) -> Result<()> {
        match self {
            Self::U8(reducer) => reducer.take_finished(|rows| take(SampleSlice::U8(rows))),
            Self::U16(reducer) => reducer.take_finished(|rows| take(SampleSlice::U16(rows))),
        }
    }

    /// Ends the plane and returns the reduced samples that were not taken.
    pub(crate) fn finish(self, timer: &CpuTimer<'_>) -> Result<Samples> {
        Ok(match self {
            Self::U8(reducer) => Samples::U8(reducer.finish(timer)?),
            Self::U16(reducer) => Samples::U16(reducer.finish(timer)?),
        })
    }
}

/// Appends a finished row.
fn append<T: Arithmetic>(out: &mut Vec<T>, row: &[T]) -> Result<()> {
    reserve(out, row.len())?;
    out.extend_from_slice(row);
    Ok(())
}

/// Appends a row of `len` samples that `write` writes.
fn append_with<T: Arithmetic>(out: &mut Vec<T>, len: usize, write: &dyn Fn(&mut [T]) -> Result<()>) -> Result<()> {
    reserve(out, len)?;
    let start = out.len();
    out.resize(start + len, T::default());
    write(&mut out[start..])
}

/// The most samples of a whole buffer between two looks at the budget, of rows that are not longer themselves: a
/// millisecond or two.
const SAMPLES_AT_ONCE: usize = 1 << 20;
