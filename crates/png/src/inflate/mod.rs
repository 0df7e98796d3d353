//! Inflates zlib streams (RFC 1950, RFC 1951) that come in pieces.
//!
//! [`Inflater::read`] takes a piece of the stream and a buffer that begins with what was inflated before. It goes on where
//! the piece before ended, within a symbol or a header as well. The Adler-32 is compared at the end of the stream.
//!
//! # What bounds the work
//!
//! A stream may be blocks that hold next to nothing, each with codes of its own. So making tables costs as much as the
//! header of the block is long: symbols are kept by runs, a main table is filled by copying what is there, and literals are
//! joined in pairs only once a block has been read for [`BYTES_BEFORE_PAIRS`]. Still 30 bytes of a header, which may give
//! 286 symbols a code, cost what some hundred bytes of symbols do. So of the blocks of a long stream only one for each
//! [`Inflater::BLOCK_BYTES`] may have codes of its own. Encoders begin a block after some thousand symbols, and where they
//! are flushed after a few, the fixed codes are shorter.

mod bits;
mod checksum;
mod code_lengths;
mod copy;
mod entries;
pub(crate) mod fault;
mod prefix_code;
pub(crate) mod symbols;
mod tables;
#[cfg(test)]
mod tests;

use image_ingest_samples::Avx2;

use self::bits::BitReservoir;
use self::checksum::Adler32;
use self::code_lengths::DynamicHeader;
use self::fault::InflateFault;
use self::symbols::{FastWork, Output, Stop, decode_careful};
use self::tables::BlockTables;
use crate::dispatch;

/// Inflates a zlib stream, a piece at a time.
///
/// ```
/// use image_ingest_png::Inflater;
///
/// // "abc" in one stored block.
/// let stream = [0x78, 0x01, 0x01, 3, 0, 0xFC, 0xFF, b'a', b'b', b'c', 0x02, 0x4D, 0x01, 0x27];
/// let (mut out, mut inflater) = ([0; 9], Inflater::new());
/// assert_eq!(inflater.read(&stream[..8], &mut out, 0), Ok((8, 1)));
/// assert_eq!(inflater.read(&stream[8..], &mut out, 1), Ok((6, 2)));
/// assert!(inflater.is_done() && out.starts_with(b"abc"));
/// ```
#[derive(Debug, Clone)]
pub struct Inflater {
    state: State,
    bits: BitReservoir,
    /// The block that is being read is the last one.
    is_last: bool,
    header: DynamicHeader,
    tables: BlockTables,
    /// How many blocks may have codes of their own, whatever their length.
    free_blocks: u64,
    /// How many blocks had codes of their own.
    coded_blocks: u64,
    /// Bytes of the stream up to the end of the piece that is being read.
    piece_end: u64,
    /// Bytes of the compressed block that were read for it.
    block_bytes: usize,
    /// Bytes left of a stored block.
    stored: usize,
    /// Distance and length of what is left of a copy.
    copy: Option<(usize, usize)>,
    checksum: Adler32,
    avx2: Option<Avx2>,
}

/// What comes next in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ZlibHeader,
    BlockHeader,
    LengthCodes,
    Lengths,
    Stored,
    Symbols,
    Checksum,
    Done,
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflater {
    /// Blocks with codes of their own that any stream may have, unless [`with_free_blocks`](Self::with_free_blocks) says
    /// otherwise.
    pub const FREE_BLOCKS: u64 = 4096;
    /// For each so many bytes of the stream one more block may have codes of its own.
    pub const BLOCK_BYTES: u64 = 64;

    /// Prepares to read a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Avx2::find())
    }

    /// The same, with so many blocks in place of [`FREE_BLOCKS`](Self::FREE_BLOCKS).
    ///
    /// ```
    /// use image_ingest_png::{InflateFault, Inflater};
    ///
    /// // The head of a block with codes of its own.
    /// let (stream, mut out) = ([0x78, 0x01, 0b101, 0, 0], [0; 1]);
    /// assert_eq!(Inflater::new().with_free_blocks(0).read(&stream, &mut out, 0), Err(InflateFault::Blocks));
    /// assert!(Inflater::new().read(&stream, &mut out, 0).is_ok());
    /// ```
    #[must_use]
    pub fn with_free_blocks(self, free_blocks: u64) -> Self {
        Self { free_blocks, ..self }
    }

    fn with(avx2: Option<Avx2>) -> Self {
        Self {
            state: State::ZlibHeader,
            bits: BitReservoir::default(),
            is_last: false,
            header: DynamicHeader::new(),
            tables: BlockTables::new(),
            free_blocks: Self::FREE_BLOCKS,
            coded_blocks: 0,
            piece_end: 0,
            block_bytes: 0,
            stored: 0,
            copy: None,
            checksum: Adler32::new(avx2),
            avx2,
        }
    }

    /// Whether the stream has ended, and its Adler-32 was right.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Inflates `input`, the next piece of the stream, to `out` from `filled` on. Before that, `out` must hold the last
    /// 32 768 bytes that came, or all of them where there are fewer. Behind what comes, bytes may be overwritten.
    ///
    /// Returns how many bytes of `input` were read and how many came. Where the stream has not ended, either all input
    /// was read or `out` is full. An end of input within the stream is for the caller to judge.
    ///
    /// # Errors
    ///
    /// [`InflateFault`]. What came before is lost.
    ///
    /// # Panics
    ///
    /// Where `filled` is beyond the end of `out`, or `out` does not hold what it must.
    pub fn read(&mut self, input: &[u8], out: &mut [u8], filled: usize) -> Result<(usize, usize), InflateFault> {
        let mut rest = input;
        let begin = self.piece_end;
        self.piece_end += input.len() as u64;
        let mut output = Output { bytes: out, filled };
        let mut summed = filled;
        if self.state != State::Done && self.finish_copy(&mut output) {
            let mut before = None;
            while before != Some(self.state) && self.state != State::Done {
                before = Some(self.state);
                if self.state == State::Checksum {
                    self.checksum.add(&output.bytes[summed..output.filled]);
                    summed = output.filled;
                }
                self.step(&mut rest, &mut output)?;
            }
        }
        self.checksum.add(&output.bytes[summed..output.filled]);
        let taken = input.len() - rest.len();
        self.piece_end = begin + taken as u64;
        Ok((taken, output.filled - filled))
    }

    /// Goes on with a copy for which there was no room; says whether it has ended.
    fn finish_copy(&mut self, output: &mut Output<'_>) -> bool {
        if let Some((distance, len)) = self.copy.take() {
            let left = output.copy(distance, len);
            self.copy = (left > 0).then_some((distance, left));
        }
        self.copy.is_none()
    }

    /// Reads what comes next, as far as there is input and room. The state changes once it is there whole.
    fn step(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<(), InflateFault> {
        match self.state {
            State::ZlibHeader => self.zlib_header(input),
            State::BlockHeader => self.block_header(input),
            State::LengthCodes => {
                if self.header.read_length_codes(&mut self.bits, input)? {
                    self.state = State::Lengths;
                }
                Ok(())
            }
            State::Lengths => {
                if self.header.read_lengths(&mut self.bits, input)? {
                    let (literals, distances) = (&self.header.literals, &self.header.distances);
                    self.tables.set(literals, distances).ok_or(InflateFault::Stream)?;
                    self.begin_symbols();
                }
                Ok(())
            }
            State::Stored => {
                self.stored(input, output);
                Ok(())
            }
            State::Symbols => self.symbols(input, output),
            State::Checksum => self.compare_checksum(input),
            State::Done => Ok(()),
        }
    }

    /// RFC 1950 § 2.2.
    fn zlib_header(&mut self, input: &mut &[u8]) -> Result<(), InflateFault> {
        self.bits.refill(input);
        if self.bits.count() < 16 {
            return Ok(());
        }
        let (method, flags) = (self.bits.take(8), self.bits.take(8));
        let has_dictionary = flags & 0x20 != 0;
        if method & 15 != 8 || method >> 4 > 7 || has_dictionary || !(method << 8 | flags).is_multiple_of(31) {
            return Err(InflateFault::Header);
        }
        self.state = State::BlockHeader;
        Ok(())
    }

    /// RFC 1951 § 3.2.3. A block of the shortest kind, with the fixed codes, has ten bits.
    fn block_header(&mut self, input: &mut &[u8]) -> Result<(), InflateFault> {
        self.bits.refill(input);
        let count = self.bits.count();
        if count < 10 {
            return Ok(());
        }
        let mut bits = self.bits;
        let (is_last, kind) = (bits.take(1) == 1, bits.take(2));
        match kind {
            0 => {
                // Up to the next byte of the stream, then the length and its complement (§ 3.2.4).
                let padding = (count - 3) % 8;
                if count < 3 + padding + 32 {
                    return Ok(());
                }
                bits.drop_bits(padding);
                let (len, complement) = (bits.take(16), bits.take(16));
                if len ^ complement != 0xFFFF {
                    return Err(InflateFault::Stream);
                }
                (self.stored, self.state) = (len as usize, State::Stored);
            }
            1 => {
                self.tables.fix();
                self.begin_symbols();
            }
            2 => {
                if count < 17 {
                    return Ok(());
                }
                // Bits that are held were read and not used.
                let stream_bits = 8 * (self.piece_end - input.len() as u64) - u64::from(count);
                self.coded_blocks += 1;
                if self.coded_blocks > self.free_blocks + stream_bits / (8 * Self::BLOCK_BYTES) {
                    return Err(InflateFault::Blocks);
                }
                self.header.begin(&mut bits)?;
                self.state = State::LengthCodes;
            }
            _ => return Err(InflateFault::Stream),
        }
        (self.bits, self.is_last) = (bits, is_last);
        Ok(())
    }

    fn begin_symbols(&mut self) {
        (self.state, self.block_bytes) = (State::Symbols, 0);
    }

    fn end_block(&mut self) {
        self.state = if self.is_last { State::Checksum } else { State::BlockHeader };
    }

    fn stored(&mut self, input: &mut &[u8], output: &mut Output<'_>) {
        while self.bits.count() > 0 && self.stored > 0 && output.room() > 0 {
            output.bytes[output.filled] = self.bits.take(8).to_le_bytes()[0];
            output.filled += 1;
            self.stored -= 1;
        }
        if self.bits.count() == 0 {
            self.bits.forget_uncounted();
            let count = self.stored.min(input.len()).min(output.room());
            let (bytes, rest) = input.split_at(count);
            output.bytes[output.filled..][..count].copy_from_slice(bytes);
            output.filled += count;
            self.stored -= count;
            *input = rest;
        }
        if self.stored == 0 {
            self.end_block();
        }
    }

    fn symbols(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<(), InflateFault> {
        let mut stop = Stop::Short;
        if !self.tables.has_pairs() {
            // The reservoir takes 8 bytes more than are used.
            let (first, behind) = input.split_at(input.len().min(BYTES_BEFORE_PAIRS));
            let mut rest = first;
            stop = self.fast(&mut rest, output)?;
            self.block_bytes += first.len() - rest.len();
            *input = &input[input.len() - rest.len() - behind.len()..];
            if stop == Stop::Short && self.block_bytes >= BYTES_BEFORE_PAIRS / 2 {
                self.tables.join_pairs();
            }
        }
        if stop == Stop::Short && self.tables.has_pairs() {
            stop = self.fast(input, output)?;
        }
        if stop == Stop::Short {
            stop = decode_careful(&self.tables, &mut self.bits, input, output)?;
        }
        match stop {
            Stop::BlockEnd => self.end_block(),
            Stop::Short => {}
            Stop::WithinCopy(distance, left) => self.copy = Some((distance, left)),
        }
        Ok(())
    }

    fn fast(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Stop, InflateFault> {
        dispatch::decode_fast(FastWork { tables: &self.tables, bits: &mut self.bits, input, output }, self.avx2)
    }

    /// RFC 1950 § 2.2: the Adler-32 begins with the next byte, its highest byte first.
    fn compare_checksum(&mut self, input: &mut &[u8]) -> Result<(), InflateFault> {
        self.bits.refill(input);
        let padding = self.bits.count() % 8;
        if self.bits.count() >= 32 + padding {
            self.bits.drop_bits(padding);
            if self.bits.take(32).swap_bytes() != self.checksum.value() {
                return Err(InflateFault::Checksum);
            }
            self.state = State::Done;
        }
        Ok(())
    }
}

/// The input of a block after which its literals are joined in pairs: joining takes as long as some hundred bytes.
const BYTES_BEFORE_PAIRS: usize = 512;
