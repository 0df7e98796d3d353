//! Codes of growing width, out of the sub-blocks.

use crate::sub_blocks::SubBlocks;

/// Reads the codes of a frame, least significant bit first.
#[derive(Debug, Clone)]
pub(super) struct CodeReader<'a> {
    data: SubBlocks<'a>,
    /// What is left of the sub-block.
    block: &'a [u8],
    /// The next `count` bits. Those above are zero, or the bits that `block` begins with: to set those again changes
    /// nothing.
    bits: u64,
    /// At most 64.
    count: u32,
}

impl<'a> CodeReader<'a> {
    pub(super) fn of(data: SubBlocks<'a>) -> Self {
        Self { data, block: &[], bits: 0, count: 0 }
    }

    /// The next code; `None` when fewer bits than that are left.
    #[inline]
    pub(super) fn next(&mut self, width: u32) -> Option<u16> {
        if self.count < width {
            self.refill();
            if self.count < width {
                return None;
            }
        }
        let code = self.bits & ((1 << width) - 1);
        self.bits >>= width;
        self.count -= width;
        u16::try_from(code).ok()
    }

    /// Appends bytes while they fit. Inside a sub-block that is one load of eight bytes, of which as many count as fit;
    /// the others leave their bits above `count`. Near a sub-block's end it goes byte by byte, and on into the next
    /// one.
    fn refill(&mut self) {
        if let Some(word) = self.block.first_chunk() {
            let bytes = (63 - self.count) / 8;
            self.bits |= u64::from_le_bytes(*word) << self.count;
            self.count += 8 * bytes;
            self.block = &self.block[bytes as usize..];
            return;
        }
        while self.count <= 56 {
            if let Some((&byte, rest)) = self.block.split_first() {
                self.bits |= u64::from(byte) << self.count;
                self.count += 8;
                self.block = rest;
            } else if let Some(block) = self.data.next() {
                self.block = block;
            } else {
                return;
            }
        }
    }

    /// Whether more follows than the code `end`, or than one code of `width` bits and the spare bits of the last byte:
    /// encoders differ about the width of an end code behind the string that fills a width.
    pub(super) fn has_more_than(mut self, end: u16, width: u32) -> bool {
        // Each has a byte at least, but for one that the file cuts, so three are more than an end code.
        let blocks = self.data.clone().take(3).map(|block| block.len() as u64).sum::<u64>();
        let bits = u64::from(self.count) + 8 * (self.block.len() as u64 + blocks);
        bits >= u64::from(width) + 8 && self.next(width) != Some(end)
    }
}
