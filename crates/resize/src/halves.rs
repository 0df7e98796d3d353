//! Halves rows exactly: each sample becomes the mean of 2 × 2, rounded half up.
//!
//! What is reduced to a third or less is made of halved rows where its part is of whole pairs: that is a quarter of the
//! samples for the filter, and several targets share it.

use image_ingest_samples::{Size, WorkError, reserve_exact, zeroed};

use crate::result::Result;

/// Halves a plane or raster while its rows come.
///
/// ```
/// use image_ingest_resize::RowHalver;
/// use image_ingest_samples::Size;
///
/// let mut halver = RowHalver::new(Size::new(4, 2), 1, Size::new(2, 1))?;
/// assert!(halver.push(&[1, 2, 10, 20])?.is_empty());
/// assert_eq!(halver.push(&[3, 4, 30, 41])?, [3, 25]);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct RowHalver {
    row_len: usize,
    height: usize,
    channels: usize,
    half: Size,
    /// Rows that have come.
    seen: usize,
    /// The sums of a row and of the one below it, where that has come.
    sums: Vec<u16>,
    out: Vec<u8>,
}

impl RowHalver {
    /// A halver of `size` pixels of 1 or 3 interleaved channels to `half`: that is `size` over two, rounded down or up. Where it
    /// is rounded up the last column or row counts twice.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] for other sizes and channels.
    pub fn new(size: Size, channels: usize, half: Size) -> Result<Self> {
        let is_half = |whole: u32, half: u32| half > 0 && (half == whole / 2 || half == whole.div_ceil(2));
        let fits = is_half(size.width, half.width) && is_half(size.height, half.height);
        if !fits || !matches!(channels, 1 | 3) {
            return Err(WorkError::internal("a size that is no half"));
        }
        let (row_len, height) = (size.width as usize * channels, size.height as usize);
        Ok(Self { row_len, height, channels, half, seen: 0, sums: zeroed(row_len)?, out: Vec::new() })
    }

    /// Takes the next rows, whole and tight, and returns the halved rows that they finish.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for rows that the picture does not have; [`WorkError::OutOfMemory`].
    pub fn push(&mut self, rows: &[u8]) -> Result<&[u8]> {
        let Self { row_len, height, channels, half, .. } = *self;
        if !rows.len().is_multiple_of(row_len) || rows.len() / row_len > height - self.seen {
            return Err(WorkError::internal("rows that the plane does not have"));
        }
        self.out.clear();
        reserve_exact(&mut self.out, (rows.len() / row_len).div_ceil(2) * half.width as usize * channels)?;
        for row in rows.chunks_exact(row_len) {
            let is_upper = self.seen.is_multiple_of(2);
            self.seen += 1;
            let pairs = self.sums.iter_mut().zip(row);
            if is_upper && self.seen < height {
                pairs.for_each(|(sum, sample)| *sum = u16::from(*sample));
                continue;
            }
            if is_upper {
                pairs.for_each(|(sum, sample)| *sum = 2 * u16::from(*sample));
            } else {
                pairs.for_each(|(sum, sample)| *sum += u16::from(*sample));
            }
            if self.seen.div_ceil(2) <= half.height as usize {
                self.halve_columns();
            }
        }
        Ok(&self.out)
    }

    /// Appends a row of means of the sums of two rows. There is room for it.
    fn halve_columns(&mut self) {
        let Self { sums, out, half, channels, .. } = self;
        let start = out.len();
        out.resize(start + half.width as usize * *channels, 0);
        let out = &mut out[start..];
        if *channels == 1 {
            halve::<1, 2>(sums, out);
        } else {
            halve::<3, 6>(sums, out);
        }
    }
}

/// Halves a row of sums of `C` channels, of which pairs of pixels have `P`. A last pixel without another counts twice, where
/// there is room for it.
fn halve<const C: usize, const P: usize>(sums: &[u16], out: &mut [u8]) {
    let (pairs, last) = sums.as_chunks::<P>();
    let (out, _) = out.as_chunks_mut::<C>();
    for (out, pair) in out.iter_mut().zip(pairs) {
        *out = std::array::from_fn(|channel| mean(pair[channel], pair[C + channel]));
    }
    if let (Some(out), Some(last)) = (out.get_mut(pairs.len()), last.first_chunk::<C>()) {
        *out = last.map(|sum| mean(sum, sum));
    }
}

/// The mean of four samples, of which `a` and `b` are the sums of two each: at most 510, so the result is a byte.
#[expect(clippy::cast_possible_truncation, reason = "(510 + 510 + 2) / 4 is 255")]
fn mean(a: u16, b: u16) -> u8 {
    ((a + b + 2) >> 2) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halved(size: Size, channels: usize, half: Size, samples: &[u8], rows: usize) -> Vec<u8> {
        let mut halver = RowHalver::new(size, channels, half).unwrap();
        let row_len = size.width as usize * channels;
        samples.chunks(row_len * rows).flat_map(|rows| halver.push(rows).unwrap().to_vec()).collect()
    }

    #[test]
    fn the_number_of_rows_at_a_time_changes_nothing() {
        let samples: Vec<u8> = (0..7 * 5 * 3_usize).map(|i| (i * 97 % 256).to_le_bytes()[0]).collect();
        for half in [Size::new(3, 2), Size::new(4, 3)] {
            let all = halved(Size::new(7, 5), 3, half, &samples, 5);
            assert_eq!(all.len(), half.width as usize * half.height as usize * 3);
            for rows in 1..5 {
                assert_eq!(halved(Size::new(7, 5), 3, half, &samples, rows), all, "{rows} of {half:?}");
            }
        }
    }

    #[test]
    fn an_odd_last_row_and_column_count_twice_or_not_at_all() {
        let samples = [10, 20, 50, 30, 40, 90, 100, 120, 201];
        let size = Size::new(3, 3);
        assert_eq!(halved(size, 1, Size::new(1, 1), &samples, 3), [25]);
        assert_eq!(halved(size, 1, Size::new(2, 2), &samples, 1), [25, 70, 110, 201]);
    }

    #[test]
    fn what_is_no_half_is_refused() {
        assert!(RowHalver::new(Size::new(4, 4), 1, Size::new(3, 2)).is_err());
        assert!(RowHalver::new(Size::new(1, 4), 1, Size::new(0, 2)).is_err());
        assert!(RowHalver::new(Size::new(4, 4), 2, Size::new(2, 2)).is_err());
        let mut halver = RowHalver::new(Size::new(2, 2), 1, Size::new(1, 1)).unwrap();
        assert!(halver.push(&[1]).is_err());
        assert!(halver.push(&[1; 6]).is_err());
    }
}
