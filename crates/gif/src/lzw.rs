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
//! # A window of the output
//!
//! Rows that were handed on are needed no longer, but for the strings of the table. These lie side by side: each begins
//! where the one before it has its last index. So what has to stay is one stretch from the first code after a clear
//! code to the string that filled the table, 20 to 50 KiB in a photo, and never more than 1 + 2 + … + 4094 indices. The
//! [`IndexWindow`] moves that stretch to its start whenever it is full, and the strings with it.
//!
//! # Widths
//!
//! A code has `min_code_size + 1` bits after a clear code, and one bit more as soon as the next string's code needs it,
//! up to 12 bits. They come least significant first, through all sub-blocks as if they were one.
//!
//! [`Stretch`]: strings::Stretch

mod codes;
mod strings;
mod window;

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::result::Result;
use crate::sub_blocks::SubBlocks;
use codes::CodeReader;
use strings::{Strings, too_few};
use window::IndexWindow;

pub(crate) use window::MAX_WINDOW;

/// Decodes LZW codes to the rows of a frame, in the order in which they are stored.
///
/// Where the data has its terminator, codes after the last index are not looked at. Where the file ends first, the last
/// string must end with the frame, and nothing but an end code may follow: anything else says that codes were damaged.
///
/// ```
/// use image_ingest_gif::{LzwDecoder, SubBlocks};
/// use image_ingest_samples::CpuTimer;
///
/// // Codes of three bits, and of four behind the third: clear, 1, 1, end.
/// let (data, timer) = (SubBlocks::of(&[2, 0b0100_1100, 0b0000_1010, 0]), CpuTimer::default());
/// let mut decoder = LzwDecoder::new(2, data, [1, 2], 1 << 15, &timer)?;
/// let mut indices = Vec::new();
/// while let Some(rows) = decoder.next_rows(&timer)? {
///     indices.extend_from_slice(rows);
/// }
/// assert_eq!(indices, [1, 1]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct LzwDecoder<'a> {
    codes: CodeReader<'a>,
    strings: Strings,
    window: IndexWindow,
    /// Whether the data has its terminator.
    is_terminated: bool,
}

impl<'a> LzwDecoder<'a> {
    /// For a frame of `[width, height]`.
    ///
    /// `min_code_size` is 1 to 11. Above 8, codes stand for indices that no byte holds; their low eight bits count, as
    /// for users of giflib, libnsgif and FFmpeg. Of the indices, `window` are held at first: 2¹⁴ at least, and as many
    /// as the frame has at most. Where strings need more, 2²⁴ are.
    ///
    /// # Errors
    ///
    /// [`WorkError`](image_ingest_samples::WorkError).
    pub fn new(
        min_code_size: u8,
        data: SubBlocks<'a>,
        [width, height]: [u16; 2],
        window: usize,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let is_terminated = data.after(timer)?.is_some();
        let window = IndexWindow::new(usize::from(width), usize::from(height), window)?;
        Ok(Self { codes: CodeReader::of(data), strings: Strings::new(min_code_size), window, is_terminated })
    }

    /// The next rows, as many as are ready and one at least; `None` behind the last one.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when the codes end before the frame is full, or when the file ends inside codes for
    /// which it has no room; [`DecodeError::Malformed`] for a code that no earlier one made; [`DecodeError::Work`] for
    /// a job that is over its deadline or cancelled, or where memory runs out.
    pub fn next_rows(&mut self, timer: &CpuTimer<'_>) -> Result<Option<&[u8]>> {
        while !self.window.has_row() {
            if self.window.is_complete() {
                return Ok(None);
            }
            timer.check()?;
            if self.window.at >= self.window.stop() {
                self.window.make_room(&mut self.strings)?;
            }
            self.decode_codes()?;
        }
        Ok(Some(self.window.take_rows()))
    }

    /// All rows of a frame, which the window has room for.
    ///
    /// # Errors
    ///
    /// Those of [`next_rows`](Self::next_rows); `Internal` where the window is shorter.
    pub fn all_rows(mut self, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        while !self.window.is_complete() {
            timer.check()?;
            if self.window.at >= self.window.stop() {
                return Err(DecodeError::internal("a window shorter than the frame"));
            }
            self.decode_codes()?;
        }
        Ok(self.window.into_indices())
    }

    /// Decodes some codes, fewer where the window gets full or the frame ends.
    fn decode_codes(&mut self) -> Result<()> {
        let (stop, mut at) = (self.window.stop(), self.window.at);
        let (out, mut written) = (self.window.out(), 0);
        for _ in 0..CODES_PER_CHECK {
            let code = self.codes.next(self.strings.width).ok_or_else(too_few)?;
            written = self.strings.write(code, out, at)?;
            at += written;
            if at >= stop {
                break;
            }
        }
        self.window.at = at;
        if self.window.is_complete() && !self.is_terminated {
            let too_long = written < usize::from(self.strings.previous);
            let codes = self.codes.clone();
            if too_long || codes.has_more_than(self.strings.end_code(), self.strings.width) {
                return Err(DecodeError::truncated("the file ends in frame data that goes on behind the last pixel"));
            }
        }
        Ok(())
    }
}

/// Codes between two checks of the timer: 1.5 ms even when each stands for the longest string.
const CODES_PER_CHECK: usize = 1 << 10;

#[cfg(test)]
mod tests;
