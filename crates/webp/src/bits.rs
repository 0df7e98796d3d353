//! Reads bits, the lowest of a byte first (RFC 9649 § 3.2).
//!
//! A reader holds up to 64 bits in one word. Only [`Bits::peek`] takes bytes, and it takes as many as fit, so at least
//! 57 bits are held after it while the data lasts. Past the end of the data the word shows zeros, which can be looked
//! at and not read.

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

    /// `count` ≤ 32 bits, the first lowest.
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
    ///
    /// While `held` ≤ 56, the next byte lands in bits `held` to `held + 7`, which are zero and inside the word.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_bit_of_a_byte_comes_first() {
        let mut bits = Bits::new(&[0b1100_0101, 0b0000_0011]);
        assert_eq!([bits.read(1).unwrap(), bits.read(2).unwrap(), bits.read(7).unwrap()], [1, 0b10, 0b111_1000]);
    }

    #[test]
    fn bits_behind_the_end_are_zeros_that_cannot_be_read() {
        let mut bits = Bits::new(&[0xFF]);
        assert_eq!(bits.peek(), 0xFF);
        assert_eq!(bits.read(5).unwrap(), 0x1F);
        assert!(matches!(bits.read(4), Err(DecodeError::Truncated { .. })));
        assert_eq!(bits.read(3).unwrap(), 7);
        assert!(bits.bit().is_err());
    }

    #[test]
    fn numbers_of_32_bits_are_read_at_any_place() {
        let data: Vec<u8> = (1..=20).collect();
        for shift in 0..32 {
            let mut bits = Bits::new(&data);
            bits.read(shift).unwrap();
            let expected = u64::from_le_bytes(data[..8].try_into().unwrap()) >> shift & 0xFFFF_FFFF;
            assert_eq!(u64::from(bits.read(32).unwrap()), expected, "{shift}");
        }
    }
}
