//! Bits of a deflate stream that were read from the input and not used.

/// Up to 63 bits, the next one lowest (RFC 1951 § 3.1.1).
///
/// Above the bits that count there may be the next ones of the input. They are read again with their bytes, which gives
/// the same bits, so a refill may set them twice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BitReservoir {
    pub(super) bits: u64,
    /// The number of bits that count, in its low six bits. What is above is not looked at: [`Self::drop_entry`] lets
    /// whole table entries run into it.
    count: u32,
}

impl BitReservoir {
    /// The number of bits that count, 0 to 63.
    #[inline(always)]
    pub(super) fn count(&self) -> u32 {
        self.count & 63
    }

    /// Reads bytes until 56 bits or more are there, or the input ends.
    #[inline(always)]
    pub(super) fn refill(&mut self, input: &mut &[u8]) {
        if !self.refill_whole(input) {
            self.refill_bytes(input);
        }
    }

    /// Reads 8 bytes and keeps as many as fit: then there are 56 bits or more. Says whether there were 8 bytes.
    #[inline(always)]
    pub(super) fn refill_whole(&mut self, input: &mut &[u8]) -> bool {
        let Some(bytes) = input.first_chunk::<8>() else { return false };
        self.bits |= u64::from_le_bytes(*bytes).wrapping_shl(self.count);
        // 0 to 7 bytes fit.
        *input = &input[((63 ^ self.count()) >> 3) as usize..];
        self.count |= 56;
        true
    }

    #[cold]
    #[inline(never)]
    fn refill_bytes(&mut self, input: &mut &[u8]) {
        let mut count = self.count();
        while count < 56
            && let Some((&byte, rest)) = input.split_first()
        {
            self.bits |= u64::from(byte) << count;
            count += 8;
            *input = rest;
        }
        self.count = count;
    }

    /// The next `count` bits, 0 to 32 of them, whether they count or not.
    #[inline(always)]
    pub(super) fn low(&self, count: u32) -> u32 {
        let mask = (1_u64 << count) - 1;
        u32::try_from(self.bits & mask).unwrap_or_default()
    }

    /// Uses up bits; there must be as many.
    #[inline(always)]
    pub(super) fn drop_bits(&mut self, count: u32) {
        self.drop_entry(count);
    }

    /// Uses up as many bits as the low six bits of a table's entry say.
    #[inline(always)]
    pub(super) fn drop_entry(&mut self, entry: u32) {
        self.bits = self.bits.wrapping_shr(entry);
        self.count = self.count.wrapping_sub(entry);
    }

    /// The next `count` bits, used up.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let low = self.low(count);
        self.drop_bits(count);
        low
    }

    /// Forgets the bits above those that count, where bytes are going to be read past this reservoir.
    pub(super) fn forget_uncounted(&mut self) {
        self.bits &= (1 << self.count()) - 1;
    }
}
