//! The table of strings, each a stretch of the indices before it.

use std::ops::Range;

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// The most bits of a code.
const MAX_WIDTH: u32 = 12;

/// A string of the table: `len` indices from `start` on in the window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stretch {
    /// 32 bits hold it: the window is shorter.
    start: u32,
    /// Below 4096: the string that a code adds is one longer than that of the code before.
    len: u16,
}

/// The table of strings.
#[derive(Debug)]
pub(super) struct Strings {
    /// The strings by their codes; those below `clear` are unused. Of entries from `next` on nothing is read.
    entries: Box<[Stretch]>,
    /// The code that clears the table; the one after it ends the data.
    clear: u16,
    /// The code that the next string gets; 4096 when the table is full, which stops it from growing.
    next: u16,
    /// Bits of the next code.
    pub(super) width: u32,
    /// Length of the string of the code before, which ends where the next one begins; 0 after a clear code.
    pub(super) previous: u16,
}

impl Strings {
    pub(super) fn new(min_code_size: u8) -> Self {
        let entries = vec![Stretch::default(); 1 << MAX_WIDTH].into_boxed_slice();
        let mut strings = Self { entries, clear: 1 << min_code_size, next: 0, width: 0, previous: 0 };
        strings.clear();
        strings
    }

    /// The code behind which there is none.
    pub(super) fn end_code(&self) -> u16 {
        self.clear + 1
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
    pub(super) fn write(&mut self, code: u16, out: &mut [u8], at: usize) -> Result<usize> {
        if code == self.clear {
            self.clear();
            return Ok(0);
        }
        if code == self.end_code() {
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

    /// What of the window the strings are made of, where the next index goes to `at`.
    pub(super) fn stretch(&self, at: usize) -> Range<usize> {
        let added = usize::from(self.clear) + 1..usize::from(self.next);
        match self.entries.get(added).unwrap_or_default() {
            [] => at..at,
            [first, .., last] if usize::from(self.next) == self.entries.len() => {
                first.start as usize..last.start as usize + usize::from(last.len)
            }
            [first, ..] => first.start as usize..at,
        }
    }

    /// The stretch of the strings was moved towards the start by so many indices.
    pub(super) fn move_by(&mut self, indices: usize) {
        let indices = u32::try_from(indices).unwrap_or(u32::MAX);
        for entry in &mut self.entries[usize::from(self.clear) + 1..usize::from(self.next)] {
            entry.start = entry.start.saturating_sub(indices);
        }
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

/// The codes, or the file, end before the frame is full.
pub(super) fn too_few() -> DecodeError {
    DecodeError::truncated("frame data ends before the last pixel")
}
