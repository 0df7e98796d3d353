//! Sums the samples of boxes while rows come, so that what follows sees a picture of some hundred pixels a side.
//!
//! A picture of fewer than 1024 pixels along an axis keeps all of them along it.

use image_ingest_samples::{Size, WorkError, reserve_exact, zeroed};

use crate::result::Result;

/// Pixels of an axis that make a box, for an axis of `len` pixels: boxes number at least 512, and fewer than 1024.
///
/// A side is below 65 536, so a box has at most 127 × 127 samples.
pub(crate) fn box_side(len: u32) -> u32 {
    (len / 512).max(1)
}

/// The boxes of a picture of `C` interleaved channels. The last box of an axis may be smaller than the others.
pub(crate) struct BoxSums<const C: usize> {
    height: u32,
    row_len: usize,
    box_width: usize,
    box_height: u32,
    /// Rows that have come.
    seen: u32,
    /// The sums of the rows of a row of boxes, column by column: at most 127 samples, which 16 bits hold.
    columns: Vec<u16>,
    /// The sums of boxes: at most 127² samples, which 22 bits hold.
    boxes: Vec<[u32; C]>,
}

impl<const C: usize> BoxSums<C> {
    /// The boxes of a picture of `size` that has no rows yet.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` for a side of 0 or over 65 535.
    pub(crate) fn new(size: Size) -> Result<Self> {
        if size.pixels() == 0 || size.longer() > MAX_SIDE {
            return Err(WorkError::internal("a side that has no boxes"));
        }
        let (width, box_width) = (size.width as usize, box_side(size.width) as usize);
        let mut boxes = Vec::new();
        reserve_exact(&mut boxes, width.div_ceil(box_width))?;
        boxes.resize(width.div_ceil(box_width), [0; C]);
        Ok(Self {
            height: size.height,
            row_len: width * C,
            box_width,
            box_height: box_side(size.height),
            seen: 0,
            columns: zeroed(width * C)?,
            boxes,
        })
    }

    /// Takes the next rows, whole and tight, and gives each row of boxes that they finish, with its index, to `take`.
    ///
    /// # Errors
    ///
    /// `internal` for a part of a row, and for more rows than the picture has.
    pub(crate) fn push(&mut self, rows: &[u8], mut take: impl FnMut(usize, &[[u32; C]])) -> Result<()> {
        let left = (self.height - self.seen) as usize;
        if !rows.len().is_multiple_of(self.row_len) || rows.len() / self.row_len > left {
            return Err(WorkError::internal("rows that disagree with the size of a picture"));
        }
        for row in rows.chunks_exact(self.row_len) {
            self.columns.iter_mut().zip(row).for_each(|(sum, sample)| *sum += u16::from(*sample));
            self.seen += 1;
            if self.seen.is_multiple_of(self.box_height) || self.seen == self.height {
                self.sum_boxes();
                take((self.seen - 1) as usize / self.box_height as usize, &self.boxes);
            }
        }
        Ok(())
    }

    /// Whether all rows have come.
    pub(crate) fn is_complete(&self) -> bool {
        self.seen == self.height
    }

    fn sum_boxes(&mut self) {
        let columns = self.columns.as_chunks::<C>().0.chunks(self.box_width);
        for (sums, columns) in self.boxes.iter_mut().zip(columns) {
            *sums = [0; C];
            for column in columns {
                sums.iter_mut().zip(column).for_each(|(sum, column)| *sum += u32::from(*column));
            }
        }
        self.columns.fill(0);
    }
}

const MAX_SIDE: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_have_the_sums_of_their_samples_whatever_comes_at_a_time() {
        let size = Size::new(1537, 1025);
        let samples: Vec<u8> = (0..size.pixels()).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
        let made = |rows: usize| {
            let (mut boxes, mut made) = (BoxSums::<1>::new(size).unwrap(), Vec::new());
            for rows in samples.chunks(1537 * rows) {
                boxes.push(rows, |row, sums| made.push((row, sums.to_vec()))).unwrap();
            }
            assert!(boxes.is_complete());
            made
        };
        let all = made(1025);
        assert_eq!((all.len(), all[0].1.len()), (513, 513));
        let sum = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| -> u32 {
            ys.flat_map(|y| samples[y * 1537..][xs.clone()].iter()).map(|s| u32::from(*s)).sum()
        };
        assert_eq!(all[3], (3, (0..513).map(|x| [sum(x * 3..(x * 3 + 3).min(1537), 6..8)]).collect()));
        assert_eq!(all[512].1[512], [sum(1536..1537, 1024..1025)], "the last box is what is left");
        assert_eq!(made(1), all);
        assert_eq!(made(100), all);
    }

    #[test]
    fn rows_that_the_picture_does_not_have_are_refused() {
        let mut boxes = BoxSums::<3>::new(Size::new(2, 1)).unwrap();
        assert!(boxes.push(&[0; 5], |_, _| ()).is_err());
        boxes.push(&[0; 6], |_, _| ()).unwrap();
        assert!(boxes.push(&[0; 6], |_, _| ()).is_err());
        assert!(BoxSums::<1>::new(Size::new(0, 4)).is_err());
    }
}
