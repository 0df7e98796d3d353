//! Decodes alpha planes (`ALPH`, RFC 9649 § 2.7.1.2): plain samples, or the green of a VP8L image without its header.
//! Either may be filtered, so that a sample is a difference from its neighbours.

use image_ingest_samples::{Avx2, CpuTimer, DecodeError, Size, zeroed};

use super::rows::LosslessRows;
use crate::dispatch;
use crate::result::Result;

/// The rows of an alpha plane, decoded one by one from the top.
pub(crate) struct AlphaRows<'a> {
    samples: AlphaSamples<'a>,
    filter: Filter,
    /// The row above, then the current row.
    row: Vec<u8>,
    is_first: bool,
    avx2: Option<Avx2>,
}

/// Where samples come from.
enum AlphaSamples<'a> {
    /// All that are left.
    Plain(&'a [u8]),
    Lossless(Box<LosslessRows<'a>>),
}

/// How a sample is predicted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    None,
    Horizontal,
    Vertical,
    Gradient,
}

impl<'a> AlphaRows<'a> {
    /// Reads what stands before the samples of an `ALPH` chunk of a picture of `size`.
    ///
    /// Whether the encoder reduced the number of levels is only a hint for who would smooth them, and has no effect. Two
    /// reserved bits are to be ignored; libwebp refuses a plane that sets one.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(chunk: &'a [u8], size: Size, timer: &CpuTimer<'_>, avx2: Option<Avx2>) -> Result<Self> {
        let Some((&header, data)) = chunk.split_first() else {
            return Err(DecodeError::truncated("alpha ends before its header"));
        };
        // From the top: two reserved bits, two of preprocessing (0 or 1), two of the filter, two of compression.
        let filter = match header >> 2 & 3 {
            0 => Filter::None,
            1 => Filter::Horizontal,
            2 => Filter::Vertical,
            _ => Filter::Gradient,
        };
        let samples = match header & 3 {
            _ if header & 0x20 != 0 => return Err(DecodeError::malformed("an unknown preprocessing of alpha")),
            0 if (data.len() as u64) < size.pixels() => {
                return Err(DecodeError::truncated("alpha ends before the picture does"));
            }
            0 => AlphaSamples::Plain(data),
            1 => AlphaSamples::Lossless(Box::new(LosslessRows::new(data, size, timer)?)),
            _ => return Err(DecodeError::malformed("an unknown compression of alpha")),
        };
        Ok(Self { samples, filter, row: zeroed(size.width as usize)?, is_first: true, avx2 })
    }

    /// The next row. There are as many as the picture is high.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn next_row(&mut self) -> Result<&[u8]> {
        match &mut self.samples {
            AlphaSamples::Plain(data) => {
                let (differences, rest) = data
                    .split_at_checked(self.row.len())
                    .ok_or_else(|| DecodeError::truncated("alpha ends before the picture does"))?;
                *data = rest;
                unfilter(self.filter, self.is_first, differences.iter().copied(), &mut self.row);
            }
            AlphaSamples::Lossless(rows) => {
                dispatch::next_row(rows, self.avx2)?;
                let greens = rows.row().iter().map(|argb| argb.to_le_bytes()[1]);
                unfilter(self.filter, self.is_first, greens, &mut self.row);
            }
        }
        self.is_first = false;
        Ok(&self.row)
    }
}

/// Turns the row above, in `row`, into the next row.
///
/// The first row has none above: its samples are predicted from the left, and the first one is 0. In other rows the first
/// sample is predicted from the one above.
fn unfilter(filter: Filter, is_first: bool, differences: impl Iterator<Item = u8>, row: &mut [u8]) {
    let samples = row.iter_mut().zip(differences);
    match filter {
        Filter::None => samples.for_each(|(sample, difference)| *sample = difference),
        Filter::Vertical if !is_first => {
            samples.for_each(|(sample, difference)| *sample = sample.wrapping_add(difference))
        }
        Filter::Gradient if !is_first => {
            // The first sample is predicted from the one above, as if all neighbours were that one.
            let mut left_and_above = None;
            for (sample, difference) in samples {
                let above = *sample;
                let (left, above_left) = left_and_above.unwrap_or((above, above));
                *sample = gradient(left, above, above_left).wrapping_add(difference);
                left_and_above = Some((*sample, above));
            }
        }
        _ => {
            let mut left = if is_first { Some(0) } else { None };
            for (sample, difference) in samples {
                *sample = left.unwrap_or(*sample).wrapping_add(difference);
                left = Some(*sample);
            }
        }
    }
}

/// `left + above − above left`, at least 0 and at most 255.
fn gradient(left: u8, above: u8, above_left: u8) -> u8 {
    let sum = i16::from(left) + i16::from(above) - i16::from(above_left);
    u8::try_from(sum.clamp(0, 255)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(chunk: &[u8], size: Size) -> Result<Vec<u8>> {
        let mut rows = AlphaRows::new(chunk, size, &CpuTimer::default(), None)?;
        let mut all = Vec::new();
        for _ in 0..size.height {
            all.extend_from_slice(rows.next_row()?);
        }
        Ok(all)
    }

    const SIZE: Size = Size::new(3, 2);

    #[test]
    fn samples_are_predicted_from_their_neighbours() {
        let filtered = |filter: u8| rows(&[&[filter << 2][..], &[250, 10, 1, 5, 0, 3]].concat(), SIZE).unwrap();
        assert_eq!(filtered(0), [250, 10, 1, 5, 0, 3]);
        assert_eq!(filtered(1), [250, 4, 5, 255, 255, 2]);
        assert_eq!(filtered(2), [250, 4, 5, 255, 4, 8]);
        // 255 + 4 − 250 is 9, and 9 + 5 − 4 is 10.
        assert_eq!(filtered(3), [250, 4, 5, 255, 9, 13]);
    }

    #[test]
    fn a_gradient_stays_within_a_byte() {
        assert_eq!([gradient(200, 100, 10), gradient(10, 20, 200), gradient(1, 2, 3)], [255, 0, 0]);
    }

    #[test]
    fn compressed_alpha_is_green() {
        // No transform, no cache, one group: green is 1, and red is 0, blue 1, alpha 0.
        let chunk = [1, 0b1100_1000, 0b1100_1000, 0b0000_1000];
        assert_eq!(rows(&[&chunk[..], &[0; 8]].concat(), SIZE).unwrap(), [1; 6]);
        // As differences from the left.
        let chunk = [5, 0b1100_1000, 0b1100_1000, 0b0000_1000];
        assert_eq!(rows(&[&chunk[..], &[0; 8]].concat(), SIZE).unwrap(), [1, 2, 3, 2, 3, 4]);
        assert!(matches!(rows(&chunk[..2], SIZE), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn headers_that_there_are_not_are_malformed_and_missing_samples_truncated() {
        let six = [0; 6];
        for header in [2, 3, 0x20, 0x30] {
            assert!(matches!(rows(&[&[header][..], &six].concat(), SIZE), Err(DecodeError::Malformed { .. })));
        }
        // Preprocessed samples are samples, and reserved bits mean nothing.
        for header in [0x10, 0x40, 0x80, 0xD0] {
            assert!(rows(&[&[header][..], &six].concat(), SIZE).is_ok());
        }
        for len in 0..6 {
            assert!(matches!(rows(&[&[0][..], &six[..len]].concat(), SIZE), Err(DecodeError::Truncated { .. })));
        }
        assert!(matches!(rows(&[], SIZE), Err(DecodeError::Truncated { .. })));
    }
}
