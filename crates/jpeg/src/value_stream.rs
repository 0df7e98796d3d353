//! Keeps the values that the first scan of a band brings (ITU-T T.81 § G.1.2.2), a byte for nearly all of them.
//!
//! A scan brings values in the order of its blocks, and the transform wants them in the same order. So they stand one
//! after the other, and masks of the blocks say whose they are.

use image_ingest_samples::reserve_exact;

use crate::result::Result;

/// The values of a scan without the bits below its lowest one.
pub(crate) struct ValueStream {
    /// The coefficients that the scan may bring: bit 63 − `k` is that of the zigzag index `k`.
    pub(crate) band: u64,
    /// The lowest bit that the values have: it is where their bit 0 stands in a coefficient.
    pub(crate) bit: u8,
    /// The values of at most seven bits, and [`LARGE`] for each of the others. While the scan is read, zeros follow.
    small: Vec<i8>,
    /// The values of more than seven bits.
    large: Vec<i16>,
    /// The values that were written, or later those that were read.
    at: usize,
    large_at: usize,
}

/// What stands for a value of more than seven bits. Values of seven bits are −127 to 127.
const LARGE: i8 = i8::MIN;

/// Room for the values of the next block.
pub(crate) struct ValueRoom<'s> {
    small: &'s mut [i8; 64],
    large: &'s mut Vec<i16>,
    pub(crate) count: usize,
}

impl ValueRoom<'_> {
    /// Adds a value of at most seven bits. A block has at most 63.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "seven bits and a sign")]
    pub(crate) fn add_small(&mut self, value: i32) {
        self.small[self.count & 63] = value as i8;
        self.count += 1;
    }

    /// Adds a value of any size up to 15 bits.
    #[cold]
    #[expect(clippy::cast_possible_truncation, reason = "15 bits and a sign")]
    pub(crate) fn add_large(&mut self, value: i32) {
        self.small[self.count & 63] = LARGE;
        self.large.push(value as i16);
        self.count += 1;
    }
}

impl ValueStream {
    /// A stream for a scan of `blocks` blocks, whose values have no bit below `bit`. `first..=last` is its band, and at
    /// most `data_bytes` bytes of the file are its data.
    ///
    /// The room for every value that can come is reserved at once: one for each coefficient, or for two bits of data, a
    /// code and the value itself. It is not touched before there are values, and what is left goes back at the end of
    /// the scan. `at_once` blocks are read before anyone looks whether the data has ended.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(
        (blocks, at_once): (usize, usize),
        (first, last): (u8, u8),
        bit: u8,
        data_bytes: usize,
    ) -> Result<Self> {
        let band = (u64::MAX >> first) & (u64::MAX << (63 - last.min(63)));
        let mut small = Vec::new();
        let width = band.count_ones() as usize;
        reserve_exact(&mut small, (blocks * width).min(data_bytes.saturating_mul(4) + at_once * width) + 64)?;
        Ok(Self { band, bit, small, large: Vec::new(), at: 0, large_at: 0 })
    }

    /// Makes room for the values of the next `blocks` blocks.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn prepare(&mut self, blocks: usize) -> Result<()> {
        let values = blocks * self.band.count_ones() as usize;
        let end = self.at + values + 64;
        let more = end.saturating_sub(self.small.len());
        if more > 0 {
            reserve_exact(&mut self.small, more)?;
            self.small.resize(end, 0);
        }
        if self.large.capacity() - self.large.len() < values {
            let more = values.max(self.large.len() / 4);
            reserve_exact(&mut self.large, more)?;
        }
        Ok(())
    }

    /// Room for the next block; `None` where nothing was prepared.
    #[inline(always)]
    pub(crate) fn room(&mut self) -> Option<ValueRoom<'_>> {
        let small = self.small.get_mut(self.at..)?.first_chunk_mut()?;
        Some(ValueRoom { small, large: &mut self.large, count: 0 })
    }

    /// Keeps the first `count` values of the room that was handed out last.
    #[inline(always)]
    pub(crate) fn keep(&mut self, count: usize) {
        self.at += count;
    }

    /// Ends the scan: gives back the room that is left. Reading begins at the first value.
    pub(crate) fn finish(&mut self) {
        self.small.truncate(self.at);
        self.small.shrink_to_fit();
        self.large.shrink_to_fit();
        self.at = 0;
    }

    /// Reads the values of the next block, of whose coefficients `coded` names those with a value: calls `put` with the
    /// index of each and the value as the coefficient has it.
    #[inline(always)]
    pub(crate) fn read(&mut self, coded: u64, mut put: impl FnMut(u32, i16)) {
        let mut left = coded & self.band;
        let count = left.count_ones() as usize;
        for &value in self.small.get(self.at..self.at + count).unwrap_or_default() {
            let k = left.leading_zeros();
            left &= !(1 << 63 >> (k & 63));
            let value = if value == LARGE { next_large(&self.large, &mut self.large_at) } else { value.into() };
            put(k, shifted(value.into(), self.bit));
        }
        self.at += count;
    }
}

#[cold]
fn next_large(large: &[i16], at: &mut usize) -> i16 {
    let value = large.get(*at).copied().unwrap_or(0);
    *at += 1;
    value
}

/// `value` with `bit` zeros below it. Coefficients beyond 16 bits wrap, as in libjpeg.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "wraps")]
pub(crate) fn shifted(value: i32, bit: u8) -> i16 {
    (value << bit) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_their_order_and_with_their_zeros_below() {
        let mut stream = ValueStream::new((3, 3), (1, 5), 2, 99).unwrap();
        stream.prepare(3).unwrap();
        let blocks: [&[(u32, i32)]; 3] = [&[(1, 127), (3, -127)], &[], &[(2, 128), (4, -32_767), (5, -1)]];
        for block in blocks {
            let mut room = stream.room().unwrap();
            for &(_, value) in block {
                if value.abs() < 128 { room.add_small(value) } else { room.add_large(value) }
            }
            let count = room.count;
            stream.keep(count);
        }
        stream.finish();
        for block in blocks {
            let mut found = Vec::new();
            // Coefficients of other bands have no part in it.
            let coded = block.iter().fold(1 << 56, |mask, &(k, _)| mask | 1 << 63 >> k);
            stream.read(coded, |k, value| found.push((k, value)));
            let expected: Vec<_> = block.iter().map(|&(k, value)| (k, shifted(value, 2))).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(shifted(-32_767, 2), 4, "wraps");
    }

    #[test]
    fn there_is_no_room_that_was_not_prepared() {
        let mut stream = ValueStream::new((9, 1), (1, 63), 0, 99).unwrap();
        assert!(stream.room().is_none());
        stream.prepare(1).unwrap();
        assert!(stream.room().is_some());
        stream.keep(63);
        assert!(stream.room().is_some());
        stream.keep(1);
        assert!(stream.room().is_none());
    }
}
