//! Tables that find the symbols of a prefix code (RFC 9649 § 3.7.2.1).
//!
//! Shorter codes come first, codes of one length count up with their symbols, and the first code of a length is twice
//! the number that would follow the last code of the length before. This is the canonical code of RFC 1951 § 3.2.2.
//!
//! In the bitstream the highest bit of a code comes first, while [`Bits`] shows the first bit lowest. The next bits are
//! therefore an index into a table in which each code stands with its bits reversed. The root table is indexed by the
//! next 8 bits, or by fewer where no code is as long; one symbol that takes no bits has a table of one entry. Codes that
//! begin with the same 8 bits and go on share a second table behind the root, indexed by the bits after those 8.
//!
//! An entry is 16 bits: a symbol in the upper 12, and in the lower 4 the length of its code. In the root, a length above
//! 8 says that `length − 8` more bits are an index into the table that begins at the entry's upper 12 bits. The largest
//! alphabet fills at most 2704 entries, which is below 2¹².

use super::bits::Bits;
use super::code_lengths::{CodeLengths, LengthCounts, MAX_LENGTH};

/// Where the table of a code lies among the tables of its group.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PrefixCode {
    /// The first entry.
    start: u16,
    /// Bits of an index into the root table.
    root_bits: u8,
    /// The length of the longest code; 0 for one symbol that takes no bits.
    pub(crate) longest: u8,
}

impl PrefixCode {
    /// Finds what the table of a code will be, and that it ends at the second number where it begins at `start`.
    pub(crate) fn at(start: usize, lengths: &CodeLengths) -> (Self, usize) {
        let counts = lengths.counts();
        let is_one = counts.iter().sum::<u16>() == 1;
        let longest = if is_one { 0 } else { (1..=MAX_LENGTH).rev().find(|&l| counts[l] > 0).unwrap_or(0) };
        let root_bits = longest.min(ROOT_BITS);
        let code = Self {
            // The five tables of a group have at most 5004 entries.
            start: u16::try_from(start).unwrap_or(u16::MAX),
            root_bits: u8::try_from(root_bits).unwrap_or(0),
            longest: u8::try_from(longest).unwrap_or(0),
        };
        let len = if longest > ROOT_BITS { for_long_codes(counts, |_, _| ()) } else { 1 << root_bits };
        (code, start + len)
    }

    /// Writes the entries of a code to `tables`, which has room for them.
    pub(crate) fn write(self, lengths: &CodeLengths, tables: &mut [u16]) {
        let (counts, symbols) = (lengths.counts(), sorted(lengths));
        let Some(table) = tables.get_mut(usize::from(self.start)..) else { return };
        if self.longest == 0 {
            table.iter_mut().take(1).for_each(|entry| *entry = symbols[0] << 4);
            return;
        }
        let mut symbols_left = symbols.into_iter();
        let mut code = 0u16;
        for length in 1..=u16::from(self.root_bits) {
            for symbol in symbols_left.by_ref().take(counts[usize::from(length)].into()) {
                let start = usize::from(reversed(code, length));
                let root = table.iter_mut().take(1 << self.root_bits);
                root.skip(start).step_by(1 << length).for_each(|entry| *entry = symbol << 4 | length);
                code += 1;
            }
            code <<= 1;
        }
        if usize::from(self.longest) > ROOT_BITS {
            for_long_codes(counts, |long, second| {
                let index = reversed(long.code, long.length);
                let (root, rest) = (usize::from(index & 0xFF), usize::from(index >> ROOT_BITS));
                if let Some(entry) = table.get_mut(root) {
                    *entry = second.start << 4 | (second.bits + ROOT_BITS_U16);
                }
                let places = table.iter_mut().skip(second.start.into()).take(1 << second.bits);
                let symbol = symbols_left.next().unwrap_or(0);
                let step = 1 << (long.length - ROOT_BITS_U16);
                places.skip(rest).step_by(step).for_each(|entry| *entry = symbol << 4 | long.length);
            });
        }
    }

    /// The symbol that the lowest bits of `window` begin with, and the length of its code. At least 15 of the bits count.
    #[inline(always)]
    pub(crate) fn find(self, tables: &[u16], window: u64) -> (u16, u32) {
        let root = usize::from(self.start) + low_bits(window, u32::from(self.root_bits & 15));
        let mut entry = tables.get(root).copied().unwrap_or(0);
        let bits = entry & 15;
        if bits > ROOT_BITS_U16 {
            let rest = low_bits(window >> ROOT_BITS, u32::from(bits - ROOT_BITS_U16));
            let second = usize::from(self.start) + usize::from(entry >> 4) + rest;
            entry = tables.get(second).copied().unwrap_or(0);
        }
        (entry >> 4, u32::from(entry & 15))
    }

    /// Reads the next symbol. At least 15 bits are held.
    #[inline(always)]
    pub(crate) fn symbol(self, tables: &[u16], bits: &mut Bits<'_>) -> u16 {
        let (symbol, length) = self.find(tables, bits.window());
        bits.consume(length);
        symbol
    }
}

/// The lowest `count` < 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "at most 15 bits are left")]
#[inline(always)]
const fn low_bits(window: u64, count: u32) -> usize {
    window as usize & ((1 << count) - 1)
}

/// A code that the root table does not hold whole.
struct LongCode {
    code: u16,
    length: u16,
}

/// The table of the codes that begin with the same 8 bits.
#[derive(Clone, Copy)]
struct SecondTable {
    start: u16,
    /// Bits of an index.
    bits: u16,
}

/// Calls `visit` with each code above 8 bits, in their order, and its second table. Returns where the last table ends.
///
/// `code` never overflows: it is at most 2^length, and 2¹⁵ after the last code.
fn for_long_codes(counts: &LengthCounts, mut visit: impl FnMut(LongCode, SecondTable)) -> usize {
    let (mut left, mut end) = (*counts, 1 << ROOT_BITS);
    let mut code = (1..=ROOT_BITS).fold(0, |code, length| (code + counts[length]) << 1);
    let mut second = SecondTable { start: 0, bits: 0 };
    let mut beginning = None;
    for length in ROOT_BITS + 1..=MAX_LENGTH {
        for _ in 0..counts[length] {
            let begins = code >> (length - ROOT_BITS);
            if beginning != Some(begins) {
                beginning = Some(begins);
                second = SecondTable { start: end, bits: bits_of_second(&left, length) };
                end += 1 << second.bits;
            }
            visit(LongCode { code, length: u16::try_from(length).unwrap_or(0) }, second);
            left[length] -= 1;
            code += 1;
        }
        code <<= 1;
    }
    end.into()
}

/// How many bits the codes of a second table have beyond 8: as many as fill it, where `left` are the codes to come and
/// the next has `length` bits.
///
/// `room` is how many codes of `length` bits still fit; it doubles with each bit.
fn bits_of_second(left: &LengthCounts, mut length: usize) -> u16 {
    let mut room = 1i32 << (length - ROOT_BITS);
    while length < MAX_LENGTH {
        room -= i32::from(left[length]);
        if room <= 0 {
            break;
        }
        length += 1;
        room <<= 1;
    }
    u16::try_from(length - ROOT_BITS).unwrap_or(0)
}

/// The lowest `length` bits of a code in the order in which they are read.
const fn reversed(code: u16, length: u16) -> u16 {
    code.reverse_bits() >> (16 - length)
}

/// The symbols in the order of their codes: by length, and by number within a length.
///
/// `starts[length]` is the place of the next symbol of that length; it begins behind all symbols of shorter lengths.
fn sorted(lengths: &CodeLengths) -> Vec<u16> {
    let counts = lengths.counts();
    let mut starts = [0u16; MAX_LENGTH + 1];
    for length in 1..MAX_LENGTH {
        starts[length + 1] = starts[length] + counts[length];
    }
    let mut sorted = vec![0; counts.iter().map(|&count| usize::from(count)).sum()];
    for (symbol, &length) in (0u16..).zip(lengths.lengths()).filter(|&(_, &length)| length > 0) {
        let start = &mut starts[usize::from(length) & MAX_LENGTH];
        if let Some(to) = sorted.get_mut(usize::from(*start)) {
            *to = symbol;
        }
        *start += 1;
    }
    sorted
}

/// Codes of up to as many bits are found in one step.
const ROOT_BITS: usize = 8;
const ROOT_BITS_U16: u16 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vp8l::alphabet::MAX_SYMBOLS;
    use crate::vp8l::tests::Writer;

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

    /// Writes lengths as a stream has them, so that they are counted.
    fn code_lengths(lengths: &[u8]) -> CodeLengths {
        let mut writer = Writer::default();
        let lengths: Vec<_> = lengths.iter().map(|&length| u32::from(length)).enumerate().collect();
        writer.lengths(lengths.len(), &lengths);
        let mut read = CodeLengths::new();
        read.read(&mut Bits::new(&writer.bytes), lengths.len()).unwrap();
        read
    }

    /// Behind the tables of another code, as most are.
    fn assert_decodes(lengths: &[u8]) {
        let (read, codes) = (code_lengths(lengths), canonical(lengths));
        let (code, end) = PrefixCode::at(7, &read);
        let mut tables = vec![u16::MAX; end + 3];
        code.write(&read, &mut tables);
        assert!(tables[..7].iter().chain(&tables[end..]).all(|&entry| entry == u16::MAX), "{lengths:?}");
        for (symbol, (&length, &bits)) in lengths.iter().zip(&codes).enumerate().filter(|(_, of)| *of.0 > 0) {
            let mut writer = Writer::default();
            writer.code(bits, length.into()).bits(0b101, 3);
            let mut reader = Bits::new(&writer.bytes);
            reader.refill();
            assert_eq!(usize::from(code.symbol(&tables, &mut reader)), symbol);
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
    fn tables_of_the_largest_alphabet_are_no_larger_than_an_entry_can_say() {
        // What libwebp's tables take at most for this alphabet (`kTableSize`): a root, and long codes under all of it.
        let mut lengths = [0u8; MAX_SYMBOLS];
        let mut space = 1 << 15;
        for (i, length) in lengths.iter_mut().enumerate() {
            let left = MAX_SYMBOLS - i - 1;
            let shortest = (1..=15).find(|&l| (1 << (15 - l)) + left <= space).unwrap();
            *length = u8::try_from(shortest).unwrap();
            space -= 1 << (15 - shortest);
        }
        let (_, end) = PrefixCode::at(0, &code_lengths(&lengths));
        assert!(end < 1 << 12, "{end}");
        assert_decodes(&lengths);
    }
}
