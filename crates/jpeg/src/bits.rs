//! Reads bits of entropy-coded segments (ITU-T T.81 § F.2.2.5): stuffed zeros are taken out a window at a time, ahead of
//! the bit reader, which then needs no test for markers.

use image_ingest_samples::zeroed;

use crate::result::Result;
use memchr::memchr;

/// Entropy-coded data, one window of it without stuffing.
pub(crate) struct EntropySegments<'a> {
    /// Not yet in the window; starts with a marker, or is empty, once `ended`.
    rest: &'a [u8],
    window: Vec<u8>,
    /// Bytes of data in the window; zeros follow.
    end: usize,
    /// Whether the segment ends with the window.
    ended: bool,
}

/// What an MCU can take at most, and a reservoir: 10 blocks of 64 coefficients of a 16-bit code and 15 bits more.
pub(crate) const MARGIN: usize = 10 * 64 * 31 / 8 + 16;
const WINDOW: usize = 32 * 1024;

impl<'a> EntropySegments<'a> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(data: &'a [u8]) -> Result<Self> {
        Ok(Self { rest: data, window: zeroed(WINDOW)?, end: 0, ended: false })
    }

    /// Makes sure that an MCU can be read without a look at the end of the window.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, reader: &mut BitReader) {
        if !self.ended && reader.at + MARGIN > self.end {
            self.fill(reader);
        }
    }

    /// Moves what is left to the front and adds what fits; zeros follow the end of a segment.
    #[cold]
    fn fill(&mut self, reader: &mut BitReader) {
        // What the reservoir holds stays in the window, so that positions go on counting.
        let start = reader.at.saturating_sub(8).min(self.end);
        self.window.copy_within(start..self.end, 0);
        (self.end, reader.at) = (self.end - start, reader.at - start);
        while !self.ended && self.end < WINDOW - MARGIN {
            self.take_run(WINDOW - MARGIN - self.end);
        }
        if self.ended {
            let beyond = (self.end + MARGIN).min(WINDOW);
            self.window[self.end..beyond].fill(0);
        }
    }

    /// Takes up to `room` bytes: a run without 0xFF, or one stuffed 0xFF.
    fn take_run(&mut self, room: usize) {
        let near = &self.rest[..self.rest.len().min(room)];
        let run = memchr(0xFF, near).unwrap_or(near.len());
        self.window[self.end..self.end + run].copy_from_slice(&near[..run]);
        self.end += run;
        self.rest = &self.rest[run..];
        match self.rest {
            [0xFF, 0x00, after @ ..] if run < room => {
                self.window[self.end] = 0xFF;
                self.end += 1;
                self.rest = after;
            }
            // Fill bytes may stand before a marker (§ B.1.1.2).
            [0xFF, 0xFF, ..] => self.rest = &self.rest[1..],
            [0xFF, _, ..] | [] | [0xFF] => self.ended = run < room,
            _ => {}
        }
    }

    /// Whether codes were read that the segment does not have.
    #[inline(always)]
    pub(crate) fn is_overrun(&self, reader: &BitReader) -> bool {
        self.ended && reader.consumed_bits() > self.end * 8
    }

    /// Whether what is left of the segment is shorter than the longest code.
    pub(crate) fn is_near_end(&self, reader: &BitReader) -> bool {
        self.ended && reader.consumed_bits() + 16 > self.end * 8
    }

    /// The whole bytes that the reader left of the window.
    pub(crate) fn unread(&self, reader: &BitReader) -> &[u8] {
        self.window.get(reader.consumed_bits().div_ceil(8)..self.end).unwrap_or_default()
    }

    /// The bytes in the window of which the reader has taken bits.
    pub(crate) fn read(&self, reader: &BitReader) -> &[u8] {
        self.window.get(..reader.consumed_bits().div_ceil(8).min(self.end)).unwrap_or_default()
    }

    /// Bits of the byte in which the reader stands.
    pub(crate) fn bits_to_byte(&self, reader: &BitReader) -> u32 {
        (8 - u32::try_from(reader.consumed_bits() % 8).unwrap_or(0)) % 8
    }

    /// What follows the window: stuffed data, or the marker that ended the segment.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Leaves the segment for the marker at `marker`.
    pub(crate) fn skip_to(&mut self, marker: &'a [u8]) -> BitReader {
        (self.rest, self.end, self.ended) = (marker, 0, true);
        BitReader::default()
    }

    /// Starts the segment after the marker that ended this one.
    pub(crate) fn next(&mut self, data: &'a [u8]) -> BitReader {
        (self.rest, self.end, self.ended) = (data, 0, false);
        BitReader::default()
    }

    #[inline(always)]
    pub(crate) fn window(&self) -> &[u8] {
        &self.window
    }
}

/// A reservoir of up to 64 bits, the next one on top.
#[derive(Default, Clone, Copy)]
pub(crate) struct BitReader {
    bits: u64,
    count: u32,
    at: usize,
}

impl BitReader {
    /// A reader that stands at a bit of the window.
    pub(crate) fn at_bit(bit: usize, window: &[u8]) -> Self {
        let mut reader = Self { bits: 0, count: 0, at: bit / 8 };
        reader.refill(window);
        reader.skip(u32::try_from(bit % 8).unwrap_or(0));
        reader
    }

    /// At least 56 bits; zeros behind the end of the window.
    #[inline(always)]
    pub(crate) fn refill(&mut self, window: &[u8]) {
        if let Some(bytes) = window.get(self.at..).and_then(<[u8]>::first_chunk) {
            // The bits beyond `count` that come in twice are the same bits.
            self.bits |= u64::from_be_bytes(*bytes) >> self.count;
            self.at += (63 - self.count as usize) >> 3;
        } else {
            self.at += (63 - self.count as usize) >> 3;
        }
        self.count |= 56;
    }

    /// The next `n` bits, 1–32, which stay.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
    pub(crate) fn peek(&self, n: u32) -> u32 {
        (self.bits >> (64 - n)) as u32
    }

    #[inline(always)]
    pub(crate) fn skip(&mut self, n: u32) {
        self.bits <<= n;
        self.count = self.count.wrapping_sub(n);
    }

    pub(crate) fn consumed_bits(&self) -> usize {
        self.at * 8 - (self.count as usize).min(self.at * 8)
    }
}
