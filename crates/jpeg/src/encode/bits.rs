//! Writes the codes of blocks (ITU-T T.81 § F.1.2), first without a thought of markers, then with a zero after each byte
//! FF (§ F.1.2.3): looking for those in a second pass costs less than a question after every code.

use image_ingest_samples::{WorkError, joined, reserve_exact};
use memchr::memchr_iter;

use crate::encode::blocks::QuantisedPair;
use crate::encode::codes::{AcCodes, CoefficientCode, DcCodes, Joined};
use crate::zigzag::ZIGZAG;

/// The entropy-coded data of the latest MCUs of a scan, and the bits that fill no byte yet.
pub(crate) struct BitWriter {
    /// Without the zeros after bytes FF.
    unstuffed: Box<[u8; UNSTUFFED_BYTES]>,
    /// Whole bytes in it.
    at: usize,
    pending: Pending,
}

/// The most bytes that a block takes. A DC difference has at most 22 bits, and each of 63 AC coefficients at most
/// 16 + 10; sixteen zeros take at most 11 bits, less than as many coefficients. With 7 bits from before that is less
/// than 8 · 209 bits.
pub(crate) const MAX_BLOCK_BYTES: usize = 209;

/// Room for a block, and for what [`Pending::put`] writes beyond its last whole byte.
const WINDOW_BYTES: usize = 256 + 8;

/// Room for the blocks of 32 MCUs, six each, and a window.
const UNSTUFFED_BYTES: usize = 32 * 6 * MAX_BLOCK_BYTES + WINDOW_BYTES;

impl BitWriter {
    pub(crate) fn new() -> Self {
        Self { unstuffed: Box::new([0; UNSTUFFED_BYTES]), at: 0, pending: Pending { bits: 0, len: 0 } }
    }

    /// Whether `blocks` more have room before the bytes must be taken by [`Self::stuff`].
    pub(crate) fn has_room(&self, blocks: usize) -> bool {
        self.at + blocks * MAX_BLOCK_BYTES + WINDOW_BYTES <= UNSTUFFED_BYTES
    }

    /// Codes a block: `code`, which is that of its DC coefficient, then the others.
    ///
    /// `place` says where in the pair's bytes the coefficient `k` of the zigzag order is.
    ///
    /// In the loop, `left` has a bit for each coefficient that is not 0 and not yet coded. A round takes two of them, so
    /// that a store writes both. The second may be one too many: its index is 64, where a zero is, which has no bits.
    #[inline(always)]
    pub(crate) fn put_block(
        &mut self,
        (pair, block): (&QuantisedPair, usize),
        code: Joined,
        ac: &AcCodes,
        place: impl Fn(usize) -> usize,
    ) {
        let mut code = code;
        let Some(mut writer) = self.writer() else {
            return;
        };
        let mut left = pair.nonzero[block] & !1;
        let is_whole = left >> 63 != 0;
        let mut previous = 0;
        while left != 0 {
            for is_first in [true, false] {
                let k = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                let run = k - previous - 1;
                previous = k;
                match ac.entry(run, pair.bytes[block][place(k)]) {
                    CoefficientCode::Code(next) => code.append(next),
                    CoefficientCode::Long => {
                        let (zeros, next) = ac.long(run, pair.coefficient(block, ZIGZAG[k & 63].into()));
                        writer.put(code);
                        writer.put(zeros);
                        code = Joined::of(next);
                    }
                }
                if is_first {
                    writer.put(code);
                    code = Joined::NONE;
                }
            }
        }
        if !is_whole {
            code.append(ac.end_of_block());
        }
        writer.put(code);
        let WindowWriter { at, pending, .. } = writer;
        (self.pending, self.at) = (pending, self.at + at);
    }

    /// Codes a block whose DC coefficient is the one before, and whose others are 0.
    #[inline(always)]
    pub(crate) fn put_flat(&mut self, (dc, ac): (&DcCodes, &AcCodes)) {
        let mut code = Joined::of(dc.difference(0));
        code.append(ac.end_of_block());
        self.put(code);
    }

    /// Fills the last byte with ones (§ F.1.2.3).
    pub(crate) fn fill_byte(&mut self) {
        let len = (8 - self.pending.len) % 8;
        self.put(Joined { bits: (1 << len) - 1, len });
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, code: Joined) {
        if let Some(mut writer) = self.writer() {
            writer.put(code);
            let WindowWriter { at, pending, .. } = writer;
            (self.pending, self.at) = (pending, self.at + at);
        }
    }

    /// A writer of the next block. It is a copy, which the compiler keeps in registers.
    #[inline(always)]
    fn writer(&mut self) -> Option<WindowWriter<'_>> {
        let window = self.unstuffed.get_mut(self.at..)?.first_chunk_mut()?;
        Some(WindowWriter { window, at: 0, pending: self.pending })
    }

    /// Bits that were written since bytes were last taken.
    pub(crate) fn position(&self) -> usize {
        8 * self.at + self.pending.len as usize
    }

    /// Goes on at the next whole byte. The bits before it are zeros.
    pub(crate) fn align(&mut self) {
        // The byte that is not whole has been written, with zeros below its bits.
        self.at += usize::from(self.pending.len > 0);
        self.pending = Pending { bits: 0, len: 0 };
    }

    /// Takes the whole bytes, without zeros after FF. Some more bytes follow them, so that [`Self::append`] can read words.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`].
    pub(crate) fn take(&mut self) -> Result<Vec<u8>, WorkError> {
        let bytes = joined(&[&self.unstuffed[..self.at], &[0; 8]])?;
        self.at = 0;
        Ok(bytes)
    }

    /// Writes `code`, which has at most 25 bits, and the first `len` bits of what [`Self::take`] gave.
    #[inline(always)]
    pub(crate) fn append(&mut self, code: Joined, bytes: &[u8], len: u32) {
        // The first bits of a word. Where there are none, the shift by 64 is one by 0, of zeros.
        let first = |at: usize, len: u32| {
            let word = bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u64::from_be_bytes(*word));
            word.wrapping_shr(64 - len) & ((1 << len) - 1)
        };
        let (mut at, mut taken) = (4, len.min(32));
        self.put(Joined { bits: code.bits << taken | first(0, taken), len: code.len + taken });
        while taken < len {
            let next = (len - taken).min(56);
            self.put(Joined { bits: first(at, next), len: next });
            (at, taken) = (at + 7, taken + next);
        }
    }

    /// Moves the whole bytes to the end of `out`, with a zero after each FF.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`].
    pub(crate) fn stuff(&mut self, out: &mut Vec<u8>) -> Result<(), WorkError> {
        let bytes = &self.unstuffed[..self.at];
        make_room(out, 2 * bytes.len())?;
        let mut start = 0;
        for at in memchr_iter(0xFF, bytes) {
            out.extend_from_slice(&bytes[start..=at]);
            out.push(0);
            start = at + 1;
        }
        out.extend_from_slice(&bytes[start..]);
        self.at = 0;
        Ok(())
    }
}

/// Makes room for `more` bytes. A vector that is full grows by half, so it holds at most one and a half times its bytes,
/// and two and a half times while it moves.
fn make_room(out: &mut Vec<u8>, more: usize) -> Result<(), WorkError> {
    let free = out.capacity() - out.len();
    if more <= free { Ok(()) } else { reserve_exact(out, more.max(out.len() / 2)) }
}

/// Writes the bits of one block.
struct WindowWriter<'w> {
    window: &'w mut [u8; WINDOW_BYTES],
    /// Whole bytes in the window.
    at: usize,
    pending: Pending,
}

impl WindowWriter<'_> {
    /// Appends at most 57 bits.
    ///
    /// With at most 7 pending they fill 64. All eight bytes are written, and those that are not whole will be
    /// overwritten.
    #[inline(always)]
    pub(crate) fn put(&mut self, code: Joined) {
        let len = self.pending.len + code.len;
        // Where no bit is to be written, the shift by 64 is one by 0, of zeros.
        let bits = self.pending.bits | code.bits.wrapping_shl(64 - len);
        // A block has less than 256 bytes, so that the mask changes nothing; it shows that the window has room.
        let at = self.at & 255;
        self.window[at..at + 8].copy_from_slice(&bits.to_be_bytes());
        self.at += (len / 8) as usize;
        self.pending = Pending { bits: bits.wrapping_shl(len & 56), len: len & 7 };
    }
}

/// The bits after the last whole byte, at the top of a word, with zeros below them; and their number, at most 7.
#[derive(Clone, Copy)]
struct Pending {
    bits: u64,
    len: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::codes::{AC_CODES, DC_CODES};
    use crate::encode::fdct::place;
    use crate::tests::vectors::{CodeLengths, Random, ac_luma, bytes_of, dc_luma};

    /// The bytes of what `write` writes.
    fn written(write: impl FnOnce(&mut BitWriter)) -> Vec<u8> {
        let (mut writer, mut out) = (BitWriter::new(), Vec::new());
        write(&mut writer);
        writer.fill_byte();
        writer.stuff(&mut out).unwrap();
        out
    }

    fn stuffed(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|&b| if b == 0xFF { vec![0xFF, 0] } else { vec![b] }).collect()
    }

    /// A pair of blocks of these coefficients in zigzag order.
    fn pair(blocks: [[i16; 64]; 2]) -> QuantisedPair {
        let mut pair = QuantisedPair::ZERO;
        for (block, coefficients) in blocks.iter().enumerate() {
            for (k, &value) in coefficients.iter().enumerate() {
                let at = usize::from(ZIGZAG[k]);
                pair.natural[at / 8 * 2 + block][at % 8] = value;
                pair.bytes[block][at] = i8::try_from(value.clamp(-128, 127)).unwrap().cast_unsigned();
                pair.nonzero[block] |= u64::from(value != 0) << k;
            }
        }
        pair
    }

    /// The bits of a value of a size (§ F.1.2.1.1), as digits.
    fn value_digits(value: i32) -> (u8, String) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let bits = if value < 0 { value + (1 << size) - 1 } else { value };
        let digits = if size == 0 { String::new() } else { format!("{bits:0width$b}", width = size as usize) };
        (u8::try_from(size).unwrap(), digits)
    }

    /// The digits of a block, by figures F.1 to F.3.
    fn block_digits(block: &[i16; 64], predictor: i32, (dc, ac): (&CodeLengths, &CodeLengths)) -> String {
        let (size, bits) = value_digits(i32::from(block[0]) - predictor);
        let (mut digits, mut run) = (dc.digits(size) + &bits, 0);
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            (0..run / 16).for_each(|_| digits += &ac.digits(0xF0));
            let (size, bits) = value_digits(value.into());
            digits += &(ac.digits((run % 16) << 4 | size) + &bits);
            run = 0;
        }
        if run > 0 { digits + &ac.digits(0) } else { digits }
    }

    #[test]
    fn blocks_are_coded_as_the_figures_say() {
        let (dc, ac) = (dc_luma(), ac_luma());
        let mut random = Random::new(21);
        for round in 0..2000 {
            let (density, range) = ([2, 10, 30, 64][round % 4], [1, 3, 130, 1023][round / 4 % 4]);
            let mut block = || {
                std::array::from_fn::<i16, 64, _>(|_| {
                    let value = i32::try_from(random.below(2 * range + 1)).unwrap() - i32::try_from(range).unwrap();
                    if random.below(64) < density { i16::try_from(value).unwrap() } else { 0 }
                })
            };
            let blocks = [block(), block()];
            let digits =
                block_digits(&blocks[0], 5, (&dc, &ac)) + &block_digits(&blocks[1], blocks[0][0].into(), (&dc, &ac));
            let bytes = written(|writer| {
                let mut predictor = 5;
                for (index, block) in blocks.iter().enumerate() {
                    let code = Joined::of(DC_CODES[0].difference(i32::from(block[0]) - predictor));
                    predictor = block[0].into();
                    writer.put_block((&pair(blocks), index), code, &AC_CODES[0], place);
                }
            });
            assert_eq!(bytes, stuffed(&bytes_of(&digits)), "round {round}");
        }
    }

    #[test]
    fn the_largest_block_fits() {
        let block = std::array::from_fn(|k| if k % 2 == 0 { 1023 } else { -1023 });
        let bytes = written(|writer| {
            let code = Joined::of(DC_CODES[1].difference(1023 + 1023));
            writer.put_block((&pair([block; 2]), 0), code, &AC_CODES[1], place);
        });
        assert!((200..2 * MAX_BLOCK_BYTES).contains(&bytes.len()), "{}", bytes.len());
    }

    #[test]
    fn a_flat_block_is_no_difference_and_an_end() {
        let bytes = written(|writer| writer.put_flat((&DC_CODES[0], &AC_CODES[0])));
        assert_eq!(bytes, bytes_of("00 1010"), "the rest of a byte is ones");
        assert_eq!(written(|_| {}), [0_u8; 0]);
    }

    #[test]
    fn a_zero_follows_each_byte_ff() {
        let mut random = Random::new(22);
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).map(|_| [0xFF, random.bytes(1)[0]][random.below(2) as usize]).collect();
            let put = |writer: &mut BitWriter| {
                bytes.iter().for_each(|&b| writer.put(Joined { bits: b.into(), len: 8 }));
            };
            assert_eq!(written(put), stuffed(&bytes));
        }
    }

    #[test]
    fn what_was_taken_is_appended_bit_by_bit() {
        let mut random = Random::new(23);
        for len in 0..300 {
            let digits: Vec<u64> = (0..len).map(|_| u64::from(random.below(2))).collect();
            let put = |writer: &mut BitWriter| digits.iter().for_each(|&bits| writer.put(Joined { bits, len: 1 }));
            let mut pieces = BitWriter::new();
            put(&mut pieces);
            assert_eq!(pieces.position(), digits.len());
            pieces.align();
            assert_eq!(pieces.position(), digits.len().next_multiple_of(8));
            let piece = pieces.take().unwrap();
            let one = Joined { bits: 1, len: 1 };
            let appended = written(|writer| {
                writer.append(one, &piece, len);
                writer.put(one);
            });
            let expected = written(|writer| {
                writer.put(one);
                put(writer);
                writer.put(one);
            });
            assert_eq!(appended, expected, "{len}");
        }
    }

    #[test]
    fn room_is_made_by_half() {
        let mut out = vec![0; 1000];
        make_room(&mut out, 10).unwrap();
        assert_eq!(out.capacity(), 1500);
        make_room(&mut out, 500).unwrap();
        assert_eq!(out.capacity(), 1500);
    }
}
