//! Reads bits, the lowest of a byte first (RFC 9649 § 3.2).

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// A reader over a bitstream.
#[derive(Debug)]
pub(crate) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, the first lowest; zeros above those that are held.
    window: u64,
    held: u32,
}

impl<'a> Bits<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data, window: 0, held: 0 }
    }

    /// # Errors
    ///
    /// `truncated` at the end of the data.
    pub(crate) fn bit(&mut self) -> Result<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    /// `count` ≤ 32 bits.
    ///
    /// # Errors
    ///
    /// `truncated` at the end of the data.
    #[inline]
    pub(crate) fn read(&mut self, count: u32) -> Result<u32> {
        let value = self.peek() & ((1 << count) - 1);
        self.skip(count)?;
        // At most 32 bits are left by the mask.
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// At least the next 32 bits, the first lowest, and zeros behind the end of the data.
    #[inline]
    pub(crate) fn peek(&mut self) -> u64 {
        while self.held <= 56
            && let Some((&byte, rest)) = self.rest.split_first()
        {
            self.window |= u64::from(byte) << self.held;
            self.held += 8;
            self.rest = rest;
        }
        self.window
    }

    /// Goes `count` ≤ 32 bits on, which [`peek`](Self::peek) has just shown.
    ///
    /// # Errors
    ///
    /// `truncated` behind the end of the data.
    #[inline]
    pub(crate) fn skip(&mut self, count: u32) -> Result<()> {
        self.held = self.held.checked_sub(count).ok_or_else(ended)?;
        self.window >>= count;
        Ok(())
    }
}

#[cold]
fn ended() -> DecodeError {
    DecodeError::truncated("image data ends before the picture does")
}
