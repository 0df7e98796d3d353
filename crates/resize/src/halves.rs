//! Halves rows exactly: each sample becomes the mean of 2 × 2, rounded half up.
//!
//! What is reduced to a third or less is made of halved rows where its part is of whole pairs: that is a quarter of the
//! samples for the filter, and several targets share it.

use image_ingest_samples::{Orientation, Size, WorkError, reserve_exact, zeroed};

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
    /// The halved size, as rows lie.
    half: Size,
    /// Whether the first column and the first row have no other beside them: they are the last of the upright picture.
    is_first_alone: (bool, bool),
    /// Rows that have come.
    seen: usize,
    /// A row whose lower one has not come.
    upper: Vec<u8>,
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
        Self::turned(Orientation::Upright, size, channels, half)
    }

    /// A halver of a picture that is stored otherwise: rows come as they are stored, and so do the halved ones. Both sizes are
    /// those of the upright picture, and what the halved rows show is that of its rows.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn turned(orientation: Orientation, size: Size, channels: usize, half: Size) -> Result<Self> {
        let is_half = |whole: u32, half: u32| half > 0 && (half == whole / 2 || half == whole.div_ceil(2));
        let fits = is_half(size.width, half.width) && is_half(size.height, half.height);
        if !fits || !matches!(channels, 1 | 3) {
            return Err(WorkError::internal("a size that is no half"));
        }
        let (transpose, mirror_x, mirror_y) = orientation.parts();
        let is_first_alone = (mirror_x && size.width % 2 == 1, mirror_y && size.height % 2 == 1);
        let (size, half, is_first_alone) = match transpose {
            true => (size.transposed(), half.transposed(), (is_first_alone.1, is_first_alone.0)),
            false => (size, half, is_first_alone),
        };
        let (row_len, height) = (size.width as usize * channels, size.height as usize);
        let (upper, out) = (zeroed(row_len)?, Vec::new());
        Ok(Self { row_len, height, channels, half, is_first_alone, seen: 0, upper, out })
    }

    /// Takes the next rows, whole and tight, and returns the halved rows that they finish.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for rows that the picture does not have; [`WorkError::OutOfMemory`].
    pub fn push(&mut self, rows: &[u8]) -> Result<&[u8]> {
        let Self { row_len, height, channels, half, is_first_alone: (_, is_first_alone), .. } = *self;
        let counts_alone = 2 * half.height as usize > height;
        if !rows.len().is_multiple_of(row_len) || rows.len() / row_len > height - self.seen {
            return Err(WorkError::internal("rows that the plane does not have"));
        }
        self.out.clear();
        reserve_exact(&mut self.out, (rows.len() / row_len).div_ceil(2) * half.width as usize * channels)?;
        let mut upper = None;
        for row in rows.chunks_exact(row_len) {
            let is_upper = self.seen.is_multiple_of(2) != is_first_alone;
            self.seen += 1;
            let is_alone = if is_first_alone { self.seen == 1 } else { is_upper && self.seen == height };
            if is_alone {
                if counts_alone {
                    self.halve(row, row);
                }
            } else if is_upper {
                upper = Some(row);
            } else {
                match upper.take() {
                    Some(upper) => self.halve(upper, row),
                    None => {
                        let upper = std::mem::take(&mut self.upper);
                        self.halve(&upper, row);
                        self.upper = upper;
                    }
                }
            }
        }
        if let Some(upper) = upper {
            self.upper.copy_from_slice(upper);
        }
        Ok(&self.out)
    }

    /// Appends a row of means of two rows. There is room for it.
    fn halve(&mut self, upper: &[u8], lower: &[u8]) {
        let Self { out, half, channels, is_first_alone: (is_first_alone, _), .. } = self;
        let start = out.len();
        out.resize(start + half.width as usize * *channels, 0);
        let (rows, out) = ([upper, lower], &mut out[start..]);
        if *channels == 1 {
            halve::<1>(rows, out, *is_first_alone, |[a, b], out| {
                for ((out, a), b) in out.as_flattened_mut().iter_mut().zip(a.as_chunks().0).zip(b.as_chunks().0) {
                    *out = quarter(pair(*a) + pair(*b));
                }
            });
        } else {
            halve::<3>(rows, out, *is_first_alone, |[a, b], out| {
                for ((out, a), b) in out.iter_mut().zip(a.as_chunks::<6>().0).zip(b.as_chunks::<6>().0) {
                    *out = std::array::from_fn(|channel| {
                        quarter([a[channel], a[3 + channel], b[channel], b[3 + channel]].map(u16::from).iter().sum())
                    });
                }
            });
        }
    }
}

/// Halves two rows of `C` channels, whole pairs of pixels by `pairs`. A last pixel without another, or a first one, counts twice
/// where there is room for it.
#[inline(always)]
fn halve<const C: usize>(
    rows: [&[u8]; 2],
    out: &mut [u8],
    is_first_alone: bool,
    pairs: impl FnOnce([&[u8]; 2], &mut [[u8; C]]),
) {
    let out = out.as_chunks_mut::<C>().0;
    let lone = |[upper, lower]: [&[u8]; 2]| -> Option<[u8; C]> {
        let (upper, lower) = (upper.first_chunk::<C>()?, lower.first_chunk::<C>()?);
        Some(std::array::from_fn(|channel| quarter(2 * (u16::from(upper[channel]) + u16::from(lower[channel])))))
    };
    let before = if is_first_alone { C } else { 0 };
    let counts_first = is_first_alone && 2 * out.len() * C > rows[0].len();
    let (first, out) = out.split_at_mut(usize::from(counts_first));
    first.iter_mut().zip(lone(rows)).for_each(|(first, mean)| *first = mean);
    let rows = rows.map(|row| &row[before..]);
    let whole = rows[0].len() / (2 * C);
    if let (Some(last), Some(mean)) = (out.get_mut(whole), lone(rows.map(|row| &row[whole * 2 * C..]))) {
        *last = mean;
    }
    pairs(rows, out);
}

/// The sum of two samples that lie side by side. As a word and not as two bytes it becomes a vector of words.
fn pair(samples: [u8; 2]) -> u16 {
    let word = u16::from_le_bytes(samples);
    (word & 0xFF) + (word >> 8)
}

/// A quarter of the sum of four samples, rounded half up: at most (4 · 255 + 2) / 4, which is 255.
#[expect(clippy::cast_possible_truncation, reason = "a quarter of the sum of four bytes is a byte")]
fn quarter(sum: u16) -> u8 {
    ((sum + 2) >> 2) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::stored;

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
    fn what_is_stored_turned_is_halved_to_the_same_picture() {
        for (width, height, channels) in [(7, 5, 1), (7, 5, 3), (6, 5, 3), (7, 4, 1), (1, 3, 3), (3, 1, 1), (8, 6, 3)] {
            let size = Size::new(width, height);
            let upright: Vec<u8> = (0..size.pixels() * channels).map(|i| u8::try_from(i * 97 % 256).unwrap()).collect();
            let channels = usize::try_from(channels).unwrap();
            let halves = [Size::new(width / 2, height / 2), Size::new(width.div_ceil(2), height.div_ceil(2))];
            for half in halves.into_iter().filter(|half| half.pixels() > 0) {
                let whole = halved(size, channels, half, &upright, 1);
                for orientation in (2..=8).map(Orientation::from_exif) {
                    let samples = stored(&upright, size, channels, orientation);
                    for rows in [1, 2, 3] {
                        let mut halver = RowHalver::turned(orientation, size, channels, half).unwrap();
                        let rows = samples.chunks(halver.row_len * rows);
                        let found: Vec<u8> = rows.flat_map(|rows| halver.push(rows).unwrap().to_vec()).collect();
                        assert!(
                            found == stored(&whole, half, channels, orientation),
                            "{size:?} {half:?} {orientation:?}"
                        );
                    }
                }
            }
        }
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
