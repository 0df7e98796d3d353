//! LZW with codes of growing width, as GIF has it (GIF89a appendix F).
//!
//! A string of the table is the string before it and one more value, so it lies in what was already written: an entry is a
//! place and a length, a string is one copy, and a clear code costs no more than any other.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::result::Result;
use crate::sub_blocks::SubBlocks;

/// Fills `out` with indices. Codes after the last of them are not looked at where the data has its terminator. Where the file
/// ends first, the last string must end with `out`, and nothing but an end code may follow: anything else says that codes
/// were damaged.
///
/// `min_code_size`: 1 to 11. Above 8, codes name indices that no byte holds; their low eight bits count, as they do for
/// giflib's, libnsgif's and FFmpeg's users.
///
/// # Errors
///
/// `truncated` when the codes end before `out` does, or the file inside codes that `out` has no room for; `malformed` for a
/// code that no earlier one made; `deadline`, `cancelled`.
pub fn decode(min_code_size: u8, data: SubBlocks<'_>, out: &mut [u8], timer: &CpuTimer<'_>) -> Result<()> {
    let is_terminated = data.after().is_some();
    let mut codes = Codes { data, block: &[], bits: 0, count: 0 };
    let mut strings = Strings::new(min_code_size);
    let (mut at, mut written) = (0, 0);
    while at < out.len() {
        timer.check()?;
        for _ in 0..CODES_A_CHECK {
            let code = codes.next(strings.width).ok_or_else(too_few)?;
            written = strings.write(code, out, at)?;
            at += written;
            if at == out.len() {
                break;
            }
        }
    }
    let too_long = written < usize::from(strings.previous);
    if !is_terminated && (too_long || codes.go_on(&strings)) {
        return Err(DecodeError::truncated("the file ends in frame data that goes on behind the last pixel"));
    }
    Ok(())
}

/// Codes between two looks at the clock: 10 ms even when each stands for the longest string.
const CODES_A_CHECK: usize = 1 << 14;

/// The most bits of a code.
const MAX_WIDTH: u32 = 12;

/// What was written at `start`, `len` values of it.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    start: u32,
    len: u16,
}

/// The table of strings.
struct Strings {
    entries: Box<[Stretch]>,
    /// The code that clears the table; the next one ends the data.
    clear: u16,
    /// The code that the next string gets; 4096 when the table is full, which stops it from growing.
    next: u16,
    width: u32,
    /// Length of the string of the code before; 0 after a clear code.
    previous: u16,
}

impl Strings {
    fn new(min_code_size: u8) -> Self {
        let entries = vec![Stretch::default(); 1 << MAX_WIDTH].into_boxed_slice();
        let mut strings = Self { entries, clear: 1 << min_code_size, next: 0, width: 0, previous: 0 };
        strings.clear();
        strings
    }

    fn clear(&mut self) {
        // As if the first code made a string too, which nobody can ask for by the code that ends the data. Then the width
        // grows behind the first code when codes of one bit leave no room for a string (as giflib has it).
        self.next = self.clear + 1;
        self.width = self.clear.ilog2() + 1;
        self.previous = 0;
    }

    /// Writes the string of `code` to `out[at..]`, as much of it as there is room for. Returns how much that is.
    #[inline]
    fn write(&mut self, code: u16, out: &mut [u8], at: usize) -> Result<usize> {
        if code == self.clear {
            self.clear();
            return Ok(0);
        }
        if code == self.clear + 1 {
            return Err(too_few());
        }
        self.add(at);
        if code < self.clear {
            out[at] = code.to_le_bytes()[0];
            self.previous = 1;
            return Ok(1);
        }
        if code >= self.next {
            return Err(DecodeError::malformed("an LZW code that no earlier one made"));
        }
        let string = self.entries[usize::from(code)];
        self.previous = string.len;
        Ok(repeat(string, out, at))
    }

    /// The string of the code before and the first value of this one's, which is about to stand at `at`.
    #[inline]
    fn add(&mut self, at: usize) {
        if let Some(entry) = self.entries.get_mut(usize::from(self.next)) {
            // A frame has at most 65 535² pixels.
            let start = u32::try_from(at - usize::from(self.previous)).unwrap_or(u32::MAX);
            *entry = Stretch { start, len: self.previous + 1 };
            self.next += 1;
            if self.next >> self.width != 0 && self.width < MAX_WIDTH {
                self.width += 1;
            }
        }
    }
}

/// Writes what stands at `from` once more to `out[at..]`, as much of it as there is room for. Returns how much that is.
#[inline]
fn repeat(from: Stretch, out: &mut [u8], at: usize) -> usize {
    let (start, len) = (from.start as usize, usize::from(from.len));
    let apart = at - start;
    if len <= SHORT && apart >= SHORT && at + SHORT <= out.len() {
        // What this writes beyond the string, the strings after it write over.
        out.copy_within(start..start + SHORT, at);
        return len;
    }
    let len = len.min(out.len() - at);
    // A string that reaches into itself does so by its last value alone, which is its first.
    out.copy_within(start..start + len.min(apart), at);
    if len > apart {
        out[at + apart] = out[start];
    }
    len
}

/// Strings up to this are copied by one load and one store.
const SHORT: usize = 16;

/// The codes of a frame, least significant bit first.
struct Codes<'a> {
    data: SubBlocks<'a>,
    /// What is left of the sub-block.
    block: &'a [u8],
    /// The next `count` bits. Those above are zero, or the block's next ones.
    bits: u64,
    count: u32,
}

impl Codes<'_> {
    /// The next code; `None` when fewer bits than that are left.
    #[inline]
    fn next(&mut self, width: u32) -> Option<u16> {
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

    /// Whether something follows other than an end code, or than one code and the last byte's spare bits: encoders differ
    /// about the width of an end code behind the string that fills a width.
    fn go_on(mut self, strings: &Strings) -> bool {
        let blocks = self.data.clone().map(|block| block.len() as u64).sum::<u64>();
        let bits = u64::from(self.count) + 8 * (self.block.len() as u64 + blocks);
        bits >= u64::from(strings.width) + 8 && self.next(strings.width) != Some(strings.clear + 1)
    }
}

fn too_few() -> DecodeError {
    DecodeError::truncated("frame data ends before the last pixel")
}

#[cfg(test)]
mod tests {
    use weezl::{BitOrder, encode::Encoder};

    use super::*;

    fn decode(min_code_size: u8, codes: &[u8], block: usize, len: usize) -> Result<Vec<u8>> {
        let parts = codes.chunks(block).map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat());
        let data = [parts.collect::<Vec<_>>().concat(), vec![0]].concat();
        let mut out = vec![0; len];
        super::decode(min_code_size, SubBlocks::of(&data), &mut out, &CpuTimer::default()).map(|()| out)
    }

    /// Codes of the widths that they have after a clear code.
    fn packed(min_code_size: u8, codes: &[u16]) -> Vec<u8> {
        let (mut bits, mut next, mut width) = (Vec::new(), (1_u16 << min_code_size) + 1, u32::from(min_code_size) + 1);
        for code in codes {
            bits.extend((0..width).map(|bit| code >> bit & 1 == 1));
            next = (next + 1).min(4096);
            if next >> width != 0 && width < 12 {
                width += 1;
            }
        }
        let byte = |bits: &[bool]| bits.iter().enumerate().map(|(at, &bit)| u8::from(bit) << at).sum();
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn indices_come_back_whatever_the_code_size_the_picture_and_the_sub_blocks() {
        for min_code_size in 1..=11 {
            let most = (1_usize << min_code_size.min(8)) - 1;
            for period in [1, 2, 3, 7, 15, 16, 17, 64, 5000, usize::MAX] {
                let index = |at: usize| (at % period).wrapping_mul(0x9E37_79B9) >> 7 & most;
                let picture: Vec<u8> = (0..40_000).map(|at| u8::try_from(index(at)).unwrap()).collect();
                let codes = Encoder::new(BitOrder::Lsb, min_code_size).encode(&picture).unwrap();
                for block in [1, 7, 8, 9, 255] {
                    let decoded = decode(min_code_size, &codes, block, picture.len()).unwrap();
                    assert!(decoded == picture, "size {min_code_size}, period {period}, blocks of {block}");
                }
            }
        }
    }

    #[test]
    fn a_full_table_is_kept_until_it_is_cleared() {
        let literals: Vec<u16> = (0..6000_u16).map(|at| at * 7 % 4).collect();
        let mut expected: Vec<u8> = literals.iter().map(|code| code.to_le_bytes()[0]).collect();
        // Code 6 is the first two literals, and 4095 the last pair for which there was room.
        let codes = [&literals[..], &[6, 4095]].concat();
        let pair = 4095 - 6;
        expected.extend_from_within(0..2);
        expected.extend_from_within(pair..pair + 2);
        assert_eq!(decode(2, &packed(2, &codes), 255, expected.len()).unwrap(), expected);
    }

    #[test]
    fn the_last_string_is_cut_where_the_frame_ends() {
        // Index 1, then 6 = 1 1, 7 = 1 1 1, 8 = 1 1 1 1: ten in all.
        let codes = packed(2, &[1, 6, 7, 8]);
        for len in 1..=10 {
            assert_eq!(decode(2, &codes, 255, len).unwrap(), vec![1; len]);
        }
        assert!(matches!(decode(2, &codes, 255, 11), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn a_code_for_the_string_in_the_making_needs_one_before_it() {
        assert!(matches!(decode(2, &packed(2, &[6]), 255, 2), Err(DecodeError::Malformed { .. })));
        assert_eq!(decode(2, &packed(2, &[3, 6]), 255, 3).unwrap(), [3; 3]);
        assert!(matches!(decode(2, &packed(2, &[3, 7]), 255, 3), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn codes_of_one_bit_grow_behind_the_first() {
        // Clear (2 bits), 1 (2 bits), then 4 = 1 1, 0 and the end in 3 bits each.
        let codes = [0b0100_0110, 0b0000_1100];
        assert_eq!(decode(1, &codes, 255, 4).unwrap(), [1, 1, 1, 0]);
    }

    /// What `decode` says of the codes in a sub-block behind which the file ends.
    fn unterminated(codes: &[u8], len: usize) -> Result<Vec<u8>> {
        let data = [&[u8::try_from(codes.len()).unwrap()], codes].concat();
        let mut out = vec![0; len];
        super::decode(2, SubBlocks::of(&data), &mut out, &CpuTimer::default()).map(|()| out)
    }

    #[test]
    fn where_the_file_ends_in_the_data_nothing_but_the_end_code_follows_the_last_pixel() {
        let pixels = [1, 2, 1, 3, 1];
        let with = |codes: &[u16]| unterminated(&packed(2, &[&pixels[..], codes].concat()), pixels.len());
        for whole in [&[][..], &[5], &[5, 1, 2, 3, 1, 2, 3], &[3]] {
            assert_eq!(with(whole).unwrap(), [1, 2, 1, 3, 1], "{whole:?}");
        }
        assert!(matches!(with(&[1, 2, 3, 1, 2]), Err(DecodeError::Truncated { .. })));
        // Index 1, then 6 = 1 1, of which the second value is beyond the frame.
        assert_eq!(unterminated(&packed(2, &[1, 6]), 3).unwrap(), [1; 3]);
        assert!(matches!(unterminated(&packed(2, &[1, 6]), 2), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn nothing_is_read_after_the_end_code() {
        assert_eq!(decode(2, &packed(2, &[1, 5, 1]), 255, 1).unwrap(), [1]);
        assert!(matches!(decode(2, &packed(2, &[1, 5, 1]), 255, 2), Err(DecodeError::Truncated { .. })));
    }
}
