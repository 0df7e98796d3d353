//! Inflates a PNG's image data as it is asked for.
//!
//! One buffer holds the last [`WINDOW`] bytes that were inflated, which deflate may still refer back to, then what is
//! inflated and not taken yet. [`ImageInflater::at_least`] fills the buffer when too little is left: it moves the
//! window to the front, and inflates until the buffer is nearly full or every byte that the rows need has come. The
//! buffer has [`STRIDE`] bytes of room beyond the window and the largest request, so a move of 32 KiB is paid once for
//! about 128 KiB.
//!
//! The CRC of each chunk is checked before its data is used. The Adler-32 is checked once the last row is there, in
//! whichever chunk it is: [`ImageInflater::finish`] inflates on, and at the end of the stream the decompressor has
//! compared it. Chunks behind the Adler-32 are not looked at. Where the stream goes on with data that no row asked for,
//! that data is not inflated, so the Adler-32 behind it is not reached: the CRCs have vouched for the rows.

use fdeflate::{DecompressionError, Decompressor};

use image_ingest_samples::{DecodeError, zeroed};

use crate::chunks::{Chunk, Chunks};
use crate::result::Result;

/// Where the image data is stored: in the first `IDAT` and those directly after it.
#[derive(Debug, Clone)]
pub(crate) struct ImageData<'a> {
    pub(crate) first: Chunk<'a>,
    /// All chunks after the first `IDAT`, whatever they are.
    pub(crate) rest: Chunks<'a>,
}

/// Inflates the zlib stream that consecutive `IDAT` chunks hold.
pub(crate) struct ImageInflater<'a> {
    chunks: Chunks<'a>,
    /// What is left of the current chunk.
    input: &'a [u8],
    /// The chunk after the last `IDAT` was met, or the end of the file.
    ended: bool,
    zlib: Box<Decompressor>,
    buffer: Vec<u8>,
    /// Bytes at the front of `buffer` that the rows have taken; never above `filled`.
    taken: usize,
    /// Bytes at the front of `buffer` that were inflated; never above its length.
    filled: usize,
    /// Bytes that the rows need and that are not inflated yet.
    left: u64,
}

impl<'a> ImageInflater<'a> {
    /// Prepares to inflate the `total` bytes that the rows need; at most `most` are asked for at a time.
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

    /// The bytes that are inflated and not taken yet, `least` of them or more.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn at_least(&mut self, least: usize) -> Result<&[u8]> {
        if self.filled - self.taken < least {
            self.move_window();
            while self.left > 0 && (self.filled - self.taken < least || self.room() > STRIDE / 2) {
                if self.step(self.left)? == 0 && (self.ended || self.zlib.is_done()) {
                    return Err(short());
                }
            }
        }
        self.buffer.get(self.taken..self.filled).filter(|bytes| bytes.len() >= least).ok_or_else(short)
    }

    /// Marks `bytes` of what [`at_least`](Self::at_least) gave as taken.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.filled);
    }

    /// Ends the picture: the Adler-32 must be there and right, unless there is more data than the rows need.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.move_window();
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

    /// Moves what is kept to the front of the buffer: the bytes not taken, and at least the window before the next one
    /// (RFC 1951 § 2: 32 768 bytes).
    fn move_window(&mut self) {
        let dropped = self.taken.min(self.filled.saturating_sub(WINDOW));
        self.buffer.copy_within(dropped..self.filled, 0);
        self.taken -= dropped;
        self.filled -= dropped;
    }

    /// Inflates until the chunk or the room ends, or `most` bytes have come. Returns how many bytes came.
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

    /// Goes to the next `IDAT` of the sequence. Once that has ended the input stays empty, and a further step gives
    /// what the decompressor still holds.
    fn next_chunk(&mut self) -> Result<()> {
        match self.chunks.next() {
            Some(Ok(chunk)) if !self.ended && chunk.name == *b"IDAT" => self.input = checked(chunk)?,
            _ => self.ended = true,
        }
        Ok(())
    }
}

/// The data of a chunk whose CRC holds.
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

/// How far deflate refers back, in bytes.
const WINDOW: usize = 32 * 1024;

/// Room beyond the window and the largest request, in bytes: enough to make moving the window cheap, little enough for
/// the cache.
const STRIDE: usize = 128 * 1024;
