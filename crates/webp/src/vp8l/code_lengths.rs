//! Reads the lengths of a prefix code's codes (RFC 9649 § 3.7.2.1).
//!
//! A prefix code comes as the length of each symbol's code; the codes follow from the lengths alone (see
//! [`prefix`](super::prefix)). A code is complete when every sequence of bits begins with exactly one code, which is so
//! when the sum of 2^-length over its symbols is 1. Any other code is refused, with one exception: a code of one symbol
//! takes no bits, whatever its length.

use image_ingest_samples::DecodeError;

use super::alphabet::MAX_SYMBOLS;
use super::bits::Bits;
use crate::result::Result;

/// The lengths of a complete prefix code, or of one symbol that takes no bits. One value is used for many codes.
pub(crate) struct CodeLengths {
    lengths: [u8; MAX_SYMBOLS],
    /// The size of the alphabet.
    symbols: usize,
    /// How many symbols have codes of each length from 1 to 15.
    counts: LengthCounts,
}

/// How many symbols have codes of each length; that of length 0 is 0.
pub(crate) type LengthCounts = [u16; MAX_LENGTH + 1];

/// The longest code.
pub(crate) const MAX_LENGTH: usize = 15;

impl CodeLengths {
    pub(crate) const fn new() -> Self {
        Self { lengths: [0; MAX_SYMBOLS], symbols: 0, counts: [0; MAX_LENGTH + 1] }
    }

    /// Reads the code of an alphabet of `symbols`, at most [`MAX_SYMBOLS`].
    ///
    /// A simple code may name symbols up to 255; those beyond its alphabet do not occur.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn read(&mut self, bits: &mut Bits<'_>, symbols: usize) -> Result<()> {
        self.symbols = symbols.min(MAX_SYMBOLS);
        let lengths = &mut self.lengths[..self.symbols];
        lengths.fill(0);
        let counts = if bits.bit()? { read_simple(bits, lengths)? } else { read_lengths(bits, lengths)? };
        self.counts = complete(counts)?;
        Ok(())
    }

    /// The length of each symbol's code; 0 for those that do not occur.
    pub(crate) fn lengths(&self) -> &[u8] {
        &self.lengths[..self.symbols]
    }

    pub(crate) const fn counts(&self) -> &LengthCounts {
        &self.counts
    }
}

/// The counts of a code that is complete, that of length 0 set to 0.
///
/// The sum of 2^(15 − length) is at most [`MAX_SYMBOLS`] × 2¹⁴, which is below 2²⁶.
///
/// # Errors
///
/// `malformed` when the code is not complete.
fn complete(mut counts: LengthCounts) -> Result<LengthCounts> {
    counts[0] = 0;
    let space: u32 = (1..=MAX_LENGTH).map(|length| u32::from(counts[length]) << (MAX_LENGTH - length)).sum();
    if space == 1 << MAX_LENGTH || counts.iter().sum::<u16>() == 1 {
        Ok(counts)
    } else {
        Err(DecodeError::malformed("a VP8L prefix code that is not complete"))
    }
}

/// Reads a simple code of one symbol or two, each with a code of one bit (§ 3.7.2.1.1): whether there are two, whether
/// the first takes 8 bits or 1, and the symbols. Returns the counts; both symbols may be the same.
fn read_simple(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<LengthCounts> {
    let two = bits.bit()?;
    let has_8_bits = bits.bit()?;
    let mut counts = [0; MAX_LENGTH + 1];
    let mut set = |symbol: u32| {
        if let Some(length) = lengths.get_mut(symbol as usize) {
            counts[1] += u16::from(*length == 0);
            *length = 1;
        }
    };
    set(bits.read(if has_8_bits { 8 } else { 1 })?);
    if two {
        set(bits.read(8)?);
    }
    Ok(counts)
}

/// Reads the lengths of a normal code, which are symbols of a prefix code themselves (§ 3.7.2.1.2).
///
/// Symbols 0 to 15 are lengths. Symbol 16 repeats the last length that was not 0, which is 8 before there was one; 17
/// and 18 repeat 0. A file may say how many of these symbols follow; all later lengths are then 0. Returns the counts, which
/// are taken of runs: a few bits may set thousands of lengths.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<LengthCounts> {
    let mut coded = [0; CODE_LENGTH_ORDER.len()];
    let mut coded_counts = [0; MAX_LENGTH + 1];
    let count = bits.read(4)? as usize + 4;
    for &symbol in CODE_LENGTH_ORDER.iter().take(count) {
        coded[symbol] = u8::try_from(bits.read(3)?).unwrap_or(0);
        coded_counts[usize::from(coded[symbol])] += 1;
    }
    let code = LengthsTable::of(&coded, &complete(coded_counts)?);
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
    let mut counts = [0; MAX_LENGTH + 1];
    let (mut at, mut previous) = (0, 8);
    while at < lengths.len() && codes > 0 {
        codes -= 1;
        bits.check()?;
        let (length, repeat) = match code.symbol(bits) {
            16 => (previous, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (length, 1),
        };
        if length != 0 {
            previous = length;
        }
        let end = at + repeat as usize;
        let filled = lengths
            .get_mut(at..end)
            .ok_or_else(|| DecodeError::malformed("VP8L code lengths beyond their alphabet"))?;
        filled.fill(length);
        counts[usize::from(length) & MAX_LENGTH] += u16::try_from(filled.len()).unwrap_or(0);
        at = end;
    }
    bits.check()?;
    Ok(counts)
}

/// Finds the symbols of a code whose codes have at most 7 bits, in one step: by the value of the next 7 bits.
struct LengthsTable([(u8, u8); 1 << 7]);

impl LengthsTable {
    /// The codes of one length count up with their symbols. Moved up to 7 bits and reversed, a code is the lowest
    /// `length` bits of every index at which its symbol stands. `code` is below 2^length whenever a symbol is left, since
    /// the code is complete.
    fn of(lengths: &[u8; CODE_LENGTH_ORDER.len()], counts: &LengthCounts) -> Self {
        let symbols = || (0u8..).zip(lengths).filter(|of| *of.1 > 0);
        if let (1, Some((only, _))) = (counts.iter().sum::<u16>(), symbols().next()) {
            return Self([(only, 0); 1 << 7]);
        }
        let (mut table, mut code) = ([(0, 0); 1 << 7], 0u8);
        for length in 1..=7u8 {
            for (symbol, _) in symbols().filter(|of| *of.1 == length) {
                let start = usize::from((code << (8 - length)).reverse_bits());
                table.iter_mut().skip(start).step_by(1 << length).for_each(|entry| *entry = (symbol, length));
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
        Self(table)
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> u8 {
        bits.refill();
        let (symbol, length) = self.0[(bits.window() & 0x7F) as usize];
        bits.consume(length.into());
        symbol
    }
}

/// The order in which the lengths of the codes of lengths come: those that encoders seldom use come last and may be
/// left out.
const CODE_LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vp8l::tests::Writer;

    /// The lengths that are not 0.
    fn read(symbols: usize, write: impl Fn(&mut Writer)) -> Vec<(usize, u8)> {
        let mut writer = Writer::default();
        write(&mut writer);
        let mut lengths = CodeLengths::new();
        // What an earlier code left is gone.
        lengths.lengths.fill(9);
        lengths.read(&mut Bits::new(&writer.bytes), symbols).unwrap();
        assert_eq!(lengths.lengths().len(), symbols);
        lengths.lengths().iter().copied().enumerate().filter(|of| of.1 > 0).collect()
    }

    #[test]
    fn a_simple_code_has_one_symbol_or_two() {
        let simple = |count: u32, first: (u32, u32), second: u32| {
            read(256, |w| {
                w.bits(1, 1).bits(count - 1, 1).bits(u32::from(first.1 == 8), 1).bits(first.0, first.1).bits(second, 8);
            })
        };
        assert_eq!(simple(1, (1, 1), 0), [(1, 1)]);
        assert_eq!(simple(1, (200, 8), 0), [(200, 1)]);
        assert_eq!(simple(2, (7, 8), 3), [(3, 1), (7, 1)]);
        assert_eq!(simple(2, (1, 1), 9), [(1, 1), (9, 1)]);
    }

    #[test]
    fn a_symbol_beyond_the_alphabet_does_not_occur() {
        let two = |w: &mut Writer| {
            w.two(3, 200);
        };
        assert_eq!(read(40, two), [(3, 1)]);
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
        read_lengths(&mut Bits::new(&writer.bytes), &mut lengths).map(|_| lengths)
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
