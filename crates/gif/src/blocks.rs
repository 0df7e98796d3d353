//! Reads a GIF data stream from its front, without copying (GIF89a § 17 to 26).

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::result::Result;
use crate::sub_blocks::SubBlocks;

/// What is left of the stream. Every step consumes what it reads, so a walk is bounded by the upload's size.
#[derive(Debug, Clone)]
pub(crate) struct Blocks<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    /// The next `n` bytes.
    ///
    /// # Errors
    ///
    /// `truncated`, here as in all that follows; `deadline`, `cancelled` where there is a timer.
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    /// The next number of 16 bits, low byte first (§ 4).
    pub(crate) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// The colour table that a descriptor's flags announce: 2 to 256 entries of three bytes (§ 18 to 21).
    pub(crate) fn color_table(&mut self, flags: u8) -> Result<Option<&'a [u8]>> {
        if flags & 0x80 == 0 { Ok(None) } else { self.take(3 * (2 << (flags & 7))).map(Some) }
    }

    /// Steps over all sub-blocks and their terminator.
    pub(crate) fn skip_sub_blocks(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        self.rest = SubBlocks::of(self.rest).after(timer)?.ok_or_else(cut)?;
        Ok(())
    }

    /// Steps over an extension whose introducer was read. Where it is a graphic control extension (§ 23), gives its
    /// transparent index, or `Some(None)` where it has none.
    pub(crate) fn extension(&mut self, timer: &CpuTimer<'_>) -> Result<Option<Option<u8>>> {
        let label = self.byte()?;
        let first = SubBlocks::of(self.rest).next();
        self.skip_sub_blocks(timer)?;
        Ok(match (label, first) {
            (GRAPHIC_CONTROL, Some(&[flags, _, _, index, ..])) => Some((flags & 1 != 0).then_some(index)),
            _ => None,
        })
    }

    /// Whether the image whose separator was read has no pixels.
    pub(crate) fn image_is_empty(&self) -> bool {
        matches!(self.rest, [_, _, _, _, 0, 0, ..] | [_, _, _, _, _, _, 0, 0, ..])
    }

    /// Steps over an image whose separator was read (§ 20 to 22).
    pub(crate) fn skip_image(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        let flags = self.take(9)?.last().copied().unwrap_or_default();
        self.color_table(flags)?;
        self.byte()?;
        self.skip_sub_blocks(timer)
    }
}

fn cut() -> DecodeError {
    DecodeError::truncated("the file ends before the first frame does")
}

/// The bytes that begin an extension, an image and the trailer (§ 20, 23 and 27).
pub(crate) const EXTENSION: u8 = b'!';
pub(crate) const IMAGE: u8 = b',';
pub(crate) const TRAILER: u8 = b';';

/// The label of a graphic control extension (§ 23).
const GRAPHIC_CONTROL: u8 = 0xF9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_table_has_twice_as_many_entries_for_each_step_of_its_size() {
        let bytes = [7; 768];
        for (size, entries) in [(0, 2), (1, 4), (2, 8), (3, 16), (4, 32), (5, 64), (6, 128), (7, 256)] {
            let table = |flags| Blocks { rest: &bytes }.color_table(flags).unwrap();
            assert_eq!(table(0x80 | size).map(<[u8]>::len), Some(3 * entries));
            assert_eq!(table(size), None);
        }
        assert!(Blocks { rest: &bytes[1..] }.color_table(0x87).is_err());
    }

    #[test]
    fn a_graphic_control_gives_its_transparent_index() {
        let extension = |bytes| Blocks { rest: bytes }.extension(&CpuTimer::default()).unwrap();
        assert_eq!(extension(b"\xF9\x04\x01\0\0\x07\0"), Some(Some(7)));
        assert_eq!(extension(b"\xF9\x04\0\0\0\x07\0"), Some(None));
        // Too short, and a comment.
        assert_eq!(extension(b"\xF9\x03\x01\0\0\0"), None);
        assert_eq!(extension(b"\xFE\x04\x01\0\0\x07\0"), None);
    }

    #[test]
    fn numbers_have_their_low_byte_first_and_a_cut_is_truncated() {
        let mut blocks = Blocks { rest: &[0x34, 0x12, 9] };
        assert_eq!(blocks.u16().unwrap(), 0x1234);
        assert!(matches!(blocks.u16(), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn an_image_is_skipped_with_its_table_and_its_data() {
        let mut blocks = Blocks { rest: b"\0\0\0\0\x01\0\x01\0\x80\x01\x02\x03\x04\x05\x06\x02\x01\x44\0;" };
        assert!(!blocks.image_is_empty());
        blocks.skip_image(&CpuTimer::default()).unwrap();
        assert_eq!(blocks.rest, b";");
        assert!(Blocks { rest: &[0, 0, 0, 0, 0, 0, 1, 0] }.image_is_empty());
        assert!(Blocks { rest: &[0, 0, 0, 0, 1, 0, 0, 0] }.image_is_empty());
    }
}
