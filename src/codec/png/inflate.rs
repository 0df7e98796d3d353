//! Inflates a PNG's image data as it is asked for, with the verdicts of the `png` crate.
//!
//! The CRC of a chunk is checked when its last byte has been taken, the Adler-32 where the chunk that ends the picture holds
//! it too; data past the last row is stepped over.

use fdeflate::{DecompressionError, Decompressor};

use super::chunks::Chunks;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::pixels::zeroed;

/// The image data between the first `IDAT` and the critical chunk that ends their sequence.
pub(super) struct Inflate<'a> {
    chunks: Chunks<'a>,
    /// What is left of the current chunk.
    input: &'a [u8],
    crc_holds: bool,
    ended: bool,
    zlib: Box<Decompressor>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were taken.
    taken: usize,
    filled: usize,
    /// Bytes of the picture that are not in the buffer yet.
    left: u64,
}

impl<'a> Inflate<'a> {
    /// For `total` bytes, asked for at most `most` at a time.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`.
    pub(super) fn new(bytes: &'a [u8], total: u64, most: usize) -> Result<Self> {
        let mut chunks = Chunks::new(bytes)?;
        let first = chunks.by_ref().find_map(|chunk| chunk.ok().filter(|c| c.name == *b"IDAT"));
        let first = first.ok_or_else(short)?;
        let room = most.checked_add(WINDOW + STRIDE).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        Ok(Self {
            chunks,
            input: first.data,
            crc_holds: first.crc_holds(),
            ended: false,
            zlib: Box::new(Decompressor::new()),
            buffer: zeroed(room)?,
            taken: 0,
            filled: 0,
            left: total,
        })
    }

    /// Whatever is inflated and not taken yet: `least` bytes or more.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(super) fn at_least(&mut self, least: usize) -> Result<&[u8]> {
        if self.filled - self.taken < least {
            self.shift();
            while self.left > 0 && (self.filled - self.taken < least || self.room() > STRIDE / 2) {
                self.step()?;
            }
        }
        self.buffer.get(self.taken..self.filled).filter(|bytes| bytes.len() >= least).ok_or_else(short)
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.filled);
    }

    fn room(&self) -> usize {
        self.buffer.len() - self.filled
    }

    /// Keeps what is not taken, and what the data may refer back to (RFC 1951 § 2: 32 768 bytes).
    fn shift(&mut self) {
        let needless = self.taken.min(self.filled.saturating_sub(WINDOW));
        self.buffer.copy_within(needless..self.filled, 0);
        self.taken -= needless;
        self.filled -= needless;
    }

    /// Inflates until the chunk or the room ends.
    fn step(&mut self) -> Result<()> {
        if self.input.is_empty() || self.zlib.is_done() {
            self.next_chunk()?;
        }
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.room());
        let out = &mut self.buffer[..self.filled + limit];
        let (consumed, produced) = self.zlib.read(self.input, out, self.filled, false).map_err(refusal)?;
        self.input = self.input.get(consumed..).unwrap_or_default();
        self.filled += produced;
        self.left = self.left.saturating_sub(produced as u64);
        if self.ended && produced == 0 { Err(short()) } else { Ok(()) }
    }

    /// The next chunk of the sequence; nothing more once it has ended, when a last read drains the decompressor.
    fn next_chunk(&mut self) -> Result<()> {
        if !self.crc_holds {
            return Err(Error::malformed(Format::Png, "image data with a wrong checksum"));
        }
        self.input = &[];
        let next = self.chunks.by_ref().find_map(|chunk| match chunk {
            Ok(chunk) if !chunk.is_critical() => None,
            other => other.ok(),
        });
        match next.filter(|chunk| !self.ended && chunk.name == *b"IDAT") {
            Some(chunk) => {
                self.input = chunk.data;
                self.crc_holds = chunk.crc_holds();
            }
            None => self.ended = true,
        }
        Ok(())
    }
}

fn refusal(error: DecompressionError) -> Error {
    Error::malformed_by(Format::Png, "image data", format!("{error:?}"))
}

fn short() -> Error {
    Error::truncated(Format::Png, "image data ends before the last row")
}

/// How far deflate refers back.
const WINDOW: usize = 32 * 1024;

/// What is inflated at a time, beside what is asked for: enough to make shifting cheap, little enough for the cache.
const STRIDE: usize = 128 * 1024;
