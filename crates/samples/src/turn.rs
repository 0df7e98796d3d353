//! Turns the rows of a stored picture so that it stands upright.
//!
//! A turn is a transposition and two mirrors, each made or not ([`Orientation::parts`]). Without a transposition whole
//! rows are copied. With one, a row of the source becomes a column of the result, and a picture of several megabytes
//! would touch a new page for every sample. So upright rows are made sixteen at a time, which stay in the cache, from
//! sixteen columns of the source, whose lines stay in the next cache for the strips beside it. Bytes are transposed in
//! blocks of 16 × 16 by vector instructions ([`crate::block`]), pixels of more bytes one by one.

use wide::u8x16;

use crate::block::{self, SIDE};
use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::memory::zeroed;
use crate::orientation::Orientation;
use crate::size::Size;

/// A stored picture of pixels of `N` bytes each, whose upright rows are made when they are needed.
///
/// The upright picture has `height × width` pixels where the orientation swaps the axes.
///
/// ```
/// use image_ingest_samples::{Orientation, Size, StoredPixels};
///
/// let stored = StoredPixels::<1>::new(&[1, 2, 3, 4, 5, 6], Size::new(3, 2), Orientation::Rotate90)?;
/// let mut rows = [0; 4];
/// stored.copy_upright(1, &mut rows);
/// assert_eq!(rows, [5, 2, 6, 3]);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct StoredPixels<'s, const N: usize> {
    pixels: &'s [[u8; N]],
    width: usize,
    height: usize,
    orientation: Orientation,
}

impl<'s, const N: usize> StoredPixels<'s, N> {
    /// Pixels of a stored picture of `size`, rows tight.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when the length disagrees with the size.
    pub fn new(samples: &'s [u8], size: Size, orientation: Orientation) -> Result<Self, WorkError> {
        let (width, height) = (size.width as usize, size.height as usize);
        let (pixels, rest) = samples.as_chunks::<N>();
        if !rest.is_empty() || pixels.len() != width.saturating_mul(height) {
            return Err(WorkError::internal("samples disagree with their size"));
        }
        Ok(Self { pixels, width, height, orientation })
    }

    /// All upright rows.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn to_upright(&self, timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
        let mut out = zeroed(self.pixels.as_flattened().len())?;
        for (top, strip) in (0..).step_by(SIDE).zip(out.chunks_mut(self.row_len().max(1) * SIDE)) {
            timer.check()?;
            self.copy_upright(top, strip);
        }
        Ok(out)
    }

    /// The upright rows from `top` on, at most `count`: the stored ones where they stand upright, else made in `buffer`.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`].
    pub fn upright_rows<'r>(
        &'r self,
        top: usize,
        count: usize,
        buffer: &'r mut Vec<u8>,
    ) -> Result<&'r [u8], WorkError> {
        let row_len = self.row_len();
        let rows = if self.orientation.swaps_axes() { self.width } else { self.height };
        let rows = top.min(rows)..(top + count).min(rows);
        if self.orientation == Orientation::Upright {
            return Ok(&self.pixels.as_flattened()[rows.start * row_len..rows.end * row_len]);
        }
        if buffer.len() < row_len * count {
            *buffer = zeroed(row_len * count)?;
        }
        let out = &mut buffer[..rows.len() * row_len];
        self.copy_upright(rows.start, out);
        Ok(out)
    }

    /// Bytes of an upright row.
    #[must_use]
    pub fn row_len(&self) -> usize {
        N * if self.orientation.swaps_axes() { self.height } else { self.width }
    }

    /// Fills `out` with whole upright rows, from row `top` on. It is fastest for sixteen rows from a multiple of sixteen
    /// on. Rows below the picture stay as they are.
    pub fn copy_upright(&self, top: usize, out: &mut [u8]) {
        let (transpose, mirror_x, mirror_y) = self.orientation.parts();
        let lines = if transpose { self.width } else { self.height };
        let line = |row: usize| if mirror_y { lines - 1 - row } else { row };
        let row_len = self.row_len().max(1);
        if !transpose {
            for (row, out) in (top..lines).zip(out.chunks_exact_mut(row_len)) {
                let out = out.as_chunks_mut::<N>().0;
                out.copy_from_slice(&self.pixels[line(row) * self.width..][..self.width]);
                if mirror_x {
                    out.reverse();
                }
            }
        } else {
            for (top, strip) in (top..lines).step_by(SIDE).zip(out.chunks_mut(row_len * SIDE)) {
                if N == 1 && lines >= top + SIDE && strip.len() == row_len * SIDE {
                    let left = if mirror_y { lines - SIDE - top } else { top };
                    self.transpose_bytes(left, strip, (mirror_x, mirror_y));
                } else {
                    self.transpose_pixels(top, strip, (mirror_x, mirror_y));
                }
            }
        }
    }

    /// Makes rows of the columns from upright row `top` on, pixel by pixel.
    fn transpose_pixels(&self, top: usize, out: &mut [u8], (mirror_x, mirror_y): (bool, bool)) {
        let column = |y: usize| if mirror_x { self.height - 1 - y } else { y };
        for first in (0..self.height).step_by(PIXEL_BLOCK) {
            for (row, out) in (top..self.width).zip(out.chunks_exact_mut(self.row_len().max(1))) {
                let (x, out) = (if mirror_y { self.width - 1 - row } else { row }, out.as_chunks_mut::<N>().0);
                for y in first..(first + PIXEL_BLOCK).min(self.height) {
                    out[column(y)] = self.pixels[y * self.width + x];
                }
            }
        }
    }

    /// Makes sixteen rows of the sixteen columns from `left` on, in blocks of 16 × 16; what is left at the end of the
    /// columns goes byte by byte.
    ///
    /// A mirror is made by the order in which rows go into a block (`mirror_x`) and by the row to which a column of it is
    /// written (`mirror_y`), so it costs nothing.
    fn transpose_bytes(&self, left: usize, out: &mut [u8], (mirror_x, mirror_y): (bool, bool)) {
        let (from, height) = (self.pixels.as_flattened(), self.height);
        let bottom = height / SIDE * SIDE;
        let target = |x: usize| height * if mirror_y { SIDE - 1 - x } else { x };
        for top in (0..bottom).step_by(SIDE) {
            let source = |i: usize| top + if mirror_x { SIDE - 1 - i } else { i };
            let mut rows = [u8x16::ZERO; SIDE];
            rows.iter_mut().enumerate().for_each(|(i, row)| *row = block::row(from, source(i) * self.width + left));
            block::transpose(&mut rows);
            let column = if mirror_x { height - top - SIDE } else { top };
            for (x, bytes) in rows.iter().enumerate() {
                out[target(x) + column..][..SIDE].copy_from_slice(bytes.as_array());
            }
        }
        for y in bottom..height {
            let column = if mirror_x { height - 1 - y } else { y };
            let row = &from[y * self.width + left..][..SIDE];
            row.iter().enumerate().for_each(|(x, byte)| out[target(x) + column] = *byte);
        }
    }
}

/// Source rows whose pixels go into all rows of a strip before the next: some lines of the cache for each.
const PIXEL_BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn turn<const N: usize>(
        samples: Vec<u8>,
        size: Size,
        orientation: Orientation,
        timer: &CpuTimer<'_>,
    ) -> Result<Vec<u8>, WorkError> {
        StoredPixels::<N>::new(&samples, size, orientation)?.to_upright(timer)
    }

    /// CIPA DC-008 table 6: which corner of the upright picture the stored first row and column become.
    #[test]
    fn every_exif_value_stands_upright() {
        // Upright: 1 2 3 / 4 5 6.
        let stored: [(u16, u32, [u8; 6]); 8] = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [3, 6, 2, 5, 1, 4]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [4, 1, 5, 2, 6, 3]),
        ];
        for (value, width, samples) in stored {
            let size = Size::new(width, 6 / width);
            let upright =
                turn::<1>(samples.to_vec(), size, Orientation::from_exif(value), &CpuTimer::default()).unwrap();
            assert_eq!(upright, [1, 2, 3, 4, 5, 6], "orientation {value}");
        }
    }

    #[test]
    fn pixels_keep_their_samples_together() {
        let rgb = vec![1, 2, 3, 4, 5, 6];
        assert_eq!(
            turn::<3>(rgb, Size::new(2, 1), Orientation::Rotate180, &CpuTimer::default()).unwrap(),
            [4, 5, 6, 1, 2, 3]
        );
    }

    #[test]
    fn blocks_give_what_single_bytes_give() {
        for (width, height) in [(16, 16), (15, 40), (47, 33), (64, 17), (1, 100), (100, 1)] {
            let bytes: Vec<u8> = (0..width * height).map(|i: u32| i.wrapping_mul(40_503).to_le_bytes()[1]).collect();
            let triples: Vec<u8> = bytes.iter().flat_map(|&b| [b; 3]).collect();
            for value in 1..=8 {
                let (size, orientation) = (Size::new(width, height), Orientation::from_exif(value));
                let single = turn::<1>(bytes.clone(), size, orientation, &CpuTimer::default()).unwrap();
                let triple = turn::<3>(triples.clone(), size, orientation, &CpuTimer::default()).unwrap();
                assert!(single.iter().zip(triple.as_chunks::<3>().0).all(|(a, b)| [*a; 3] == *b), "{size:?} {value}");
            }
        }
    }

    #[test]
    fn one_turn_after_another_is_their_composition() {
        let size = Size::new(3, 2);
        for a in 1..=8 {
            for b in 1..=8 {
                let (a, b) = (Orientation::from_exif(a), Orientation::from_exif(b));
                let once = turn::<1>(vec![1, 2, 3, 4, 5, 6], size, a, &CpuTimer::default()).unwrap();
                let between = if a.swaps_axes() { size.transposed() } else { size };
                let twice = turn::<1>(once, between, b, &CpuTimer::default()).unwrap();
                assert_eq!(
                    turn::<1>(vec![1, 2, 3, 4, 5, 6], size, a.then(b), &CpuTimer::default()).unwrap(),
                    twice,
                    "{a:?} then {b:?}"
                );
            }
        }
    }

    #[test]
    fn a_length_that_disagrees_with_the_size_is_internal() {
        for len in [0, 5, 7] {
            let wrong = turn::<1>(vec![0; len], Size::new(3, 2), Orientation::Rotate90, &CpuTimer::default());
            assert!(matches!(wrong, Err(WorkError::Internal { .. })));
        }
    }
}
