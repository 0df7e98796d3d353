//! Reads prefix codes and the symbols that they code (RFC 9649 § 3.7.2.1).
//!
//! A prefix code comes as the length of each symbol's code. The codes follow from the lengths alone: shorter codes come
//! first, codes of one length count up with their symbols, and the first code of a length is twice the number that
//! would follow the last code of the length before. This is the canonical code of RFC 1951 § 3.2.2.
//!
//! A code is complete when every sequence of bits begins with exactly one code, which is so when the sum of 2^-length
//! over its symbols is 1. Any other code is refused, with one exception: a code of one symbol takes no bits, whatever
//! its length.
//!
//! In the bitstream the highest bit of a code comes first, while [`Bits`] shows the first bit lowest. The next 8 bits
//! are therefore an index into a table in which each code stands with its bits reversed.

use image_ingest_samples::DecodeError;

use crate::alphabet::MAX_SYMBOLS;
use crate::bits::Bits;
use crate::result::Result;

/// A complete prefix code, or one symbol that takes no bits.
#[derive(Debug)]
pub(crate) struct PrefixCode {
    /// For each value of the next [`ROOT_BITS`] bits: the symbol, and the length of its code; [`LONGER`] for a longer
    /// code.
    root: [(u16, u8); 1 << ROOT_BITS],
    /// Symbols in the order of their codes.
    sorted: Vec<u16>,
    /// How many of them have codes of each length.
    counts: [u16; MAX_LENGTH + 1],
}

impl PrefixCode {
    /// Reads the code of an alphabet of `symbols`, at most [`MAX_SYMBOLS`].
    ///
    /// A simple code may name symbols up to 255; those beyond its alphabet do not occur.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn read(bits: &mut Bits<'_>, symbols: usize) -> Result<Self> {
        let mut lengths = [0; MAX_SYMBOLS];
        if bits.bit()? {
            read_simple(bits, &mut lengths)?;
        } else {
            let lengths =
                lengths.get_mut(..symbols).ok_or_else(|| DecodeError::internal("a VP8L alphabet too large"))?;
            read_lengths(bits, lengths)?;
        }
        Self::of(lengths.get(..symbols).unwrap_or_default())
    }

    /// The code whose symbols have `lengths` (at most 15); 0 for those that do not occur.
    ///
    /// The sum of 2^(15 − length) is at most `MAX_SYMBOLS` × 2¹⁴, which is below 2²⁶.
    fn of(lengths: &[u8]) -> Result<Self> {
        let mut counts = [0u16; MAX_LENGTH + 1];
        for &length in lengths {
            counts[usize::from(length) & MAX_LENGTH] += 1;
        }
        counts[0] = 0;
        let sorted = sorted(lengths, &counts);
        if let [only] = sorted[..] {
            return Ok(Self { root: [(only, 0); 1 << ROOT_BITS], sorted, counts });
        }
        let space: u32 = (1..=MAX_LENGTH).map(|length| u32::from(counts[length]) << (MAX_LENGTH - length)).sum();
        if space != 1 << MAX_LENGTH {
            return Err(DecodeError::malformed("a VP8L prefix code that is not complete"));
        }
        let mut code = Self { root: [LONGER; 1 << ROOT_BITS], sorted, counts };
        code.fill_root();
        Ok(code)
    }

    /// Enters each code of at most [`ROOT_BITS`] bits into the table.
    ///
    /// `code` is the next code of `length` bits. Since the code is complete, it is below 2^length whenever a symbol is
    /// left, and after the last code of 8 bits it may wrap to 0. Moved up to 8 bits and reversed, a code is the lowest
    /// `length` bits of every index at which its symbol stands: those indices are 2^length apart.
    fn fill_root(&mut self) {
        let (mut symbols, mut code) = (self.sorted.iter(), 0u8);
        for length in 1..=ROOT_BITS {
            for &symbol in symbols.by_ref().take(self.counts[length].into()) {
                let start = usize::from((code << (ROOT_BITS - length)).reverse_bits());
                let entry = (symbol, u8::try_from(length).unwrap_or(0));
                self.root.iter_mut().skip(start).step_by(1 << length).for_each(|to| *to = entry);
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
    }

    /// The symbol that takes no bits, where there is no other.
    pub(crate) fn only(&self) -> Option<u16> {
        if let [only] = self.sorted[..] { Some(only) } else { None }
    }

    /// Reads the next symbol.
    ///
    /// # Errors
    ///
    /// `truncated` at the end of the data.
    #[inline]
    pub(crate) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16> {
        let next = bits.peek();
        let entry = self.root[(next & ((1 << ROOT_BITS) - 1)) as usize];
        if entry == LONGER {
            return self.long_symbol(bits, next);
        }
        bits.skip(entry.1.into())?;
        Ok(entry.0)
    }

    /// Finds a code bit by bit.
    ///
    /// At each length, `first` is the first code of that length and `index` is the place of its symbol in `sorted`. The
    /// bits so far are a code of this length when they are `first` or one of the `count` numbers from it on. They are
    /// never below `first`, since they would then begin with a shorter code. A complete code has no other case, so the
    /// loop ends with a symbol.
    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>, next: u64) -> Result<u16> {
        let (mut code, mut first, mut index) = (0u32, 0u32, 0u32);
        for length in 1..=MAX_LENGTH {
            code = code << 1 | u32::from(next >> (length - 1) & 1 == 1);
            let count = u32::from(self.counts[length]);
            if let Some(place) = code.checked_sub(first).filter(|&place| place < count) {
                bits.skip(u32::try_from(length).unwrap_or(0))?;
                let symbol = usize::try_from(index + place).ok().and_then(|at| self.sorted.get(at));
                return symbol.copied().ok_or_else(|| DecodeError::internal("a prefix code without its symbol"));
            }
            index += count;
            first = (first + count) << 1;
        }
        Err(DecodeError::internal("a complete prefix code with a gap"))
    }
}

/// The symbols in the order of their codes: by length, and by number within a length.
///
/// `starts[length]` is the place of the next symbol of that length; it begins behind all symbols of shorter lengths.
fn sorted(lengths: &[u8], counts: &[u16; MAX_LENGTH + 1]) -> Vec<u16> {
    let mut starts = [0u16; MAX_LENGTH + 1];
    for length in 1..MAX_LENGTH {
        starts[length + 1] = starts[length] + counts[length];
    }
    let mut sorted = vec![0; counts.iter().map(|&count| usize::from(count)).sum()];
    for (symbol, &length) in (0u16..).zip(lengths).filter(|&(_, &length)| length > 0) {
        let start = &mut starts[usize::from(length) & MAX_LENGTH];
        if let Some(to) = sorted.get_mut(usize::from(*start)) {
            *to = symbol;
        }
        *start += 1;
    }
    sorted
}

/// Reads a simple code of one symbol or two, each with a code of one bit (§ 3.7.2.1.1): whether there are two, whether
/// the first takes 8 bits or 1, and the symbols.
fn read_simple(bits: &mut Bits<'_>, lengths: &mut [u8; MAX_SYMBOLS]) -> Result<()> {
    let two = bits.bit()?;
    let has_8_bits = bits.bit()?;
    let mut set = |symbol: u32| lengths.get_mut(symbol as usize).map_or((), |length| *length = 1);
    set(bits.read(if has_8_bits { 8 } else { 1 })?);
    if two {
        set(bits.read(8)?);
    }
    Ok(())
}

/// Reads the lengths of a normal code, which are symbols of a prefix code themselves (§ 3.7.2.1.2).
///
/// Symbols 0 to 15 are lengths. Symbol 16 repeats the last length that was not 0, which is 8 before there was one; 17
/// and 18 repeat 0. A file may say how many of these symbols follow; all later lengths are then 0.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<()> {
    let mut coded = [0; CODE_LENGTH_ORDER.len()];
    let count = bits.read(4)? as usize + 4;
    for &symbol in CODE_LENGTH_ORDER.iter().take(count) {
        coded[symbol] = u8::try_from(bits.read(3)?).unwrap_or(0);
    }
    let code = PrefixCode::of(&coded)?;
    let mut codes = if bits.bit()? {
        // At most 16 bits.
        let width = 2 + 2 * bits.read(3)?;
        2 + bits.read(width)? as usize
    } else {
        lengths.len()
    };
    if codes > lengths.len() {
        return Err(DecodeError::malformed("more VP8L code lengths than symbols"));
    }
    let (mut at, mut previous) = (0, 8);
    while at < lengths.len() && codes > 0 {
        codes -= 1;
        let (length, repeat) = match code.symbol(bits)? {
            16 => (previous, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (u8::try_from(length).unwrap_or(0), 1),
        };
        if length != 0 {
            previous = length;
        }
        let end = at + repeat as usize;
        let filled = lengths
            .get_mut(at..end)
            .ok_or_else(|| DecodeError::malformed("VP8L code lengths beyond their alphabet"))?;
        filled.fill(length);
        at = end;
    }
    Ok(())
}

/// The order in which the lengths of the codes of lengths come: those that encoders seldom use come last and may be
/// left out.
const CODE_LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The longest code.
const MAX_LENGTH: usize = 15;

/// Codes of up to as many bits are found in one step.
const ROOT_BITS: usize = 8;

/// Stands where the code is longer than [`ROOT_BITS`]; no code is as long.
const LONGER: (u16, u8) = (0, u8::MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Writer;

    /// The codes of all symbols by RFC 1951 § 3.2.2, one symbol after another.
    fn canonical(lengths: &[u8]) -> Vec<u32> {
        let mut next = [0u32; MAX_LENGTH + 2];
        for length in 1..=MAX_LENGTH {
            let count = lengths.iter().filter(|&&l| usize::from(l) == length).count();
            next[length + 1] = (next[length] + u32::try_from(count).unwrap()) << 1;
        }
        let mut assign = |&length: &u8| {
            let code = next[usize::from(length)];
            next[usize::from(length)] += 1;
            code
        };
        lengths.iter().map(|length| if *length == 0 { 0 } else { assign(length) }).collect()
    }

    fn assert_decodes(lengths: &[u8]) {
        let (code, codes) = (PrefixCode::of(lengths).unwrap(), canonical(lengths));
        for (symbol, (&length, &bits)) in lengths.iter().zip(&codes).enumerate().filter(|(_, of)| *of.0 > 0) {
            let mut writer = Writer::default();
            writer.code(bits, length.into()).bits(0b101, 3);
            let mut reader = Bits::new(&writer.bytes);
            assert_eq!(usize::from(code.symbol(&mut reader).unwrap()), symbol);
            assert_eq!(reader.read(3).unwrap(), 0b101, "symbol {symbol} takes {length} bits");
        }
    }

    #[test]
    fn codes_follow_from_their_lengths() {
        // The example of RFC 1951 § 3.2.2: A to H have these lengths and these codes.
        let lengths = [3, 3, 3, 3, 3, 2, 4, 4];
        assert_eq!(canonical(&lengths), [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111]);
        assert_decodes(&lengths);
        assert_decodes(&[1, 1]);
        assert_decodes(&[0, 2, 0, 1, 2]);
        assert_decodes(&[8; 256]);
        assert_decodes(&[15, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        // 255 codes of 8 bits, and two of 9.
        let mut lengths = [8; 257];
        lengths[3..5].fill(9);
        assert_decodes(&lengths);
    }

    #[test]
    fn a_simple_code_has_one_symbol_of_no_bits_or_two_of_one() {
        let read = |count: u32, first: (u32, u32), second: Option<u32>| {
            let mut writer = Writer::default();
            writer.bits(1, 1).bits(count - 1, 1).bits(u32::from(first.1 == 8), 1).bits(first.0, first.1);
            if let Some(second) = second {
                writer.bits(second, 8);
            }
            writer.bits(0b10, 2);
            let mut bits = Bits::new(&writer.bytes);
            let code = PrefixCode::read(&mut bits, 256).unwrap();
            (code.only(), [code.symbol(&mut bits).unwrap(), code.symbol(&mut bits).unwrap()])
        };
        assert_eq!(read(1, (1, 1), None), (Some(1), [1, 1]));
        assert_eq!(read(1, (200, 8), None), (Some(200), [200, 200]));
        // The smaller symbol has the code 0, in whichever order they come.
        assert_eq!(read(2, (7, 8), Some(3)), (None, [3, 7]));
        assert_eq!(read(2, (1, 1), Some(9)), (None, [1, 9]));
    }

    #[test]
    fn a_symbol_beyond_the_alphabet_does_not_occur() {
        let mut writer = Writer::default();
        writer.two(3, 200);
        assert_eq!(PrefixCode::read(&mut Bits::new(&writer.bytes), 40).unwrap().only(), Some(3));
    }

    /// Lengths of an alphabet of 40, written with a code of lengths in which 1, 16, 17 and 18 have codes of two bits:
    /// 00, 01, 10 and 11.
    fn lengths(limit: Option<u32>, write: impl Fn(&mut Writer)) -> Result<Vec<u8>> {
        let mut writer = Writer::default();
        // Lengths of the codes of 17, 18, 0, 1, 2, 3, 4, 5 and 16.
        writer.bits(9 - 4, 4);
        for length in [2, 2, 0, 2, 0, 0, 0, 0, 2] {
            writer.bits(length, 3);
        }
        match limit {
            // The count less two, in 2 + 2 × 2 bits.
            Some(count) => writer.bits(1, 1).bits(2, 3).bits(count - 2, 6),
            None => writer.bits(0, 1),
        };
        write(&mut writer);
        let mut lengths = vec![0; 40];
        read_lengths(&mut Bits::new(&writer.bytes), &mut lengths).map(|()| lengths)
    }

    const REPEAT: u32 = 0b01;
    const ZEROS: u32 = 0b10;
    const MANY_ZEROS: u32 = 0b11;

    #[test]
    fn lengths_are_repeated() {
        let read = lengths(None, |w| {
            w.code(REPEAT, 2).bits(0, 2).code(ZEROS, 2).bits(7, 3).code(0, 2);
            w.code(REPEAT, 2).bits(3, 2).code(MANY_ZEROS, 2).bits(9, 7);
        });
        // Three of 8, since no length came before; ten of 0; a 1 and six more; twenty of 0.
        let expected = [&[8; 3][..], &[0; 10], &[1; 7], &[0; 20]].concat();
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn a_repeat_skips_zeros_before_it() {
        let read = lengths(Some(4), |w| {
            w.code(0, 2).code(ZEROS, 2).bits(0, 3).code(REPEAT, 2).bits(0, 2).code(0, 2).code(0, 2);
        });
        // The fifth code is not read: the count says four.
        assert_eq!(read.unwrap(), [&[1][..], &[0; 3], &[1; 4], &[0; 32]].concat());
    }

    #[test]
    fn lengths_beyond_the_alphabet_are_malformed() {
        let beyond = lengths(None, |w| {
            w.code(MANY_ZEROS, 2).bits(30, 7);
        });
        assert!(matches!(beyond, Err(DecodeError::Malformed { reason, .. }) if reason.contains("beyond")));
        let exact = lengths(None, |w| {
            w.code(MANY_ZEROS, 2).bits(29, 7);
        });
        assert_eq!(exact.unwrap(), [0; 40]);
        let more = lengths(Some(41), |_| {});
        assert!(matches!(more, Err(DecodeError::Malformed { reason, .. }) if reason.contains("more")));
    }
}
