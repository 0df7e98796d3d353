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
        let (sums, out) = (zeroed(row_len)?, Vec::new());
        Ok(Self { row_len, height, channels, half, is_first_alone, seen: 0, sums, out })
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
        for row in rows.chunks_exact(row_len) {
            let is_upper = self.seen.is_multiple_of(2) != is_first_alone;
            self.seen += 1;
            let is_alone = if is_first_alone { self.seen == 1 } else { is_upper && self.seen == height };
            let pairs = self.sums.iter_mut().zip(row);
            if is_alone {
                pairs.for_each(|(sum, sample)| *sum = 2 * u16::from(*sample));
            } else if is_upper {
                pairs.for_each(|(sum, sample)| *sum = u16::from(*sample));
                continue;
            } else {
                pairs.for_each(|(sum, sample)| *sum += u16::from(*sample));
            }
            if !is_alone || counts_alone {
                self.halve_columns();
            }
        }
        Ok(&self.out)
    }

    /// Appends a row of means of the sums of two rows. There is room for it.
    fn halve_columns(&mut self) {
        let Self { sums, out, half, channels, is_first_alone: (is_first_alone, _), .. } = self;
        let start = out.len();
        out.resize(start + half.width as usize * *channels, 0);
        let out = &mut out[start..];
        if *channels == 1 {
            halve::<1, 2>(sums, out, *is_first_alone);
        } else {
            halve::<3, 6>(sums, out, *is_first_alone);
        }
    }
}

/// Halves a row of sums of `C` channels, of which pairs of pixels have `P`. A last pixel without another, or a first one, counts
/// twice where there is room for it.
fn halve<const C: usize, const P: usize>(sums: &[u16], out: &mut [u8], is_first_alone: bool) {
    let out = out.as_chunks_mut::<C>().0;
    let (first, sums) = sums.split_at(if is_first_alone { C } else { 0 });
    let counts_first = is_first_alone && 2 * out.len() * C > sums.len() + C;
    let (lone, out) = out.split_at_mut(usize::from(counts_first));
    for (lone, first) in lone.iter_mut().zip(first.as_chunks::<C>().0) {
        *lone = first.map(|sum| mean(sum, sum));
    }
    let (pairs, last) = sums.as_chunks::<P>();
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
