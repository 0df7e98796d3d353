//! Cuts rows that come a few at a time into rows of MCUs.

use image_ingest_samples::{WorkError, reserve};

/// The rows of the planes of a picture: one plane, or luma, Cb and Cr.
pub(crate) struct EncoderRows {
    planes: Vec<EncoderPlane>,
    /// Rows of MCUs that are not handed on.
    left: usize,
}

/// The rows of one plane.
struct EncoderPlane {
    /// Bytes of a row.
    row_len: usize,
    /// Bytes that have not come yet.
    missing: usize,
    /// Bytes of the next row of MCUs, and of those after it.
    next_len: usize,
    mcu_len: usize,
    /// Rows that came and are not handed on.
    kept: Vec<u8>,
}

/// What a plane's rows are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaneShape {
    /// Bytes of a row.
    pub(crate) row_len: usize,
    /// Rows of the plane.
    pub(crate) height: usize,
    /// Rows of it in an MCU.
    pub(crate) mcu_rows: usize,
}

impl EncoderRows {
    /// Planes without rows. Where `is_first_short`, the first row of MCUs has what the others leave, else the last.
    pub(crate) fn new(shapes: impl Iterator<Item = PlaneShape>, is_first_short: bool) -> Self {
        let mut left = 0;
        let planes = shapes.map(|PlaneShape { row_len, height, mcu_rows }| {
            left = height.div_ceil(mcu_rows);
            let first = if is_first_short { height - (left.max(1) - 1) * mcu_rows } else { mcu_rows };
            let (missing, next_len) = (row_len.saturating_mul(height), row_len * first);
            EncoderPlane { row_len, missing, next_len, mcu_len: row_len * mcu_rows, kept: Vec::new() }
        });
        let planes = planes.collect();
        Self { planes, left }
    }

    /// Takes the next rows of each plane, tight, which need not be as many of each, and gives the rows of MCUs that they fill to
    /// `code`, most of them without a copy.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row, for more rows than the picture has, and for rows of a plane that it does not
    /// have; [`WorkError::OutOfMemory`]; those of `code`.
    pub(crate) fn push(
        &mut self,
        rows: [&[u8]; 3],
        mut code: impl FnMut([&[u8]; 3]) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let (mut rows, none) = (rows, &rows[self.planes.len()..]);
        if none.iter().any(|rows| !rows.is_empty()) {
            return Err(WorkError::internal("chroma for an encoder of luma alone"));
        }
        for (plane, rows) in self.planes.iter_mut().zip(rows) {
            plane.announce(rows)?;
        }
        while self.left > 0 && self.planes.iter().zip(rows).all(|(plane, rows)| plane.is_ready(rows)) {
            for (plane, rows) in self.planes.iter_mut().zip(&mut rows) {
                plane.complete(rows)?;
            }
            code(std::array::from_fn(|i| self.planes.get(i).map_or(&[][..], |plane| plane.next(rows[i]))))?;
            for (plane, rows) in self.planes.iter_mut().zip(&mut rows) {
                plane.drop_coded(rows);
            }
            self.left -= 1;
        }
        self.planes.iter_mut().zip(rows).try_for_each(|(plane, rows)| plane.keep(rows))
    }
}

impl EncoderPlane {
    /// Counts rows that have come.
    fn announce(&mut self, rows: &[u8]) -> Result<(), WorkError> {
        let left = self.missing.checked_sub(rows.len()).filter(|_| rows.len().is_multiple_of(self.row_len));
        self.missing = left.ok_or_else(|| WorkError::internal("rows that disagree with the size of a picture"))?;
        Ok(())
    }

    /// Whether a row of MCUs can be coded: its rows are kept or in `rows`, or they are the last.
    fn is_ready(&self, rows: &[u8]) -> bool {
        self.missing == 0 || self.kept.len() + rows.len() >= self.next_len
    }

    /// Adds to what is kept, if anything is, what a row of MCUs lacks.
    fn complete(&mut self, rows: &mut &[u8]) -> Result<(), WorkError> {
        if !self.kept.is_empty() {
            let lack = self.next_len.saturating_sub(self.kept.len()).min(rows.len());
            let (now, later) = rows.split_at(lack);
            self.keep(now)?;
            *rows = later;
        }
        Ok(())
    }

    /// The rows of the next row of MCUs.
    fn next<'a>(&'a self, rows: &'a [u8]) -> &'a [u8] {
        let from = if self.kept.is_empty() { rows } else { &self.kept };
        &from[..from.len().min(self.next_len)]
    }

    fn drop_coded(&mut self, rows: &mut &[u8]) {
        if self.kept.is_empty() {
            *rows = &rows[rows.len().min(self.next_len)..];
        } else {
            self.kept.drain(..self.kept.len().min(self.next_len));
        }
        self.next_len = self.mcu_len;
    }

    fn keep(&mut self, rows: &[u8]) -> Result<(), WorkError> {
        reserve(&mut self.kept, rows.len())?;
        self.kept.extend_from_slice(rows);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of MCUs of a plane of 37 rows of 3 bytes, of which `at_once` come at a time.
    fn heights(is_first_short: bool, at_once: usize) -> Vec<usize> {
        let shape = PlaneShape { row_len: 3, height: 37, mcu_rows: 16 };
        let (mut rows, mut heights, mut bytes) =
            (EncoderRows::new([shape].into_iter(), is_first_short), vec![], vec![]);
        let plane: Vec<u8> = (0..111).collect();
        for piece in plane.chunks(3 * at_once) {
            let take = |[rows, ..]: [&[u8]; 3]| {
                heights.push(rows.len() / 3);
                bytes.extend_from_slice(rows);
                Ok(())
            };
            rows.push([piece, &[], &[]], take).unwrap();
        }
        assert_eq!(bytes, plane);
        heights
    }

    #[test]
    fn the_short_row_of_mcus_is_the_last_or_the_first() {
        for at_once in [1, 2, 5, 16, 37] {
            assert_eq!(heights(false, at_once), [16, 16, 5]);
            assert_eq!(heights(true, at_once), [5, 16, 16]);
        }
    }
}
