//! Reads bits, the lowest of a byte first (RFC 9649 § 3.2).
//!
//! A reader holds up to 63 bits in one word. Behind the end of the data it shows zeros, of which it keeps count, so that
//! a loop may read many symbols and ask afterwards whether the data had that many bits.

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// A reader over a bitstream.
///
/// It is small and copied into a local variable by the loops that read most, so that its fields stay in registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, the first lowest. Above those that are held there may be bits of `rest`, which are the right ones
    /// for their places.
    window: u64,
    /// Bits in `window` that are no longer in `rest`; at most 63.
    held: u32,
    /// How many zeros were appended behind the end of the data. They are the last of the bits that are held.
    padding: u32,
}

impl<'a> Bits<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data, window: 0, held: 0, padding: 0 }
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
        let value = self.take(count);
        self.check()?;
        Ok(value)
    }

    /// `count` ≤ 32 bits, the first lowest; zeros behind the end of the data, after which [`check`](Self::check) fails.
    #[inline]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        self.refill();
        let value = self.window & ((1 << count) - 1);
        self.consume(count);
        // At most 32 bits are left by the mask.
        u32::try_from(value).unwrap_or(u32::MAX)
    }

    /// Takes bytes until at least 56 bits are held.
    ///
    /// `taken` whole bytes fit above the bits that are held, which is 7 less the whole bytes among them. The sum of both
    /// is `held | 56`. The bits of an eighth byte that land in the word come again at the same places.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some((bytes, _)) = self.rest.split_first_chunk::<8>() {
            self.window |= u64::from_le_bytes(*bytes) << (self.held & 63);
            let taken = ((63 - self.held) >> 3) as usize;
            self.rest = self.rest.get(taken..).unwrap_or_default();
            self.held |= 56;
        } else {
            self.refill_at_end();
        }
    }

    /// As [`refill`](Self::refill), byte by byte, with zeros behind the last one.
    #[cold]
    fn refill_at_end(&mut self) {
        // There may be bits of the next byte above those that are held, from a step that took eight bytes at once.
        self.window &= (1 << (self.held & 63)) - 1;
        while self.held < 56 {
            match self.rest.split_first() {
                Some((&byte, rest)) => {
                    self.window |= u64::from(byte) << self.held;
                    self.rest = rest;
                }
                // A loop asks at the end of each row, long before the count could overflow.
                None => self.padding = self.padding.saturating_add(8),
            }
            self.held += 8;
        }
    }

    /// The bits after a [`refill`](Self::refill), the first lowest. At least as many as are held have their values.
    #[inline(always)]
    pub(crate) const fn window(&self) -> u64 {
        self.window
    }

    /// The next bits as an index into a table of `mask + 1` entries, a power of two.
    #[expect(clippy::cast_possible_truncation, reason = "an index has fewer bits than any usize")]
    #[inline(always)]
    pub(crate) const fn index(&self, mask: usize) -> usize {
        self.window as usize & mask
    }

    /// Goes `count` bits on, which are held.
    #[inline(always)]
    pub(crate) const fn consume(&mut self, count: u32) {
        self.window >>= count & 63;
        self.held = self.held.wrapping_sub(count) & 63;
    }

    /// Whether all bits that were read are bits of the data.
    ///
    /// # Errors
    ///
    /// `truncated` when some were behind its end.
    #[inline]
    pub(crate) fn check(&self) -> Result<()> {
        if self.held < self.padding { Err(ended()) } else { Ok(()) }
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
        assert_eq!(bits.read(5).unwrap(), 0x1F);
        let mut beyond = bits;
        assert_eq!(beyond.take(4), 7);
        assert!(matches!(beyond.check(), Err(DecodeError::Truncated { .. })));
        assert_eq!(bits.read(3).unwrap(), 7);
        assert!(bits.bit().is_err());
        // However far behind the end, it stays an error.
        for _ in 0..1000 {
            bits.take(32);
            assert!(bits.check().is_err());
        }
    }

    #[test]
    fn numbers_of_32_bits_are_read_at_any_place() {
        let data: Vec<u8> = (1..=8).collect();
        for shift in 0..=32 {
            let mut bits = Bits::new(&data);
            bits.read(shift).unwrap();
            let expected = u64::from_le_bytes(data[..8].try_into().unwrap()) >> shift & 0xFFFF_FFFF;
            assert_eq!(u64::from(bits.read(32).unwrap()), expected, "{shift}");
        }
    }
}
