//! Samples of one buffer, and who takes rows of them.

use std::fmt;

use crate::error::WorkError;
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
    /// The depth and the count: samples themselves fill screens and say little.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if matches!(self, Self::U8(_)) { 8 } else { 16 };
        write!(f, "[{} samples of {bits} bits]", self.len())
    }
}

/// Samples that somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleSlice<'a> {
    /// 8 bits each.
    U8(&'a [u8]),
    /// 9–16 bits each.
    U16(&'a [u16]),
}

/// Takes the rows of a picture as a decoder has them, plane by plane from the top.
pub trait RowSink {
    /// Takes the next rows of plane `plane`: 0 is luma or the interleaved samples, 1 and 2 are Cb and Cr.
    ///
    /// Rows begin `stride` samples apart, and the last may end where its samples do. How many rows come at a time does
    /// not change the result.
    ///
    /// # Errors
    ///
    /// What the receiver cannot go on after: [`WorkError`].
    fn take_rows(&mut self, plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<(), WorkError>;
}

/// `width × height × channels` as a length; `None` where the machine cannot address as many.
#[must_use]
pub fn sample_count(size: Size, channels: usize) -> Option<usize> {
    usize::try_from(size.pixels()).ok()?.checked_mul(channels)
}
