//! Sums the samples of boxes while rows come, so that what follows sees a picture of some hundred pixels a side.
//!
//! A short axis keeps all of its samples.

use image_ingest_samples::{Size, WorkError, reserve_exact, zeroed};

use crate::result::Result;

/// Samples of an axis that make a box, for an axis of `len` samples: the largest power of two for which there are at least
/// `least` boxes, so that there are at most twice as many.
///
/// A side is below 65 536 and `least` 128 or more, so a box has at most 256 × 256 samples.
pub(crate) fn box_side(len: u32, least: u32) -> u32 {
    1 << (len / least).max(1).ilog2()
}

/// The least boxes of an axis for luma and RGB, from which PDQ's 64 points are made: eight for the tent of a point.
pub(crate) const FINE: u32 = 256;
/// The least boxes of an axis for chroma, from which at most 100 points are made.
pub(crate) const COARSE: u32 = 128;

/// The boxes of a picture of `C` interleaved channels. The last box of an axis may be smaller than the others; where rows come in
/// mirrored order, or mirrored themselves, it is the first that comes.
pub(crate) struct BoxSums<const C: usize> {
    height: u32,
    row_len: usize,
    /// Whether samples of a row, and rows, come from the last to the first.
    is_mirrored: (bool, bool),
    box_width: usize,
    box_height: u32,
    /// Rows that have come.
    seen: u32,
    /// The sums of the rows of a row of boxes, column by column: at most 256 samples, which 16 bits hold.
    columns: Vec<u16>,
    /// The sums of boxes: at most 256² samples, which 24 bits hold; of luma 128², which 22 bits hold.
    boxes: Vec<[u32; C]>,
}

impl<const C: usize> BoxSums<C> {
    /// The boxes of a picture of `size` that has no rows yet, at least `least` along an axis that has as many samples. Samples of
    /// a row, and rows, come from the last to the first where they are mirrored.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` for a side of 0 or over 65 535.
    pub(crate) fn new(size: Size, is_mirrored: (bool, bool), least: u32) -> Result<Self> {
        if size.pixels() == 0 || size.longer() > MAX_SIDE {
            return Err(WorkError::internal("a side that has no boxes"));
        }
        let (width, box_width) = (size.width as usize, box_side(size.width, least) as usize);
        let mut boxes = Vec::new();
        reserve_exact(&mut boxes, width.div_ceil(box_width))?;
        boxes.resize(width.div_ceil(box_width), [0; C]);
        Ok(Self {
            height: size.height,
            row_len: width * C,
            is_mirrored,
            box_width,
            box_height: box_side(size.height, least),
            seen: 0,
            columns: zeroed(width * C)?,
            boxes,
        })
    }

    /// Takes the next rows, whole and tight, and gives each row of boxes that they finish, with its index, to `take`. Boxes and
    /// their rows are in the order of the axes, whatever is mirrored.
    ///
    /// # Errors
    ///
    /// `internal` for a part of a row, and for more rows than the picture has; those of `take`.
    pub(crate) fn push(&mut self, rows: &[u8], mut take: impl FnMut(usize, &[[u32; C]]) -> Result<()>) -> Result<()> {
        let left = (self.height - self.seen) as usize;
        if !rows.len().is_multiple_of(self.row_len) || rows.len() / self.row_len > left {
            return Err(WorkError::internal("rows that disagree with the size of a picture"));
        }
        let mut rows = rows;
        while !rows.is_empty() {
            // As many as the row of boxes still takes.
            let (row, end) = self.next_row();
            let taken = (rows.len() / self.row_len).min((end - self.seen) as usize);
            let (now, later) = rows.split_at(taken * self.row_len);
            add_rows(&mut self.columns, now);
            (rows, self.seen) = (later, self.seen + u32::try_from(taken).unwrap_or(u32::MAX));
            if self.seen == end {
                self.sum_boxes();
                take(row as usize, &self.boxes)?;
            }
        }
        Ok(())
    }

    /// The row of boxes of the next row of samples, and how many rows have come where it ends.
    fn next_row(&self) -> (u32, u32) {
        let Self { seen, height, box_height, .. } = *self;
        if self.is_mirrored.1 {
            let row = (height - seen - 1) / box_height;
            return (row, height - row * box_height);
        }
        let row = seen / box_height;
        (row, ((row + 1) * box_height).min(height))
    }

    /// Boxes of a row.
    pub(crate) fn columns(&self) -> usize {
        self.boxes.len()
    }

    /// Whether all rows have come.
    pub(crate) fn is_complete(&self) -> bool {
        self.seen == self.height
    }

    /// Sums the columns of every box. The compiler makes vectors of these loops where it knows how many columns a box has.
    fn sum_boxes(&mut self) {
        let is_mirrored = self.is_mirrored.0;
        let (first, boxes) = self.boxes.split_at_mut(usize::from(is_mirrored));
        let columns = self.columns.as_chunks::<C>().0;
        let others = if is_mirrored { boxes.len() * self.box_width } else { columns.len() };
        let (of_first, columns) = columns.split_at(columns.len() - others);
        first.iter_mut().for_each(|sums| *sums = sum(of_first));
        match self.box_width {
            1 => sum_of::<C, 1>(columns, boxes),
            2 => sum_of::<C, 2>(columns, boxes),
            4 => sum_of::<C, 4>(columns, boxes),
            8 => sum_of::<C, 8>(columns, boxes),
            16 => sum_of::<C, 16>(columns, boxes),
            width => boxes.iter_mut().zip(columns.chunks(width)).for_each(|(sums, columns)| *sums = sum(columns)),
        }
        self.columns.fill(0);
        if is_mirrored {
            self.boxes.reverse();
        }
    }
}

/// Adds whole rows to the sums of their columns, four at a time, since the sums are read and written for each time.
fn add_rows(columns: &mut [u16], rows: &[u8]) {
    let len = columns.len();
    let fours = rows.chunks_exact(4 * len);
    fours.remainder().chunks_exact(len).for_each(|row| {
        columns.iter_mut().zip(row).for_each(|(sum, sample)| *sum += u16::from(*sample));
    });
    for four in fours {
        let ((a, b), (c, d)) = (four[..2 * len].split_at(len), four[2 * len..].split_at(len));
        for ((((sum, a), b), c), d) in columns.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum += u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
        }
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
            let (mut boxes, mut made) = (BoxSums::<1>::new(size, (false, false), FINE).unwrap(), Vec::new());
            for rows in samples.chunks(1537 * rows) {
                let take = |row, sums: &[[u32; 1]]| {
                    made.push((row, sums.to_vec()));
                    Ok(())
                };
                boxes.push(rows, take).unwrap();
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
    fn mirrored_rows_have_the_same_boxes() {
        for (width, height) in [(1537, 1025), (512, 768), (3, 1)] {
            let size = Size::new(width, height);
            let samples: Vec<u8> = (0..size.pixels()).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
            let made = |samples: &[u8], is_mirrored| {
                let (mut boxes, mut made) = (BoxSums::<1>::new(size, is_mirrored, FINE).unwrap(), Vec::new());
                for rows in samples.chunks(width as usize * 5) {
                    let take = |row, sums: &[[u32; 1]]| {
                        made.push((row, sums.to_vec()));
                        Ok(())
                    };
                    boxes.push(rows, take).unwrap();
                }
                assert!(boxes.is_complete());
                made.sort_unstable();
                made
            };
            let whole = made(&samples, (false, false));
            let rows = samples.chunks(width as usize);
            let upside_down: Vec<u8> = rows.clone().rev().flatten().copied().collect();
            assert_eq!(made(&upside_down, (false, true)), whole);
            let mirrored: Vec<u8> = rows.flat_map(|row| row.iter().rev()).copied().collect();
            assert_eq!(made(&mirrored, (true, false)), whole);
        }
    }

    #[test]
    fn rows_that_the_picture_does_not_have_are_refused() {
        let mut boxes = BoxSums::<3>::new(Size::new(2, 1), (false, false), FINE).unwrap();
        assert!(boxes.push(&[0; 5], |_, _| Ok(())).is_err());
        boxes.push(&[0; 6], |_, _| Ok(())).unwrap();
        assert!(boxes.push(&[0; 6], |_, _| Ok(())).is_err());
        assert!(BoxSums::<1>::new(Size::new(0, 4), (false, false), FINE).is_err());
    }
}
