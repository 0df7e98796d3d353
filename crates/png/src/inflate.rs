//! Inflates a PNG's image data as it is asked for.
//!
//! The CRC of each chunk is checked before its data is used, and the Adler-32 once the last row is there, in whichever chunk
//! it is. Chunks behind the Adler-32 are not looked at. Where the stream goes on with data that no row asked for, that data
//! is not inflated, and so the Adler-32 behind it not reached: the CRCs have vouched for the rows.

use fdeflate::{DecompressionError, Decompressor};

use image_ingest_samples::{DecodeError, zeroed};

use crate::chunks::{Chunk, Chunks};
use crate::result::Result;

/// The first `IDAT`, and all chunks after it.
#[derive(Debug, Clone)]
pub struct ImageData<'a> {
    /// The first `IDAT`.
    pub first: Chunk<'a>,
    /// All chunks after it.
    pub rest: Chunks<'a>,
}

/// The image data of consecutive `IDAT` chunks.
pub(crate) struct Inflate<'a> {
    chunks: Chunks<'a>,
    /// What is left of the current chunk.
    input: &'a [u8],
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
    /// `malformed`, `out_of_memory`.
    pub(crate) fn new(data: ImageData<'a>, total: u64, most: usize) -> Result<Self> {
        let room = most.checked_add(WINDOW + STRIDE).ok_or(DecodeError::out_of_memory(u64::MAX))?;
        Ok(Self {
            chunks: data.rest,
            input: checked(data.first)?,
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
    pub(crate) fn at_least(&mut self, least: usize) -> Result<&[u8]> {
        if self.filled - self.taken < least {
            self.shift();
            while self.left > 0 && (self.filled - self.taken < least || self.room() > STRIDE / 2) {
                if self.step(self.left)? == 0 && (self.ended || self.zlib.is_done()) {
                    return Err(short());
                }
            }
        }
        self.buffer.get(self.taken..self.filled).filter(|bytes| bytes.len() >= least).ok_or_else(short)
    }

    pub(crate) fn take(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.filled);
    }

    /// Ends the picture: its checksum must be there and right, or more data than the picture needs.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.shift();
        while !self.zlib.is_done() {
            if self.step(u64::MAX)? > 0 {
                return Ok(());
            }
            if self.ended && !self.zlib.is_done() {
                return Err(DecodeError::truncated("the image data ends before its checksum"));
            }
        }
        Ok(())
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

    /// Inflates until the chunk, the room or `most` bytes end. Returns how many bytes that gave.
    fn step(&mut self, most: u64) -> Result<usize> {
        if self.input.is_empty() {
            self.next_chunk()?;
        }
        let limit = usize::try_from(most).unwrap_or(usize::MAX).min(self.room());
        let out = &mut self.buffer[..self.filled + limit];
        let (consumed, produced) = self.zlib.read(self.input, out, self.filled, false).map_err(refusal)?;
        self.input = self.input.get(consumed..).unwrap_or_default();
        self.filled += produced;
        self.left = self.left.saturating_sub(produced as u64);
        Ok(produced)
    }

    /// The next chunk of the sequence; nothing more once it has ended, when a last read drains the decompressor.
    fn next_chunk(&mut self) -> Result<()> {
        match self.chunks.next() {
            Some(Ok(chunk)) if !self.ended && chunk.name == *b"IDAT" => self.input = checked(chunk)?,
            _ => self.ended = true,
        }
        Ok(())
    }
}

fn checked<'a>(chunk: Chunk<'a>) -> Result<&'a [u8]> {
    if chunk.crc_holds() {
        Ok(chunk.data)
    } else {
        Err(DecodeError::malformed("the image data does not have its checksum (CRC)"))
    }
}

fn refusal(error: DecompressionError) -> DecodeError {
    DecodeError::malformed(match error {
        DecompressionError::BadZlibHeader => "the image data is no zlib stream",
        DecompressionError::WrongChecksum => "the image data does not have its checksum (Adler-32)",
        DecompressionError::DistanceTooFarBack | DecompressionError::InputStartsWithRun => {
            "the image data refers to bytes before its beginning"
        }
        _ => "the image data is no valid deflate stream",
    })
}

fn short() -> DecodeError {
    DecodeError::truncated("image data ends before the last row")
}

/// How far deflate refers back.
const WINDOW: usize = 32 * 1024;

/// What is inflated at a time, beside what is asked for: enough to make shifting cheap, little enough for the cache.
const STRIDE: usize = 128 * 1024;
