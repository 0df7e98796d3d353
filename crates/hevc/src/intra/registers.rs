//! Decodes bins (ITU-T H.265 § 9.3.4.3).
//!
//! The standard keeps an offset of nine bits and reads a bit whenever the range is doubled. Here the offset is the nine
//! highest bits of `value`, below it are spare bits that were loaded before they are needed, and below these a one and
//! zeros. To double the range is then to shift `value`, and the offset is compared with `range << 55`.
//!
//! Between two bins these hold:
//!
//! - `range` lies in 256..=510.
//! - `value` is below `range << 55`: a bin subtracts the range of the symbol that it excludes.
//! - 23 to 54 bits are spare: 32 bits are loaded where the lower half of `value` is 0, which is where fewer are left.
//! - A bin takes at most 6 spare bits, and 16 bypass bins take 16. So none of them has to load before.

use std::hint::select_unpredictable;

use crate::intra::contexts::{CONTEXTS_ROUNDED, Contexts};
use crate::intra::probability::{RECIPROCALS, TRANSITIONS};

/// What changes with every bin. It is copied into a local variable where many bins are read, so that it stays in the
/// registers of the CPU: behind a reference each bin would store it and load it again.
#[derive(Clone, Copy)]
pub(super) struct Registers<'a> {
    /// The bytes that were not loaded.
    pub(super) rest: &'a [u8],
    /// The zeros that were loaded behind the data, in bytes.
    pub(super) behind: usize,
    /// `ivlCurrRange`.
    pub(super) range: u32,
    /// `ivlOffset` in the nine highest bits, below it spare bits, and below these a one and zeros.
    pub(super) value: u64,
}

impl<'a> Registers<'a> {
    /// Begins with a substream. Of the 32 bits of the first load nine are the offset, which has to be below the range (§
    /// 9.3.2.5): every later one is then.
    pub(super) fn new(rest: &'a [u8]) -> Option<Self> {
        let (word, behind) = last_word(rest);
        let rest = rest.get(4..).unwrap_or_default();
        let registers = Self { rest, behind, range: 510, value: u64::from(word) << 32 | 1 << 31 };
        (registers.value < u64::from(registers.range) << 55).then_some(registers)
    }

    /// The loaded bits below the offset.
    pub(super) fn spare(&self) -> u32 {
        54 - self.value.trailing_zeros()
    }

    /// Shifts out `count` bits of the offset, at most 23, and loads 32 bits where fewer than 23 are spare.
    #[inline(always)]
    pub(super) fn shift(&mut self, count: u32) {
        self.value <<= count;
        if self.value as u32 == 0 {
            self.load();
        }
    }

    /// Loads 32 bits in the place of the one at the end, which lies in the upper half.
    #[inline(always)]
    fn load(&mut self) {
        let word = if let Some((four, rest)) = self.rest.split_first_chunk::<4>() {
            self.rest = rest;
            u32::from_be_bytes(*four)
        } else {
            let (word, behind) = last_word(self.rest);
            (self.rest, self.behind) = (&[], self.behind + behind);
            word
        };
        let end = (self.value >> 32).trailing_zeros() & 31;
        self.value = (self.value & (self.value - 1)) | (u64::from(word) << 1 | 1) << end;
    }

    /// Decodes a bin with a context (§ 9.3.4.3.2).
    ///
    /// Both outcomes are computed and one is chosen, without a branch: bins are near random where decoding takes its
    /// time, and a branch would often be predicted wrong.
    ///
    /// The range of the less probable symbol is 6 to 240, so it is doubled at most six times. The table leaves the more
    /// probable symbol at least 128, so that range is doubled once where its bit 8 is 0.
    #[inline(always)]
    pub(super) fn bin(&mut self, contexts: &mut Contexts, context: usize) -> u32 {
        // The mask changes no index. It shows the compiler that it is inside the array.
        let context = &mut contexts[context & (CONTEXTS_ROUNDED - 1)];
        let state = *context;
        let transitions = TRANSITIONS[usize::from(state)];
        let lps = (transitions >> (self.range >> 3 & 24)) as u32 & 255;
        let mps = self.range - lps;
        let scaled = u64::from(mps) << 55;
        let is_lps = self.value >= scaled;
        self.value -= select_unpredictable(is_lps, scaled, 0);
        *context = (transitions >> select_unpredictable(is_lps, 40, 32)) as u8;
        let shift = select_unpredictable(is_lps, lps.leading_zeros() - 23, mps >> 8 ^ 1);
        self.range = select_unpredictable(is_lps, lps, mps) << shift;
        self.shift(shift);
        u32::from(state & 1) ^ u32::from(is_lps)
    }

    /// The next `count` ≤ 16 bypass bins (§ 9.3.4.3.4), the first in the highest bit. They stay: [`Self::take`] takes them.
    ///
    /// Each bin doubles the offset and compares it with the range, which stays. So they are the digits of a division:
    /// the offset and the next `count` bits by the range. The quotient by the rounded-up reciprocal is the same: the
    /// offset with 16 bits is below 2²⁵, so the product is at most 2⁻¹¹ too large, and the fraction of a division by at
    /// most 510 is at least 2⁻⁹ below 1.
    #[inline(always)]
    pub(super) fn quotient(&self, count: u32) -> u32 {
        let reciprocal = u64::from(RECIPROCALS[(self.range & 255) as usize]);
        (((self.value >> (55 - count)) * reciprocal) >> 36) as u32
    }

    /// Takes `count` ≤ 16 bypass bins.
    #[inline(always)]
    pub(super) fn take(&mut self, bins: u32, count: u32) {
        self.value -= u64::from(bins * self.range) << (55 - count);
        self.shift(count);
    }

    /// Decodes a bin whose values are equally probable.
    #[inline(always)]
    pub(super) fn bypass(&mut self) -> u32 {
        let scaled = u64::from(self.range) << 54;
        let one = self.value >= scaled;
        self.value -= select_unpredictable(one, scaled, 0);
        self.shift(1);
        u32::from(one)
    }

    /// Decodes `count` ≤ 32 bypass bins. The first is the highest bit.
    #[inline(always)]
    pub(super) fn bypasses(&mut self, count: u32) -> u32 {
        let mut high = 0;
        if count > 16 {
            high = self.quotient(count - 16);
            self.take(high, count - 16);
        }
        let low_count = count.min(16);
        let low = self.quotient(low_count);
        self.take(low, low_count);
        high << 16 | low
    }

    /// Reads `coeff_abs_level_remaining` (§ 9.3.3.11) with a Rice parameter of 0 to 15.
    ///
    /// A prefix of up to 3 ones and `rice` bits are a Rice code. A longer prefix lengthens the suffix by one bit for each
    /// one. At most 20 ones, or 24 less the parameter, are read, since the sizes of 16 bits that an encoder writes have
    /// fewer: the suffix has up to 21 bits, and the value is below 2²³.
    ///
    /// Nearly all codes have at most 16 bits, which one division gives.
    #[inline(always)]
    pub(super) fn remaining(&mut self, rice: u32) -> Option<i32> {
        let bins = self.quotient(16);
        let prefix = (!(bins << 16)).leading_zeros();
        let suffix = rice + prefix.saturating_sub(3);
        let count = prefix + 1 + suffix;
        if count > 16 {
            let (registers, value) = self.long_remaining(rice);
            *self = registers;
            return value;
        }
        let bins = bins >> (16 - count);
        self.take(bins, count);
        Some((first_of_prefix(prefix, rice) + (bins & ((1 << suffix) - 1))) as i32)
    }

    /// [`Self::remaining`], bin by bin.
    #[cold]
    #[inline(never)]
    fn long_remaining(mut self, rice: u32) -> (Self, Option<i32>) {
        let mut prefix = 0;
        while self.bypass() == 1 {
            prefix += 1;
            if prefix > 20 || prefix + rice > 24 {
                return (self, None);
            }
        }
        let suffix = self.bypasses(rice + prefix.saturating_sub(3));
        (self, Some((first_of_prefix(prefix, rice) + suffix) as i32))
    }
}

/// The smallest value with a prefix of so many ones.
#[inline(always)]
pub(super) fn first_of_prefix(prefix: u32, rice: u32) -> u32 {
    if prefix <= 3 { prefix << rice } else { ((1 << (prefix - 3)) + 2) << rice }
}

/// The next four bytes, and how many of them, the last, are zeros behind the data.
#[cold]
#[inline(never)]
fn last_word(rest: &[u8]) -> (u32, usize) {
    let byte = |i: usize| u32::from(rest.get(i).copied().unwrap_or(0));
    ((0..4).fold(0, |word, i| word << 8 | byte(i)), 4usize.saturating_sub(rest.len()))
}
