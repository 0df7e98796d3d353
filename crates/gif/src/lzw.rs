//! LZW with codes of growing width, as GIF has it (GIF89a appendix F).
//!
//! # Codes
//!
//! A code below the clear code is an index. The clear code, `1 << min_code_size`, empties the table of strings, and the
//! code after it ends the data. Every other code stands for a string of the table. Each code after the first since a
//! clear adds one string: the string of the code before, and the first index of this one's. A code may stand for the
//! string that it adds itself, which then ends with the index that it begins with. Any higher code is `malformed`. Once
//! code 4095 has its string, the table stays as it is until a clear code.
//!
//! # Strings are stretches of the output
//!
//! The string that a code adds has just been written: the string of the code before lies directly before `at`, and the
//! first index of this code's string is about to be written at `at`. So an entry of the table is a [`Stretch`], a place
//! in the output and a length, and writing a string is one copy. There is no chain of prefixes to follow and no buffer,
//! and a clear code costs no more than any other. Whenever a string is written at `at`, `start + len ≤ at + 1` holds:
//! all of it was written before, except that its last index may be the one at `at`.
//!
//! # Widths
//!
//! A code has `min_code_size + 1` bits after a clear code, and one bit more as soon as the next string's code needs it,
//! up to
//! 12. Bits come least significant first, through all sub-blocks as if they were one.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::result::Result;
use crate::sub_blocks::SubBlocks;

/// Decodes LZW codes to indices, until `out` is full.
///
/// `min_code_size` is 1 to 11, and `out` has as many indices as a frame can have at most, 65 535². Above 8, codes stand
/// for indices that no byte holds; their low eight bits count, as for users of giflib, libnsgif and FFmpeg.
///
/// Where the data has its terminator, codes after the last index are not looked at. Where the file ends first, the last
/// string must end with `out`, and nothing but an end code may follow: anything else says that codes were damaged.
///
/// # Errors
///
/// [`DecodeError::Truncated`] when the codes end before `out` is full, or when the file ends inside codes for which
/// `out` has no room; [`DecodeError::Malformed`] for a code that no earlier one made; [`DecodeError::Work`] for a job
/// that is over its deadline or cancelled.
///
/// ```
/// use image_ingest_gif::{SubBlocks, decode_lzw};
/// use image_ingest_samples::CpuTimer;
///
/// // Codes of three bits, and of four behind the third: clear, 1, 1, end.
/// let data = SubBlocks::of(&[2, 0b0100_1100, 0b0000_1010, 0]);
/// let mut indices = [0; 2];
/// decode_lzw(2, data, &mut indices, &CpuTimer::default())?;
/// assert_eq!(indices, [1, 1]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub fn decode_lzw(min_code_size: u8, data: SubBlocks<'_>, out: &mut [u8], timer: &CpuTimer<'_>) -> Result<()> {
    let is_terminated = data.after(timer)?.is_some();
    let mut codes = CodeReader { data, block: &[], bits: 0, count: 0 };
    let mut strings = Strings::new(min_code_size);
    let (mut at, mut written) = (0, 0);
    while at < out.len() {
        timer.check()?;
        for _ in 0..CODES_PER_CHECK {
            let code = codes.next(strings.width).ok_or_else(too_few)?;
            written = strings.write(code, out, at)?;
            at += written;
            if at == out.len() {
                break;
            }
        }
    }
    let too_long = written < usize::from(strings.previous);
    if !is_terminated && (too_long || codes.has_more_than_the_end(&strings)) {
        return Err(DecodeError::truncated("the file ends in frame data that goes on behind the last pixel"));
    }
    Ok(())
}

/// Codes between two checks of the timer: 1.5 ms even when each stands for the longest string.
const CODES_PER_CHECK: usize = 1 << 10;

/// The most bits of a code.
const MAX_WIDTH: u32 = 12;

/// A string of the table: `len` indices from `start` on in the output.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// 32 bits hold it: a frame has at most 65 535² pixels.
    start: u32,
    /// Below 4096: the string that a code adds is one longer than that of the code before.
    len: u16,
}

/// The table of strings.
struct Strings {
    /// The strings by their codes; those below `clear` are unused. Of entries from `next` on nothing is read.
    entries: Box<[Stretch]>,
    /// The code that clears the table; the one after it ends the data.
    clear: u16,
    /// The code that the next string gets; 4096 when the table is full, which stops it from growing.
    next: u16,
    /// Bits of the next code.
    width: u32,
    /// Length of the string of the code before, which ends where the next one begins; 0 after a clear code.
    previous: u16,
}

impl Strings {
    fn new(min_code_size: u8) -> Self {
        let entries = vec![Stretch::default(); 1 << MAX_WIDTH].into_boxed_slice();
        let mut strings = Self { entries, clear: 1 << min_code_size, next: 0, width: 0, previous: 0 };
        strings.clear();
        strings
    }

    /// Empties the table. No entry has to be written, since none from `next` on is read.
    ///
    /// The first code after a clear adds no string. Here it does, so that [`add`](Self::add) needs no special case:
    /// `next` begins at the end code, and the string that the first code adds can never be asked for, since that code
    /// ends the data. With a code size of 1 that also gives the widths of giflib: the end code is 3, so after the first
    /// code the next string has code 4, and codes have three bits.
    fn clear(&mut self) {
        self.next = self.clear + 1;
        self.width = self.clear.ilog2() + 1;
        self.previous = 0;
    }

    /// Writes the string of `code` to `out[at..]`, as much of it as there is room for; `at` is below the length of
    /// `out`. Returns how many indices that is.
    ///
    /// # Errors
    ///
    /// `truncated` for the end code, `malformed` for a code that no earlier one made.
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
        // The string that this very code added has the code `next − 1`.
        if code >= self.next {
            return Err(DecodeError::malformed("an LZW code that no earlier one made"));
        }
        let string = self.entries[usize::from(code)];
        self.previous = string.len;
        Ok(repeat(string, out, at))
    }

    /// Adds the string of the code before and the first index of this one's, which is about to be written at `at`.
    ///
    /// `previous` indices end at `at`, so the difference cannot be negative. `next` stops at 4096.
    #[inline]
    fn add(&mut self, at: usize) {
        if let Some(entry) = self.entries.get_mut(usize::from(self.next)) {
            let start = u32::try_from(at - usize::from(self.previous)).unwrap_or(u32::MAX);
            *entry = Stretch { start, len: self.previous + 1 };
            self.next += 1;
            if self.next >> self.width != 0 && self.width < MAX_WIDTH {
                self.width += 1;
            }
        }
    }
}

/// Writes a string again, at `out[at..]`, as much of it as there is room for. Returns how many indices that is.
///
/// The string lies before `at`, except that its last index may be the one at `at` itself: `len ≤ apart + 1`.
///
/// Most strings are short. One of at most [`SHORT`] indices is copied as [`SHORT`] bytes, which compiles to one load
/// and one store, where as many bytes are there to be read (`apart ≥ SHORT`: all of them are before `at`) and to be
/// written. What that writes beyond the string is overwritten by the strings after it, since `at` advances by `len`
/// alone and decoding succeeds only once `at` has reached the end of `out`.
#[inline]
fn repeat(from: Stretch, out: &mut [u8], at: usize) -> usize {
    let (start, len) = (from.start as usize, usize::from(from.len));
    let apart = at - start;
    if len <= SHORT && apart >= SHORT && at + SHORT <= out.len() {
        out.copy_within(start..start + SHORT, at);
        return len;
    }
    let len = len.min(out.len() - at);
    // A string that reaches `at` does so by its last index alone, which is its first one.
    out.copy_within(start..start + len.min(apart), at);
    if len > apart {
        out[at + apart] = out[start];
    }
    len
}

/// Strings of up to so many indices are copied by one load and one store.
const SHORT: usize = 16;

/// Reads the codes of a frame, least significant bit first.
struct CodeReader<'a> {
    data: SubBlocks<'a>,
    /// What is left of the sub-block.
    block: &'a [u8],
    /// The next `count` bits. Those above are zero, or the bits that `block` begins with: to set those again changes
    /// nothing.
    bits: u64,
    /// At most 64.
    count: u32,
}

impl CodeReader<'_> {
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

    /// Whether more follows than an end code, or than one code and the spare bits of the last byte: encoders differ
    /// about the width of an end code behind the string that fills a width.
    fn has_more_than_the_end(mut self, strings: &Strings) -> bool {
        // Each has a byte at least, but for one that the file cuts, so three are more than an end code.
        let blocks = self.data.clone().take(3).map(|block| block.len() as u64).sum::<u64>();
        let bits = u64::from(self.count) + 8 * (self.block.len() as u64 + blocks);
        bits >= u64::from(strings.width) + 8 && self.next(strings.width) != Some(strings.clear + 1)
    }
}

/// The codes, or the file, end before the frame is full.
fn too_few() -> DecodeError {
    DecodeError::truncated("frame data ends before the last pixel")
}

#[cfg(test)]
mod tests;
