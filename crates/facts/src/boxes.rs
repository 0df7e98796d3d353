//! Sums the samples of boxes while rows come, so that what follows sees a picture of some hundred pixels a side.
//!
//! A picture of fewer than 512 pixels along an axis keeps all of them along it.

use image_ingest_samples::{Size, WorkError, reserve_exact, zeroed};

use crate::result::Result;

/// Pixels of an axis that make a box, for an axis of `len` pixels: the largest power of two for which there are at least 256
/// boxes, so that there are fewer than 513.
///
/// A side is below 65 536, so a box has at most 128 × 128 samples.
pub(crate) fn box_side(len: u32) -> u32 {
    1 << (len / 256).max(1).ilog2()
}

/// The boxes of a picture of `C` interleaved channels. The last box of an axis may be smaller than the others.
pub(crate) struct BoxSums<const C: usize> {
    height: u32,
    row_len: usize,
    box_width: usize,
    box_height: u32,
    /// Rows that have come.
    seen: u32,
    /// The sums of the rows of a row of boxes, column by column: at most 128 samples, which 16 bits hold.
    columns: Vec<u16>,
    /// The sums of boxes: at most 128² samples, which 22 bits hold.
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

    /// Sums the columns of every box. The compiler makes vectors of these loops where it knows how many columns a box has.
    fn sum_boxes(&mut self) {
        let (columns, boxes) = (self.columns.as_chunks::<C>().0, &mut self.boxes[..]);
        match self.box_width {
            1 => sum_of::<C, 1>(columns, boxes),
            2 => sum_of::<C, 2>(columns, boxes),
            4 => sum_of::<C, 4>(columns, boxes),
            8 => sum_of::<C, 8>(columns, boxes),
            16 => sum_of::<C, 16>(columns, boxes),
            width => boxes.iter_mut().zip(columns.chunks(width)).for_each(|(sums, columns)| *sums = sum(columns)),
        }
        self.columns.fill(0);
    }
}

/// Sums boxes of `W` columns.
fn sum_of<const C: usize, const W: usize>(columns: &[[u16; C]], boxes: &mut [[u32; C]]) {
    let (whole, rest) = columns.as_chunks::<W>();
    boxes.iter_mut().zip(whole).for_each(|(sums, columns)| *sums = sum(columns));
    if let Some(last) = boxes.get_mut(whole.len()) {
        *last = sum(rest);
    }
}

#[inline]
fn sum<const C: usize>(columns: &[[u16; C]]) -> [u32; C] {
    let mut sums = [0; C];
    for column in columns {
        sums.iter_mut().zip(column).for_each(|(sum, column)| *sum += u32::from(*column));
    }
    sums
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
        assert_eq!((all.len(), all[0].1.len()), (257, 385));
        let sum = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| -> u32 {
            ys.flat_map(|y| samples[y * 1537..][xs.clone()].iter()).map(|s| u32::from(*s)).sum()
        };
        assert_eq!(all[3], (3, (0..385).map(|x| [sum(x * 4..(x * 4 + 4).min(1537), 12..16)]).collect()));
        assert_eq!(all[256].1[384], [sum(1536..1537, 1024..1025)], "the last box is what is left");
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
