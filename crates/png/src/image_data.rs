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

use image_ingest_samples::{CpuTimer, DecodeError, zeroed};

use crate::chunks::{Chunk, Chunks};
use crate::inflate::Inflater;
use crate::inflate::fault::InflateFault;
use crate::result::Result;
use crate::zlib::{inflate_some, too_many_blocks};

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
    zlib: Box<Inflater>,
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
    /// `malformed`, `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(data: ImageData<'a>, total: u64, most: usize, timer: &CpuTimer<'_>) -> Result<Self> {
        let room = most.checked_add(WINDOW + STRIDE).ok_or(DecodeError::out_of_memory(u64::MAX))?;
        Ok(Self {
            chunks: data.rest,
            input: checked(data.first, timer)?,
            ended: false,
            zlib: Box::new(Inflater::new()),
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
    /// `malformed`, `truncated`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(crate) fn at_least(&mut self, least: usize, timer: &CpuTimer<'_>) -> Result<&[u8]> {
        if self.filled - self.taken < least {
            self.move_window();
            while self.left > 0 && (self.filled - self.taken < least || self.room() > STRIDE / 2) {
                if self.step(self.left, timer)? == 0 && (self.ended || self.zlib.is_done()) {
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
    /// `malformed`, `truncated`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(crate) fn finish(mut self, timer: &CpuTimer<'_>) -> Result<()> {
        self.move_window();
        while !self.zlib.is_done() {
            if self.step(u64::MAX, timer)? > 0 {
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

    /// Inflates until a piece of the chunk or the room ends, or `most` bytes have come. Returns how many bytes came.
    fn step(&mut self, most: u64, timer: &CpuTimer<'_>) -> Result<usize> {
        if self.input.is_empty() {
            self.next_chunk(timer)?;
        }
        let limit = usize::try_from(most).unwrap_or(usize::MAX).min(self.room());
        let out = &mut self.buffer[..self.filled + limit];
        let (consumed, produced) = inflate_some(&mut self.zlib, &mut self.input, out, self.filled).map_err(refusal)?;
        self.filled += produced;
        self.left = self.left.saturating_sub(produced as u64);
        // A file may have a million chunks without data.
        if consumed + produced > 0 {
            timer.check()?
        } else {
            timer.step()?
        }
        Ok(produced)
    }

    /// Goes to the next `IDAT` of the sequence. Once that has ended the input stays empty, and a further step gives
    /// what the decompressor still holds.
    fn next_chunk(&mut self, timer: &CpuTimer<'_>) -> Result<()> {
        match self.chunks.next() {
            Some(Ok(chunk)) if !self.ended && chunk.name == *b"IDAT" => self.input = checked(chunk, timer)?,
            _ => self.ended = true,
        }
        Ok(())
    }
}

/// The data of a chunk whose CRC holds.
fn checked<'a>(chunk: Chunk<'a>, timer: &CpuTimer<'_>) -> Result<&'a [u8]> {
    if chunk.crc_holds(timer)? {
        Ok(chunk.data)
    } else {
        Err(DecodeError::malformed("the image data does not have its checksum (CRC)"))
    }
}

fn refusal(fault: InflateFault) -> DecodeError {
    DecodeError::malformed(match fault {
        InflateFault::Blocks => return too_many_blocks(Inflater::FREE_BLOCKS),
        InflateFault::Header => "the image data is no zlib stream",
        InflateFault::Checksum => "the image data does not have its checksum (Adler-32)",
        InflateFault::Distance => "the image data refers to bytes before its beginning",
        InflateFault::Stream => "the image data is no valid deflate stream",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::{SIGNATURE, chunk};

    /// The zlib stream of "abcdef" in one stored block (RFC 1950 § 2.2, RFC 1951 § 3.2.4), written by hand.
    const ABCDEF: [u8; 17] = *b"\x78\x01\x01\x06\0\xF9\xFFabcdef\x08\x1E\x02\x56";

    fn file(parts: &[&[u8]]) -> Vec<u8> {
        let chunks: Vec<u8> = parts.iter().flat_map(|part| chunk(b"IDAT", part)).collect();
        [&SIGNATURE, &chunks[..]].concat()
    }

    /// Inflates `total` bytes of a file of `IDAT` chunks, `most` at a time, and ends the picture.
    fn inflated(file: &[u8], total: usize, most: usize) -> Result<Vec<u8>> {
        let mut rest = Chunks::new(file)?;
        let first = rest.next().expect("a chunk")?;
        let mut inflate = ImageInflater::new(ImageData { first, rest }, total as u64, most, &CpuTimer::default())?;
        let mut out = Vec::new();
        while out.len() < total {
            let len = most.min(total - out.len());
            out.extend_from_slice(&inflate.at_least(len, &CpuTimer::default())?[..len]);
            inflate.take(len);
        }
        inflate.finish(&CpuTimer::default())?;
        Ok(out)
    }

    #[test]
    fn bytes_come_however_the_stream_is_cut_and_asked_for() {
        for at in 0..ABCDEF.len() {
            let (first, second) = ABCDEF.split_at(at);
            for most in 1..=6 {
                let out = inflated(&file(&[first, b"", second]), 6, most).unwrap();
                assert_eq!(out, b"abcdef", "cut at {at}, {most} at a time");
            }
        }
    }

    #[test]
    fn the_adler_32_must_be_there_and_right_behind_the_last_byte_that_the_rows_need() {
        for at in 13..17 {
            assert!(
                matches!(inflated(&file(&[&ABCDEF[..at]]), 6, 6), Err(DecodeError::Truncated { .. })),
                "cut at {at}"
            );
            let mut wrong = ABCDEF;
            wrong[at] ^= 1;
            assert!(matches!(inflated(&file(&[&wrong]), 6, 6), Err(DecodeError::Malformed { .. })), "changed at {at}");
        }
        assert!(matches!(inflated(&file(&[&ABCDEF[..12]]), 6, 6), Err(DecodeError::Truncated { .. })));
        assert!(matches!(inflated(&file(&[&ABCDEF]), 7, 7), Err(DecodeError::Truncated { .. })));
    }

    #[test]
    fn the_adler_32_is_not_reached_where_the_stream_goes_on_beyond_the_rows() {
        // More surplus than the buffer has room for.
        let bytes: Vec<u8> = (0..WINDOW + 3 * STRIDE).map(|at| (at / 3).to_le_bytes()[0]).collect();
        let mut stream = fdeflate::compress_to_vec(&bytes);
        *stream.last_mut().unwrap() ^= 1;
        assert_eq!(inflated(&file(&[&stream]), 6, 6).unwrap(), bytes[..6]);
    }

    /// A zlib stream of `first`, [`WINDOW`] bytes, in a stored block, and of `count` copies of 258 bytes from as far
    /// back as deflate reaches, in a block of fixed Huffman codes (RFC 1951 § 3.2.5 and 3.2.6).
    fn far_copies(first: &[u8], count: usize, out: &[u8]) -> Vec<u8> {
        // The final block's header, then length 258 (code 285), distance 24 577 + 8191 (code 29 and 13 bits), then the
        // end.
        let copy = "11000101".to_owned() + "11101" + "1111111111111";
        let bits: Vec<u8> = format!("110{}0000000", copy.repeat(count)).into_bytes();
        let byte = |bits: &[u8]| bits.iter().enumerate().map(|(at, bit)| (bit - b'0') << at).sum();
        let (a, b) = out.iter().fold((1_u32, 0), |(a, b), &byte| {
            let a = (a + u32::from(byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        let coded: Vec<u8> = bits.chunks(8).map(byte).collect();
        [b"\x78\x01\x00\x00\x80\xFF\x7F", first, &coded, &(b << 16 | a).to_be_bytes()].concat()
    }

    #[test]
    fn the_window_keeps_as_much_as_deflate_refers_back_to() {
        let first: Vec<u8> = (0..WINDOW).map(|at| (at * at / 7 + at / 256).to_le_bytes()[0]).collect();
        let count = 2000;
        let bytes: Vec<u8> = first.iter().copied().cycle().take(WINDOW + 258 * count).collect();
        let stream = far_copies(&first, count, &bytes);
        for most in [1000, 40_000, 200_000] {
            assert!(inflated(&file(&[&stream]), bytes.len(), most).unwrap() == bytes, "{most} at a time");
        }
    }

    #[test]
    fn no_chunk_is_used_whose_crc_does_not_hold() {
        let mut bytes = file(&[&ABCDEF[..9], &ABCDEF[9..]]);
        *bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(inflated(&bytes, 6, 6), Err(DecodeError::Malformed { .. })));
        // Behind the Adler-32 no chunk is looked at.
        let mut bytes = file(&[&ABCDEF, b"surplus"]);
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(inflated(&bytes, 6, 6).unwrap(), b"abcdef");
    }
}
