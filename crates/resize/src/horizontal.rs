//! The horizontal pass: rows of samples in, shorter rows out (or longer, where chroma is enlarged).
//!
//! Rows wait until there are as many as the arithmetic has lanes. They are turned into columns, so that one lane is one
//! row, and reduced together: a target sample is then a weighted sum of columns, and no lane ever meets another.
//!
//! Two columns are multiplied at a time. A source sample counts for some four target samples, so columns are paired once
//! and not for each of them; weights begin at an even pixel, if need be with a 0.

use std::sync::Arc;

use image_ingest_samples::{Avx2, CpuTimer, defaults, zeroed};

use crate::arithmetic::{Arithmetic, CHUNK};
use crate::axis::StoredAxis;
use crate::result::Result;
use crate::weights::Weights;

/// Rows that wait to be reduced together.
pub(crate) struct Horizontal<T: Arithmetic> {
    /// `None` where rows pass as they are, one at a time.
    weights: Option<Arc<Weights<T>>>,
    channels: usize,
    /// Room for as many rows as there are lanes, of `row_len` samples each.
    rows: Vec<T>,
    /// Samples of a row in the extent of the window, with the pixel at the edge repeated where the extent passes that.
    row_len: usize,
    /// Samples of them before the first that a row has.
    before: usize,
    /// Rows that wait.
    waiting: usize,
    /// The waiting rows as pairs of columns.
    pairs: Vec<T::Pair>,
    /// Target rows, as many as there are lanes.
    out: Vec<T>,
    out_len: usize,
    avx2: Option<Avx2>,
}

impl<T: Arithmetic> Horizontal<T> {
    /// For the axis along rows, with [`Weights::paired`] of it.
    pub(crate) fn new(axis: &StoredAxis, channels: usize, weights: Option<Arc<Weights<T>>>) -> Result<Self> {
        let (pixels, target, before) = (axis.extent.samples() as usize, axis.target as usize, axis.repeated().0);
        let lanes = if weights.is_some() { T::LANES } else { 1 };
        let (row_len, out_len) = (pixels * channels, target * channels);
        // A chunk that begins in the last row may end behind it.
        let chunk = CHUNK * lanes;
        let rows = zeroed(row_len * lanes + if weights.is_some() { chunk } else { 0 })?;
        let pairs = if weights.is_some() { defaults(row_len.next_multiple_of(chunk) / 2)? } else { Vec::new() };
        let out = if weights.is_some() { zeroed(out_len * lanes)? } else { Vec::new() };
        let (before, avx2) = (before * channels, Avx2::find());
        Ok(Self { weights, channels, rows, row_len, before, waiting: 0, pairs, out, out_len, avx2 })
    }

    /// Whether rows pass as they are.
    pub(crate) fn is_identity(&self) -> bool {
        self.weights.is_none()
    }

    /// Those it was made with.
    pub(crate) fn weights(&self) -> Option<Arc<Weights<T>>> {
        self.weights.clone()
    }

    /// Takes a row of `len` samples, which `write` writes. A row shorter than the extent is extended by the pixel at its edge.
    /// `timer` is asked where as many rows wait as there are lanes.
    pub(crate) fn push(
        &mut self,
        len: usize,
        timer: &CpuTimer<'_>,
        write: impl FnOnce(&mut [T]) -> Result<()>,
        mut give: impl FnMut(&[T]) -> Result<()>,
    ) -> Result<()> {
        let place = &mut self.rows[self.waiting * self.row_len..][..self.row_len];
        let (before, rest) = place.split_at_mut(self.before);
        let (samples, after) = rest.split_at_mut(len);
        write(samples)?;
        let (first, last) = (&samples[..self.channels], &samples[len - self.channels..]);
        before.chunks_exact_mut(self.channels).for_each(|pixel| pixel.copy_from_slice(first));
        after.chunks_exact_mut(self.channels).for_each(|pixel| pixel.copy_from_slice(last));
        if self.weights.is_none() {
            return give(&self.rows);
        }
        self.waiting += 1;
        if self.waiting == T::LANES { self.finish(timer, give) } else { Ok(()) }
    }

    /// Gives the target rows of those that wait. Lanes without a row hold what an earlier row left, and are not given.
    pub(crate) fn finish(&mut self, timer: &CpuTimer<'_>, give: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
        let Some(weights) = self.weights.as_ref().filter(|_| self.waiting > 0) else {
            return Ok(());
        };
        timer.check()?;
        T::pair_columns(&self.rows, self.row_len, self.channels, &mut self.pairs);
        timer.check()?;
        T::blend_columns(&self.pairs, self.channels, weights, &mut self.out, self.avx2);
        self.out.chunks_exact(self.out_len).take(std::mem::take(&mut self.waiting)).try_for_each(give)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Extent;

    fn pushed(rows: &[&[u8]], channels: usize, extent: u32, target: u32) -> Vec<Vec<u8>> {
        along(&StoredAxis::whole(extent, target), rows, channels)
    }

    fn along(axis: &StoredAxis, rows: &[&[u8]], channels: usize) -> Vec<Vec<u8>> {
        let weights = Weights::paired(axis).unwrap().map(Arc::new);
        let mut horizontal = Horizontal::<u8>::new(axis, channels, weights).unwrap();
        let mut out = Vec::new();
        for row in rows {
            let give = |row: &[u8]| {
                out.push(row.to_vec());
                Ok(())
            };
            let write = |to: &mut [u8]| {
                to.copy_from_slice(row);
                Ok(())
            };
            horizontal.push(row.len(), &CpuTimer::default(), write, give).unwrap();
        }
        let give = |row: &[u8]| {
            out.push(row.to_vec());
            Ok(())
        };
        horizontal.finish(&CpuTimer::default(), give).unwrap();
        out
    }

    #[test]
    fn flat_rows_stay_flat_and_in_order() {
        for count in [1, 15, 16, 17, 40] {
            let rows: Vec<Vec<u8>> = (0..count).map(|i| vec![i * 6; 20]).collect();
            let slices: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let wanted: Vec<Vec<u8>> = (0..count).map(|i| vec![i * 6; 7]).collect();
            assert_eq!(pushed(&slices, 1, 20, 7), wanted);
        }
    }

    #[test]
    fn channels_do_not_mix() {
        let row = [10, 100, 200].repeat(12);
        assert_eq!(pushed(&[&row], 3, 12, 5), [[10, 100, 200].repeat(5)]);
    }

    #[test]
    fn a_short_row_is_extended_by_its_last_pixel() {
        let (short, long) = ([0, 50, 100, 150, 200, 250, 7], [0, 50, 100, 150, 200, 250, 7, 7]);
        assert_eq!(pushed(&[&short], 1, 8, 4), pushed(&[&long], 1, 8, 4));
    }

    #[test]
    fn a_mirrored_row_is_extended_by_its_first_pixel() {
        let row = [0, 50, 100, 150, 200, 250, 7];
        let reversed: Vec<u8> = row.iter().rev().copied().collect();
        let extent = Extent { start: 0, end: 8, offset: 0.0, len: 8.0 };
        let axis = StoredAxis { extent, samples: 7, target: 4, is_mirrored: true };
        let mut made = along(&axis, &[&reversed], 1);
        made[0].reverse();
        assert_eq!(made, pushed(&[&row], 1, 8, 4));
    }

    #[test]
    fn rows_that_keep_their_length_pass_as_they_are() {
        assert_eq!(pushed(&[&[1, 2, 3], &[4, 5, 6]], 1, 3, 3), [[1, 2, 3], [4, 5, 6]]);
    }
}
