//! Reduces along rows: rows of samples in, shorter rows out.

use image_ingest_samples::zeroed;

use crate::arithmetic::Arithmetic;
use crate::result::Result;
use crate::weights::Weights;

/// Vertical waiting to be reduced together, since their columns are the lanes of the arithmetic.
pub(crate) struct Horizontal<T: Arithmetic> {
    /// `None` where rows pass as they are, one at a time.
    weights: Option<Weights<T>>,
    channels: usize,
    rows: Vec<T>,
    /// Samples of a row that waits: as many as a row brings, the last pixel repeated up to the extent's end.
    row_len: usize,
    waiting: usize,
    columns: Vec<T::Column>,
    out: Vec<T>,
    out_len: usize,
}

impl<T: Arithmetic> Horizontal<T> {
    /// For rows of `pixels` pixels, or fewer where the edge repeats, reduced to `target` pixels.
    pub(crate) fn new(weights: Option<Weights<T>>, channels: usize, pixels: usize, target: usize) -> Result<Self> {
        let lanes = if weights.is_some() { T::LANES } else { 1 };
        let (row_len, out_len) = (pixels * channels, target * channels);
        let rows = zeroed(row_len * lanes)?;
        // The odd last weight of a pair is 0, and yet it is multiplied.
        let columns = if weights.is_some() { zeroed(row_len + channels)? } else { Vec::new() };
        let out = if weights.is_some() { zeroed(out_len * lanes)? } else { Vec::new() };
        Ok(Self { weights, channels, rows, row_len, waiting: 0, columns, out, out_len })
    }

    /// Takes a row of `len` samples that `write` writes.
    pub(crate) fn push(
        &mut self,
        len: usize,
        write: impl FnOnce(&mut [T]),
        mut give: impl FnMut(&[T]) -> Result<()>,
    ) -> Result<()> {
        if self.weights.is_none() {
            write(&mut self.rows);
            return give(&self.rows);
        }
        let place = &mut self.rows[self.waiting * self.row_len..][..self.row_len];
        let (samples, edge) = place.split_at_mut(len);
        write(samples);
        let last = &samples[len - self.channels..];
        edge.chunks_exact_mut(self.channels).for_each(|pixel| pixel.copy_from_slice(last));
        self.waiting += 1;
        if self.waiting == T::LANES { self.finish(give) } else { Ok(()) }
    }

    /// Gives the rows that wait.
    pub(crate) fn finish(&mut self, give: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        let Some(weights) = self.weights.as_ref().filter(|_| self.waiting > 0) else {
            return Ok(());
        };
        T::transpose(&self.rows, self.row_len, &mut self.columns);
        T::blend_columns(&self.columns, self.channels, weights, &mut self.out);
        self.out.chunks_exact(self.out_len).take(std::mem::take(&mut self.waiting)).try_for_each(give)
    }
}
