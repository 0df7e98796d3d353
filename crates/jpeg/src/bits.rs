//! Reads bits of entropy-coded segments (ITU-T T.81 § F.2.2.5).
//!
//! [`EntropySegments`] copies the data into a window and leaves out the zero byte that is stuffed behind each 0xFF
//! (§ B.1.1.5). [`BitReader`] reads from the window, so its inner loop needs no test for markers. It needs no test for
//! the end either: [`EntropySegments::prepare`] is called before each MCU and makes sure that as much data, or as many
//! zeros behind the last of the data, are in the window as an MCU can take ([`MARGIN`]). Whether the MCU took bits that
//! the segment does not have is asked once, after it ([`EntropySegments::is_overrun`]).

use image_ingest_samples::zeroed;
use memchr::memchr;

use crate::result::Result;
use crate::segments::run_of_ff;

/// Entropy-coded data, and a window of it without stuffing.
pub(crate) struct EntropySegments<'a> {
    /// The data that is not in the window yet. Once `ended`, it starts with a marker, is empty, or is a last 0xFF.
    rest: &'a [u8],
    window: Vec<u8>,
    /// The bytes of data in the window, at most `WINDOW - MARGIN`. Once `ended`, `MARGIN` zero bytes follow them.
    end: usize,
    /// Whether the window holds the segment to its end.
    ended: bool,
    /// Once `ended`, the bytes of data in the window without the zeros that end it.
    nonzero: usize,
}

/// The bytes that must lie ahead of the reader before it reads an MCU.
///
/// An MCU has at most 10 blocks (§ B.2.3) of 64 coefficients. A coefficient takes at most a code of 16 bits and 15
/// further bits; runs of zeros take less for each coefficient. Another 16 bytes are for the eight bytes by which the
/// reader's position can be ahead of what it has consumed, and for the eight bytes that a refill looks at.
pub(crate) const MARGIN: usize = 10 * 64 * 31 / 8 + 16;
const WINDOW: usize = 32 * 1024;

impl<'a> EntropySegments<'a> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(data: &'a [u8]) -> Result<Self> {
        Ok(Self { rest: data, window: zeroed(WINDOW)?, end: 0, ended: false, nonzero: 0 })
    }

    /// Makes sure that [`MARGIN`] bytes lie ahead of the reader, so that it can read an MCU without a test.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, reader: &mut BitReader) {
        if !self.ended && reader.at + MARGIN > self.end {
            self.fill(reader);
        }
    }

    /// Moves the data that is left to the front of the window, and fills the rest of it but for the margin.
    #[cold]
    fn fill(&mut self, reader: &mut BitReader) {
        // The reservoir holds less than 64 bits. Their bytes stay in the window, so that `consumed_bits` stays right.
        let start = reader.at.saturating_sub(8).min(self.end);
        self.window.copy_within(start..self.end, 0);
        (self.end, reader.at) = (self.end - start, reader.at - start);
        while !self.ended && self.end < WINDOW - MARGIN {
            self.take_run(WINDOW - MARGIN - self.end);
        }
        if self.ended {
            let beyond = (self.end + MARGIN).min(WINDOW);
            self.window[self.end..beyond].fill(0);
            self.nonzero = self.window[..self.end].iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
        }
    }

    /// Takes up to `room` bytes: a run without 0xFF, and one stuffed 0xFF after it if there is room.
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
            [0xFF, 0xFF, ..] => self.rest = &self.rest[run_of_ff(self.rest) - 1..],
            [0xFF, _, ..] | [] | [0xFF] => self.ended = run < room,
            _ => {}
        }
    }

    /// Whether the reader has consumed bits that the segment does not have.
    #[inline(always)]
    pub(crate) fn is_overrun(&self, reader: &BitReader) -> bool {
        self.ended && reader.consumed_bits() > self.end * 8
    }

    /// Whether what is left of the segment is shorter than the longest code.
    pub(crate) fn is_near_end(&self, reader: &BitReader) -> bool {
        self.ended && reader.consumed_bits() + 16 > self.end * 8
    }

    /// The whole bytes of the window that the reader has not consumed.
    pub(crate) fn unread(&self, reader: &BitReader) -> &[u8] {
        self.window.get(reader.consumed_bits().div_ceil(8)..self.end).unwrap_or_default()
    }

    /// The bytes of the window of which the reader has consumed at least a bit.
    pub(crate) fn read(&self, reader: &BitReader) -> &[u8] {
        self.window.get(..reader.consumed_bits().div_ceil(8).min(self.end)).unwrap_or_default()
    }

    /// The bits that are left of the byte in which the reader stands; 0 between two bytes.
    pub(crate) fn bits_to_byte(&self, reader: &BitReader) -> u32 {
        (8 - u32::try_from(reader.consumed_bits() % 8).unwrap_or(0)) % 8
    }

    /// The data that follows the window, with its stuffing, or the marker that ended the segment.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left of the segment but whole bytes of zeros.
    pub(crate) fn is_read(&self, reader: &BitReader) -> bool {
        self.ended && reader.consumed_bits().div_ceil(8) >= self.nonzero
    }

    /// Goes on at `marker`, a marker of the same data, with an empty window.
    pub(crate) fn skip_to(&mut self, marker: &'a [u8]) -> BitReader {
        (self.rest, self.end, self.ended, self.nonzero) = (marker, 0, true, 0);
        BitReader::default()
    }

    /// Starts the segment of `data`, which begins behind the marker that ended this one.
    pub(crate) fn next(&mut self, data: &'a [u8]) -> BitReader {
        (self.rest, self.end, self.ended) = (data, 0, false);
        BitReader::default()
    }

    /// The window from its start on; positions of a [`BitReader`] are those of this slice.
    #[inline(always)]
    pub(crate) fn window(&self) -> &[u8] {
        &self.window
    }
}

/// A reservoir of up to 64 bits, the next bit on top.
///
/// Invariant: the top `count` bits of `bits` are the next of the stream, and the byte `at` of the window follows them.
/// The bits below them are zero or are already the bits of the byte `at` and its successors, since a refill loads eight
/// bytes and counts only the whole bytes that fit.
///
/// Between two refills, at most 56 bits may be skipped. This keeps `count` from wrapping below zero.
#[derive(Default, Clone, Copy)]
pub(crate) struct BitReader {
    bits: u64,
    /// At most 63.
    count: u32,
    at: usize,
}

impl BitReader {
    /// A reader that stands at the bit `bit` of the window, counted from its start.
    pub(crate) fn at_bit(bit: usize, window: &[u8]) -> Self {
        let mut reader = Self { bits: 0, count: 0, at: bit / 8 };
        reader.refill(window);
        reader.skip(u32::try_from(bit % 8).unwrap_or(0));
        reader
    }

    /// Fills the reservoir to 56–63 bits. Behind the end of the window, the bits are zeros.
    ///
    /// Whole bytes that fit into 63 bits are `(63 - count) >> 3`. They leave the lower three bits of `count` as they
    /// are and raise it to 56 or more, which is what `count |= 56` does.
    #[inline(always)]
    pub(crate) fn refill(&mut self, window: &[u8]) {
        if let Some(bytes) = window.get(self.at..).and_then(<[u8]>::first_chunk) {
            // Where bits below `count` were loaded before, the same bits come again, and OR leaves them as they are.
            self.bits |= u64::from_be_bytes(*bytes) >> self.count;
            self.at += (63 - self.count as usize) >> 3;
        } else {
            self.at += (63 - self.count as usize) >> 3;
        }
        self.count |= 56;
    }

    /// The next `n` bits, which stay in the reservoir; `n` is 1–32, and a refill was at most `56 - n` bits ago.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
    pub(crate) fn peek(&self, n: u32) -> u32 {
        (self.bits >> (64 - n)) as u32
    }

    /// The next bits, from the highest on, which stay in the reservoir. A refill is sure to have left 56.
    #[inline(always)]
    pub(crate) fn top(&self) -> u64 {
        self.bits
    }

    /// Consumes `n` bits, 0–56.
    #[inline(always)]
    pub(crate) fn skip(&mut self, n: u32) {
        self.bits <<= n;
        self.count = self.count.wrapping_sub(n);
    }

    /// The position in the window of the next bit.
    pub(crate) fn consumed_bits(&self) -> usize {
        self.at * 8 - (self.count as usize).min(self.at * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::{Random, SlowReader};

    /// Bytes of which a fifth is 0xFF.
    fn data(random: &mut Random, len: usize) -> Vec<u8> {
        random.bytes(len).into_iter().map(|b| if b % 5 == 0 { 0xFF } else { b }).collect()
    }

    fn stuffed(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|&b| if b == 0xFF { vec![0xFF, 0] } else { vec![b] }).collect()
    }

    #[test]
    fn bits_are_those_of_the_data_without_its_stuffing_across_windows() {
        let mut random = Random::new(3);
        for len in [0, 1, 7, 8, 100, WINDOW - MARGIN - 1, WINDOW - MARGIN, WINDOW - MARGIN + 1, 3 * WINDOW] {
            let plain = data(&mut random, len);
            let coded = [&stuffed(&plain)[..], &[0xFF, 0xD9]].concat();
            let mut segments = EntropySegments::new(&coded).unwrap();
            let (mut reader, mut slow) = (BitReader::default(), SlowReader::new(&plain));
            while slow.at < len * 8 {
                segments.prepare(&mut reader);
                for _ in 0..200 {
                    reader.refill(segments.window());
                    let (first, second) = (1 + random.below(28), 1 + random.below(28));
                    for n in [first, second] {
                        assert_eq!(reader.peek(n), slow.bits(n), "{len} bytes, bit {}", slow.at);
                        reader.skip(n);
                    }
                }
                assert_eq!(segments.is_overrun(&reader), slow.at > len * 8);
            }
            segments.prepare(&mut reader);
            assert!(segments.is_read(&reader) && segments.unread(&reader).is_empty());
            assert_eq!(segments.rest(), [0xFF, 0xD9]);
        }
    }

    #[test]
    fn a_refill_leaves_56_bits_or_more_whatever_was_taken() {
        let bytes: Vec<u8> = (0..64).collect();
        for taken in 0..=56 {
            let mut reader = BitReader::at_bit(0, &bytes);
            (0..taken).for_each(|_| reader.skip(1));
            reader.refill(&bytes);
            assert!((56..64).contains(&reader.count) && reader.consumed_bits() == taken as usize);
            for n in [32, 24] {
                let mut slow = SlowReader::new(&bytes);
                slow.at = reader.consumed_bits();
                assert_eq!(reader.peek(n), slow.bits(n));
                reader.skip(n);
            }
        }
    }

    #[test]
    fn zeros_follow_the_last_byte() {
        let mut segments = EntropySegments::new(&[0xAB, 0xFF, 0xFF, 0xD0]).unwrap();
        let mut reader = BitReader::default();
        segments.prepare(&mut reader);
        reader.refill(segments.window());
        assert_eq!(reader.peek(32), 0xAB00_0000);
        reader.skip(8);
        assert!(!segments.is_overrun(&reader) && segments.is_near_end(&reader));
        assert_eq!(segments.rest(), [0xFF, 0xD0], "a fill byte is no data");
        reader.skip(1);
        assert!(segments.is_overrun(&reader));
    }

    #[test]
    fn what_was_read_and_what_was_not_meet_in_a_byte() {
        let mut segments = EntropySegments::new(&[1, 2, 3, 4]).unwrap();
        let mut reader = BitReader::default();
        segments.prepare(&mut reader);
        reader.refill(segments.window());
        reader.skip(11);
        assert_eq!((segments.read(&reader), segments.unread(&reader)), (&[1, 2][..], &[3, 4][..]));
        assert_eq!(segments.bits_to_byte(&reader), 5);
        reader.skip(5);
        assert_eq!(segments.bits_to_byte(&reader), 0);
    }

    #[test]
    fn a_reader_can_start_at_any_bit() {
        let bytes = Random::new(9).bytes(64);
        for bit in 0..200 {
            let mut slow = SlowReader::new(&bytes);
            slow.at = bit;
            assert_eq!(BitReader::at_bit(bit, &bytes).peek(32), slow.bits(32));
        }
    }
}
