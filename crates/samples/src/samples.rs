//! Samples of one buffer, and who takes rows of them.

use std::fmt;
use std::ops::Range;

use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::memory::reserve;
use crate::size::Size;

/// Samples of one buffer; 16-bit ones are in the machine's byte order.
#[derive(Clone, PartialEq)]
pub enum Samples {
    /// 8 bits each.
    U8(Vec<u8>),
    /// 9–16 bits each.
    U16(Vec<u16>),
}

impl Samples {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
        }
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts `samples` behind these. Where there are none yet, their depth becomes that of `samples`.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] for samples of another depth.
    pub fn extend(&mut self, samples: SampleSlice<'_>) -> Result<(), WorkError> {
        match (&mut *self, samples) {
            (Self::U8(to), SampleSlice::U8(samples)) => {
                reserve(to, samples.len())?;
                to.extend_from_slice(samples);
            }
            (Self::U16(to), SampleSlice::U16(samples)) => {
                reserve(to, samples.len())?;
                to.extend_from_slice(samples);
            }
            (Self::U8(to), SampleSlice::U16(_)) if to.is_empty() => {
                *self = Self::U16(Vec::new());
                return self.extend(samples);
            }
            (Self::U16(to), SampleSlice::U8(_)) if to.is_empty() => {
                *self = Self::U8(Vec::new());
                return self.extend(samples);
            }
            _ => return Err(WorkError::internal("samples of mixed depth")),
        }
        Ok(())
    }

    /// Forgets the first `count` samples, or all where there are fewer.
    pub fn forget(&mut self, count: usize) {
        match self {
            Self::U8(v) => drop(v.drain(..count.min(v.len()))),
            Self::U16(v) => drop(v.drain(..count.min(v.len()))),
        }
    }

    /// A view of all samples.
    #[must_use]
    pub fn as_slice(&self) -> SampleSlice<'_> {
        match self {
            Self::U8(v) => SampleSlice::U8(v),
            Self::U16(v) => SampleSlice::U16(v),
        }
    }
}

impl fmt::Debug for Samples {
    /// Writes the depth and the count, and no sample: a picture's samples would fill screens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if matches!(self, Self::U8(_)) { 8 } else { 16 };
        write!(f, "[{} samples of {bits} bits]", self.len())
    }
}

/// Borrowed samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleSlice<'a> {
    /// 8 bits each.
    U8(&'a [u8]),
    /// 9–16 bits each.
    U16(&'a [u16]),
}

impl<'a> SampleSlice<'a> {
    /// The number of samples.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
        }
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A part of the samples; `None` where they do not reach as far.
    #[must_use]
    pub fn get(self, part: Range<usize>) -> Option<Self> {
        Some(match self {
            Self::U8(v) => Self::U8(v.get(part)?),
            Self::U16(v) => Self::U16(v.get(part)?),
        })
    }

    /// Parts of `len` samples, of which the last may be shorter. A `len` of 0 is taken for 1.
    ///
    /// ```
    /// use image_ingest_samples::SampleSlice;
    ///
    /// let parts: Vec<_> = SampleSlice::U8(&[1, 2, 3]).parts(2).collect();
    /// assert_eq!(parts, [SampleSlice::U8(&[1, 2]), SampleSlice::U8(&[3])]);
    /// ```
    pub fn parts(self, len: usize) -> impl Iterator<Item = Self> + use<'a> {
        let (len, end) = (len.max(1), self.len());
        (0..end).step_by(len).filter_map(move |start| self.get(start..end.min(start.saturating_add(len))))
    }
}

impl<'a> From<&'a [u8]> for SampleSlice<'a> {
    fn from(samples: &'a [u8]) -> Self {
        Self::U8(samples)
    }
}

impl<'a> From<&'a [u16]> for SampleSlice<'a> {
    fn from(samples: &'a [u16]) -> Self {
        Self::U16(samples)
    }
}

/// Rows of samples, one below the other, as they lie in the memory of what made them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRows<'a> {
    /// The samples of all rows. Of the last one there may be fewer than `stride`, as long as it has all its samples.
    pub samples: SampleSlice<'a>,
    /// Samples from the start of one row to that of the next.
    pub stride: usize,
}

impl<'a> SampleRows<'a> {
    /// Rows of 8-bit samples.
    #[must_use]
    pub fn u8(samples: &'a [u8], stride: usize) -> Self {
        Self { samples: SampleSlice::U8(samples), stride }
    }

    /// The samples of rows of which 8 bits a sample were announced.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where they have more.
    pub fn bytes(self) -> Result<&'a [u8], WorkError> {
        match self.samples {
            SampleSlice::U8(samples) => Ok(samples),
            SampleSlice::U16(_) => Err(WorkError::internal("rows of more than 8 bits where 8 were announced")),
        }
    }
}

/// Takes the rows of a picture as a decoder has them, each plane from the top.
///
/// A decoder that hands its rows to a sink needs no memory for the whole picture. What takes them may reduce them, or
/// keep them:
///
/// ```
/// use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};
///
/// struct Rows(Vec<u8>);
///
/// impl RowSink for Rows {
///     fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
///         self.0.extend_from_slice(rows.bytes()?);
///         Ok(())
///     }
/// }
///
/// let mut sink = Rows(Vec::new());
/// sink.take_rows(0, SampleRows::u8(&[1, 2, 3, 4], 2), &CpuTimer::default())?;
/// assert_eq!(sink.0, [1, 2, 3, 4]);
/// # Ok::<(), WorkError>(())
/// ```
pub trait RowSink {
    /// Takes the next rows of plane `plane`: 0 is luma or the interleaved samples, 1 and 2 are Cb and Cr.
    ///
    /// The result does not depend on how many rows come at a time. What works on them asks `timer` where a row may take
    /// milliseconds.
    ///
    /// # Errors
    ///
    /// A [`WorkError`] after which the sink takes no more rows.
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError>;
}

/// Appends the samples of all rows, of 8 bits each, whatever their plane: enough for tests and examples.
impl RowSink for Vec<u8> {
    fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        let samples = rows.bytes()?;
        reserve(self, samples.len())?;
        self.extend_from_slice(samples);
        Ok(())
    }
}

/// `width × height × channels` as a length; `None` where the machine cannot address as many.
#[must_use]
pub fn sample_count(size: Size, channels: usize) -> Option<usize> {
    usize::try_from(size.pixels()).ok()?.checked_mul(channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_samples_decide_the_depth() {
        let mut samples = Samples::U8(Vec::new());
        samples.extend(SampleSlice::U16(&[1, 2, 3])).unwrap();
        assert!(samples.extend(SampleSlice::U8(&[4])).is_err());
        samples.forget(2);
        assert_eq!(samples, Samples::U16(vec![3]));
        samples.forget(5);
        samples.extend(SampleSlice::U8(&[4])).unwrap();
        assert_eq!(samples.as_slice().get(0..1), Some(SampleSlice::U8(&[4])));
        assert_eq!(samples.as_slice().get(0..2), None);
    }
}
