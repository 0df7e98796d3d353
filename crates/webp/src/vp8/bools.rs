//! Reads bools: the arithmetic decoder of RFC 6386 § 7.
//!
//! The standard doubles range and value until the range is at least 128. Here that is left to the next bool: the state
//! keeps the range as it came out, 1–255, and the count of leading zeros is found while the product is on its way.
//! Probabilities are kept as their complement, 256 less the chance of a 0, which is the chance of a 1 in 256.

use std::hint::select_unpredictable;

/// A partition and how far it is read. It is small and copied into locals by the loops that read much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoolDecoder<'a> {
    /// Bits that are loaded and not used up: below `range` shifted by `bits`, once both are normalised.
    value: u64,
    /// How many bits of `value` lie below the 8 that are compared with the range. Negative where a load is due.
    bits: i64,
    /// What is left of the interval, not normalised.
    range: u32,
    rest: &'a [u8],
}

/// Added to `bits` at the end of data, so that no read loads again and the reader can be asked later.
const ENDED: i64 = 1 << 40;

/// The complement of the probability 128, by which plain bits are coded.
const EVEN: i16 = 128;

impl<'a> BoolDecoder<'a> {
    /// Starts on a partition. libwebp loads its first byte at once, so a partition of no bytes has ended already.
    #[inline(always)]
    pub(crate) fn new(partition: &'a [u8]) -> Self {
        let bits = if partition.is_empty() { ENDED } else { -8 };
        Self { value: 0, bits, range: 255, rest: partition }
    }

    /// Whether a bool was read that needed bits behind the end. As in libwebp, a bool needs 8 bits beyond those that
    /// normalising used up; the standard would let two bytes more be read as zeros.
    #[inline(always)]
    pub(crate) fn has_ended(&self) -> bool {
        self.bits > ENDED / 2
    }

    /// Loads seven bytes, or one near the end. `value` has fewer than 8 bits left, so 56 more fit.
    #[inline(always)]
    fn load(&mut self) {
        if self.bits < 0 {
            if let Some(bytes) = self.rest.first_chunk::<8>() {
                self.value = (self.value << 56) | (u64::from_be_bytes(*bytes) >> 8);
                self.rest = &self.rest[7..];
                self.bits += 56;
            } else {
                *self = self.loaded_near_the_end();
            }
        }
    }

    /// Takes and returns the state by value: a pointer to it would keep it in memory.
    #[cold]
    #[inline(never)]
    fn loaded_near_the_end(self) -> Self {
        let (byte, rest, ended) =
            self.rest.split_first().map_or((0, self.rest, ENDED), |(&byte, rest)| (byte, rest, 0));
        Self { value: (self.value << 8) | u64::from(byte), bits: self.bits + 8 + ended, rest, ..self }
    }

    /// Normalises and loads. Returns the parts of the range for 0 and for 1, and whether the next bool is 1.
    ///
    /// With R the normalised range, 128–255, and c the complement, 1–256, the part for 1 is ⌈(R − 1) · c / 256⌉, which
    /// is R − (1 + (R − 1) · (256 − c) / 256) rounded as § 7.3 has it. It is from 1 to R − 1, so neither part is ever 0.
    ///
    /// In partitions that an encoder made, the value is below the range. In others it may grow until bits are lost; the
    /// comparison of its upper 32 bits then decides as in libwebp, where a machine has 64 bits.
    #[inline(always)]
    fn split(&mut self, complement: i16) -> (u32, u32, bool) {
        let complement = u32::from(complement.unsigned_abs());
        // A range of 1–255 has 24 to 31 leading zeros; 24 is a multiple of 8.
        let shift = self.range.leading_zeros() & 7;
        // 256 · part − 255 ≤ R · c + 255 − c: 16 bits and one more.
        let product = (self.range * complement) << shift;
        let range = self.range << shift;
        self.bits -= i64::from(shift);
        self.load();
        let one = product.wrapping_add(255u32.wrapping_sub(complement)) >> 8;
        let zero = range.wrapping_sub(one);
        (zero, one, self.window() >= zero)
    }

    /// The bits that are compared with the range.
    #[expect(clippy::cast_possible_truncation, reason = "higher bits are lost, as in libwebp")]
    #[inline(always)]
    fn window(&self) -> u32 {
        (self.value >> (self.bits & 63)) as u32
    }

    /// The value behind the part for 0.
    #[inline(always)]
    fn beyond(&self, zero: u32) -> u64 {
        self.value.wrapping_sub(u64::from(zero) << (self.bits & 63))
    }

    /// A bool that code branches on.
    #[inline(always)]
    pub(crate) fn bit(&mut self, complement: i16) -> bool {
        let (zero, one, bit) = self.split(complement);
        if bit {
            self.value = self.beyond(zero);
            self.range = one;
        } else {
            self.range = zero;
        }
        bit
    }

    /// A bool that goes into a number: 0 or 1, without a branch.
    #[inline(always)]
    pub(crate) fn bit_value(&mut self, complement: i16) -> u16 {
        let (zero, one, bit) = self.split(complement);
        self.value = select_unpredictable(bit, self.beyond(zero), self.value);
        self.range = select_unpredictable(bit, one, zero);
        u16::from(bit)
    }

    /// `magnitude`, negated where the next bool, of even chance, is 1. Both parts of an even range are halves.
    #[inline(always)]
    pub(crate) fn signed(&mut self, magnitude: u16) -> i16 {
        let shift = self.range.leading_zeros() & 7;
        let range = self.range << shift;
        self.bits -= i64::from(shift);
        self.load();
        let zero = (range + 1) >> 1;
        // libwebp has the sign of the difference here, which differs where bits are lost.
        let bit = (zero - 1).wrapping_sub(self.window()).cast_signed() < 0;
        self.value = select_unpredictable(bit, self.beyond(zero), self.value);
        self.range = (range + u32::from(!bit)) >> 1;
        // Magnitudes of coefficients are at most 2114.
        let (magnitude, mask) = (magnitude.cast_signed(), -i16::from(bit));
        (magnitude ^ mask).wrapping_sub(mask)
    }

    /// A flag of a header: one bit of even chance.
    pub(crate) fn flag(&mut self) -> bool {
        self.bit(EVEN)
    }

    /// An unsigned number of up to 8 bits of even chance, the highest first.
    pub(crate) fn literal(&mut self, bits: u32) -> u8 {
        (0..bits).fold(0, |value, _| value << 1 | u8::from(self.flag()))
    }

    /// A number of up to 7 bits, and its sign.
    pub(crate) fn signed_literal(&mut self, bits: u32) -> i32 {
        let magnitude = i32::from(self.literal(bits));
        if self.flag() { -magnitude } else { magnitude }
    }

    /// What `read` gives where a flag is set, as headers have it; else `None`.
    pub(crate) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.flag() { Some(read(self)) } else { None }
    }
}

/// The complement of a probability.
pub(crate) const fn complement(probability: u8) -> i16 {
    256 - probability as i16
}

/// Writes partitions, for tests (§ 7.3).
#[cfg(test)]
pub(crate) mod writer {
    /// An encoder of bools.
    pub(crate) struct BoolEncoder {
        bytes: Vec<u8>,
        range: u32,
        bottom: u32,
        count: i32,
    }

    impl BoolEncoder {
        pub(crate) fn new() -> Self {
            Self { bytes: Vec::new(), range: 255, bottom: 0, count: 24 }
        }

        pub(crate) fn bit(&mut self, probability: u8, bit: bool) -> &mut Self {
            let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
            if bit {
                let (bottom, carry) = self.bottom.overflowing_add(split);
                self.bottom = bottom;
                self.range -= split;
                if carry {
                    self.carry();
                }
            } else {
                self.range = split;
            }
            while self.range < 128 {
                self.range <<= 1;
                self.shift();
            }
            self
        }

        fn shift(&mut self) {
            if self.bottom & 1 << 31 != 0 {
                self.carry();
            }
            self.bottom <<= 1;
            self.count -= 1;
            if self.count == 0 {
                self.bytes.push(u8::try_from(self.bottom >> 24).unwrap());
                self.bottom &= (1 << 24) - 1;
                self.count = 8;
            }
        }

        fn carry(&mut self) {
            for byte in self.bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }

        pub(crate) fn literal(&mut self, value: u32, bits: u32) -> &mut Self {
            for i in (0..bits).rev() {
                self.bit(128, value >> i & 1 == 1);
            }
            self
        }

        /// The bytes, with zeros behind so that every bool is there.
        pub(crate) fn finish(&mut self) -> Vec<u8> {
            for _ in 0..32 {
                self.shift();
            }
            std::mem::take(&mut self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::writer::BoolEncoder;
    use super::*;
    use crate::tests::noise;

    /// The decoder of § 7.3, a bit at a time.
    struct Standard<'a> {
        value: u32,
        range: u32,
        bit_count: u32,
        rest: std::slice::Iter<'a, u8>,
    }

    impl<'a> Standard<'a> {
        fn new(data: &'a [u8]) -> Self {
            let mut rest = data.iter();
            let mut byte = || u32::from(rest.next().copied().unwrap_or(0));
            let value = byte() << 8 | byte();
            Self { value, range: 255, bit_count: 0, rest }
        }

        fn bit(&mut self, probability: u8) -> bool {
            let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
            let bit = self.value >= split << 8;
            if bit {
                self.range -= split;
                self.value -= split << 8;
            } else {
                self.range = split;
            }
            while self.range < 128 {
                self.value <<= 1;
                self.range <<= 1;
                self.bit_count += 1;
                if self.bit_count == 8 {
                    self.bit_count = 0;
                    self.value |= u32::from(self.rest.next().copied().unwrap_or(0));
                }
            }
            bit
        }
    }

    #[test]
    fn bools_are_those_of_the_standard_for_every_probability() {
        let (data, probabilities) = (noise(4000, 1), noise(9000, 2));
        let (mut ours, mut standard) = (BoolDecoder::new(&data), Standard::new(&data));
        for (i, &probability) in probabilities.iter().enumerate() {
            if ours.has_ended() {
                break;
            }
            let expected = standard.bit(if i % 3 == 2 { 128 } else { probability });
            let bit = match i % 3 {
                0 => ours.bit(complement(probability)),
                1 => ours.bit_value(complement(probability)) == 1,
                _ => ours.signed(7) == -7,
            };
            assert_eq!(bit, expected, "bool {i}");
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let (bits, probabilities) = (noise(5000, 3), noise(5000, 4));
        let mut writer = BoolEncoder::new();
        for (bit, &probability) in bits.iter().zip(&probabilities) {
            writer.bit(probability, bit & 64 != 0);
        }
        let bytes = writer.literal(0b101_1010, 7).literal(5, 4).bit(128, true).finish();
        let mut reader = BoolDecoder::new(&bytes);
        for (bit, &probability) in bits.iter().zip(&probabilities) {
            assert_eq!(reader.bit(complement(probability)), bit & 64 != 0);
        }
        assert_eq!((reader.literal(7), reader.signed_literal(4)), (0b101_1010, -5));
        assert!(!reader.has_ended());
    }

    #[test]
    fn a_partition_has_ended_where_a_bool_needs_a_byte_that_is_not_there() {
        assert!(BoolDecoder::new(&[]).has_ended());
        // Each bool of even chance over a range of 255 or 128 uses up one bit; the first eight need the first byte.
        for len in 1..20 {
            let data = vec![0; len];
            let mut reader = BoolDecoder::new(&data);
            let mut used = 0;
            while !reader.has_ended() {
                reader.flag();
                used += 1;
            }
            // The range of 255 is halved to 128 for a 0, which takes no bit; then each 0 takes one.
            assert_eq!(used, 8 * (len - 1) + 3, "{len} bytes");
            for _ in 0..10_000 {
                reader.flag();
                reader.signed(3);
                reader.bit_value(1);
            }
            assert!(reader.has_ended());
        }
    }
}
