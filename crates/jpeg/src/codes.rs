//! Huffman tables (ITU-T T.81 annex C and § F.2.2.3) as lookups.
//!
//! [`HuffmanTable`] finds the symbol of any code. [`DcTable`] and [`AcTable`] look at the next 12 bits and give what
//! these hold whole: a DC difference, or one or two AC coefficients with their runs and values. Codes of usual files
//! are short (4 bits for the commonest AC code and its bit), so most lookups give two coefficients. What 12 bits do not
//! hold whole is read by the symbol.
//!
//! Why 12 bits: a table has 4096 entries of four bytes, 16 KiB, so those of luma and chroma fit into a first-level
//! cache of 32 KiB together. And four lookups take at most 48 of the 56 bits that a refill gives.

use crate::bits::BitReader;

/// Bits that the lookups see.
const LOOKUP: u32 = 12;
/// Bits that the lookup of symbols alone sees: 512 entries of two bytes.
const SHORT: u32 = 9;

/// A table of codes and their symbols, which finds every code.
///
/// Codes of one length are successive numbers, and the first code of a length follows from the last of the length below
/// (figure C.2). So the first length at which the next bits are below `limit` is the length of the code.
pub(crate) struct HuffmanTable {
    /// The length and, below it, the symbol of the code that the index, [`SHORT`] bits, begins with; 0 for longer codes.
    short: Box<[u16; 1 << SHORT]>,
    /// By length: one more than the largest code of this length or shorter ones, left-aligned to 16 bits.
    limit: [u32; 17],
    /// By length: what to add to a code to get the index of its symbol.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl HuffmanTable {
    /// Assigns codes to symbols (figures C.1 and C.2). `counts` are the numbers of codes of the lengths 1–16, and
    /// `symbols` are in the order of their codes. The result is `None` if the counts make no prefix code, or are not as
    /// many as the symbols.
    pub(crate) fn new(counts: [u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut codes = Self { short: Box::new([0; 1 << SHORT]), limit: [0; 17], offset: [0; 17], symbols: [0; 256] };
        codes.symbols.get_mut(..symbols.len())?.copy_from_slice(symbols);
        let (mut code, mut next) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(&counts) {
            let of_length = symbols.get(next..next + usize::from(count))?;
            codes.offset[length as usize] = i32::try_from(next).ok()? - i32::try_from(code).ok()?;
            for &symbol in of_length {
                if length <= SHORT {
                    let first = (code as usize) << (SHORT - length);
                    let entries = codes.short.get_mut(first..first + (1 << (SHORT - length)))?;
                    entries.fill(u16::try_from(length).ok()? << 8 | u16::from(symbol));
                }
                code += 1;
            }
            // A code of ones alone may not be assigned (annex C), so one code is always left. This also bounds `code`
            // by 2¹⁶, and `first` below by the size of `short`.
            if code >= 1 << length {
                return None;
            }
            codes.limit[length as usize] = code << (16 - length);
            next += usize::from(count);
            code <<= 1;
        }
        (next == symbols.len()).then_some(codes)
    }

    /// The length and symbol of the code that `top`, a number of 16 bits, begins with; `None` if no code does.
    ///
    /// The mask keeps the index below the length of `short` whatever `top` is, so the compiler tests no bound. Both ways
    /// to the code give a number, which stays in a register.
    #[inline(always)]
    pub(crate) fn find(&self, top: u32) -> Option<(u32, u8)> {
        let short = self.short[(top >> (16 - SHORT)) as usize & ((1 << SHORT) - 1)];
        let found = if short > 0 { short } else { self.find_long(top) };
        let [length, symbol] = found.to_be_bytes();
        (found > 0).then_some((length.into(), symbol))
    }

    /// The same for codes of more than [`SHORT`] bits: the length and, below it, the symbol; 0 if there is none.
    #[cold]
    fn find_long(&self, top: u32) -> u16 {
        let find = || {
            let length = (SHORT as usize + 1..=16).find(|&length| top < self.limit[length])?;
            let index = i32::try_from(top >> (16 - length)).ok()? + self.offset[length];
            let symbol = *self.symbols.get(usize::try_from(index).ok()?)?;
            Some(u16::try_from(length).ok()? << 8 | u16::from(symbol))
        };
        find().unwrap_or(0)
    }
}

/// A DC table: a lookup gives the difference whole (§ F.2.2.1).
pub(crate) struct DcTable {
    codes: HuffmanTable,
    /// By the next [`LOOKUP`] bits. The lower half is the number of bits taken: the code's and the difference's, or 0
    /// where they do not fit. The upper half is the difference, of at most 11 bits.
    entries: Box<[u32; 1 << LOOKUP]>,
}

impl DcTable {
    /// The result is `None` if a category is above 15, since a difference has at most 15 bits here (table F.1 ends at
    /// 11 for 8-bit samples; libjpeg accepts 15).
    pub(crate) fn new(codes: HuffmanTable) -> Option<Self> {
        let mut entries = Box::new([0; 1 << LOOKUP]);
        for (index, entry) in (0u32..).zip(entries.iter_mut()) {
            let Some((length, category)) = codes.find(index << (16 - LOOKUP)) else { continue };
            let (taken, category) = (length + u32::from(category), u32::from(category));
            if taken <= LOOKUP {
                *entry = taken | bits_to_value(index >> (LOOKUP - taken), category).cast_unsigned() << 16;
            }
        }
        codes.symbols.iter().all(|&category| category <= 15).then_some(Self { codes, entries })
    }

    /// The next difference; `None` if no code follows. The reader needs 31 bits: a code of 16 and a difference of 15.
    #[inline(always)]
    pub(crate) fn read(&self, reader: &mut BitReader) -> Option<i32> {
        let entry = self.entries[reader.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)];
        if entry & 0xFFFF != 0 {
            reader.skip(entry & 0xFFFF);
            return Some(entry.cast_signed() >> 16);
        }
        let (length, category) = self.codes.find(reader.peek(16))?;
        reader.skip(length);
        Some(receive(reader, u32::from(category)))
    }
}

/// An AC table: a lookup gives one or two coefficients whole (§ F.2.2.2).
pub(crate) struct AcTable {
    codes: HuffmanTable,
    /// The [`AcEntry`] of the next [`LOOKUP`] bits.
    entries: Box<[u32; 1 << LOOKUP]>,
}

/// One or two coefficients that the next 12 bits hold whole.
///
/// | bits | field | range |
/// |---|---|---|
/// | 0–3 | bits taken | 1–12; 0 where the first coefficient does not fit, and then nothing else counts |
/// | 4–8 | step to the first coefficient | 1–16, its run of zeros and itself |
/// | 9–15 | step from the first to the second | 1–16; 0 without a second; [`END`] for an end of block |
/// | 16–23 | value of the first | −127 to 127, signed |
/// | 24–31 | value of the second | −127 to 127, signed; that of the first without a second |
///
/// The reader writes both values without a branch, which three conventions allow. A second that is not here has step 0
/// and the first's value, so it writes the first once more. A run of 16 zeros (ZRL) is a step of 16 with the value 0.
/// An end of block at once is a step of 1 with the value 0, to a coefficient that is zero anyway, and the step `END`.
#[derive(Clone, Copy)]
pub(crate) struct AcEntry(u32);

/// The step that ends a block.
///
/// It is the largest number of seven bits. It is above any index that coefficients lead to: the last valid index is 63,
/// and a second coefficient can lead from 62 at most to 62 + 16 = 78. So an index above 127 tells an end of block.
pub(crate) const END: u32 = 127;

impl AcEntry {
    fn new(taken: u32, first: (u32, i32), second: (u32, i32)) -> Self {
        let value = |v: i32| v.cast_unsigned() & 0xFF;
        Self(taken | first.0 << 4 | second.0 << 9 | value(first.1) << 16 | value(second.1) << 24)
    }

    /// The bits taken, at most 12; 0 where the lookup has nothing.
    #[inline(always)]
    pub(crate) fn taken(self) -> u32 {
        self.0 & 15
    }

    /// The steps to the first coefficient and from it to the second.
    #[inline(always)]
    pub(crate) fn steps(self) -> (u32, u32) {
        (self.0 >> 4 & 31, self.0 >> 9 & 127)
    }

    /// The values of both.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "values of eight bits, sign-extended")]
    pub(crate) fn values(self) -> (i16, i16) {
        (i16::from((self.0 >> 16) as i8), (self.0.cast_signed() >> 24) as i16)
    }
}

impl AcTable {
    /// Makes the lookup of `codes`.
    pub(crate) fn new(codes: HuffmanTable) -> Self {
        let mut entries = Box::new([0; 1 << LOOKUP]);
        for (index, entry) in (0u32..).zip(entries.iter_mut()) {
            *entry = pair(&codes, index).map_or(0, |pair| pair.0);
        }
        Self { codes, entries }
    }

    /// What the next 12 bits hold.
    #[inline(always)]
    pub(crate) fn pair(&self, reader: &BitReader) -> AcEntry {
        AcEntry(self.entries[reader.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)])
    }

    /// Reads one coefficient by its code: the step to it, or [`END`], and its value. The reader needs 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, reader: &mut BitReader) -> Option<(u32, i32)> {
        let (length, symbol) = self.codes.find(reader.peek(16))?;
        reader.skip(length);
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        Some(match (run, size) {
            (15, 0) => (16, 0),
            (_, 0) => (END, 0),
            _ => (run + 1, receive(reader, size)),
        })
    }
}

/// What the 12 bits `index` hold; `None` where no coefficient of at most 7 bits is whole.
fn pair(codes: &HuffmanTable, index: u32) -> Option<AcEntry> {
    let (taken, step, value) = single(codes, index, LOOKUP)?;
    if step == END {
        // `END` is too large for the first step, so the block ends as a second coefficient, behind a zero.
        return Some(AcEntry::new(taken, (1, 0), (END, 0)));
    }
    let left = LOOKUP - taken;
    let rest = index & ((1 << left) - 1);
    Some(match single(codes, rest, left) {
        Some((more, second, other)) => AcEntry::new(taken + more, (step, value), (second, other)),
        None => AcEntry::new(taken, (step, value), (0, value)),
    })
}

/// The first coefficient in `bits`, a number of `len` bits: bits taken, step and value. `None` if it is not whole.
///
/// Zeros stand for the bits that are not known. A code that reaches into them has more than `len` bits and is refused.
fn single(codes: &HuffmanTable, bits: u32, len: u32) -> Option<(u32, u32, i32)> {
    let (length, symbol) = codes.find(bits << (16 - len))?;
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    let taken = length + size;
    if taken > len || size > 7 {
        return None;
    }
    let value = bits_to_value(bits >> (len - taken), size);
    match (run, size) {
        (15, 0) => Some((taken, 16, 0)),
        (_, 0) => Some((taken, END, 0)),
        _ => Some((taken, run + 1, value)),
    }
}

/// `RECEIVE` and `EXTEND` (§ F.2.2.4, figure F.12).
#[inline(always)]
fn receive(reader: &mut BitReader, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let bits = reader.peek(size);
    reader.skip(size);
    bits_to_value(bits, size)
}

/// `EXTEND` (figure F.12): the value of the `size` lower bits, 0–15, whose first bit is 0 for negative values.
#[inline(always)]
pub(crate) fn bits_to_value(bits: u32, size: u32) -> i32 {
    let bits = (bits & ((1 << size) - 1)).cast_signed();
    if size > 0 && bits < 1 << (size - 1) { bits + 1 - (1 << size) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::{CodeLengths, Random, SlowReader, ac_luma, bytes_of, dc_chroma, dc_luma, window};

    fn assert_codes(table: &CodeLengths, expected: &[(u8, &str)]) {
        for &(symbol, digits) in expected {
            let code = u32::from_str_radix(digits, 2).unwrap() << (16 - digits.len());
            let length = u32::try_from(digits.len()).unwrap();
            for rest in [0, (1 << (16 - length)) - 1] {
                assert_eq!(table.table().find(code | rest), Some((length, symbol)), "{symbol:02X}");
            }
        }
    }

    #[test]
    fn codes_are_those_of_tables_k_3_to_k_5() {
        let luma =
            ["00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110"];
        assert_codes(&dc_luma(), &(0..).zip(luma).collect::<Vec<_>>());
        let chroma =
            ["00", "01", "10", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110", "1111111110"];
        assert_codes(&dc_chroma(), &(0..).zip(chroma).collect::<Vec<_>>());
        let ac = [
            (0x00, "1010"),
            (0x01, "00"),
            (0x03, "100"),
            (0x11, "1100"),
            (0x08, "1111110110"),
            (0x52, "11111110111"),
            (0xF0, "11111111001"),
            (0x82, "111111111000000"),
            (0x09, "1111111110000010"),
            (0x16, "1111111110000100"),
            (0x95, "1111111111000001"),
            (0xE1, "1111111111101011"),
            (0xFA, "1111111111111110"),
        ];
        assert_codes(&ac_luma(), &ac);
    }

    #[test]
    fn every_16_bits_begin_with_the_code_that_a_slow_search_finds() {
        for table in [dc_luma(), dc_chroma(), ac_luma()] {
            let (fast, codes) = (table.table(), table.codes());
            for top in 0..1 << 16 {
                let found = codes.iter().find(|(length, code, _)| top >> (16 - length) == *code);
                assert_eq!(fast.find(top), found.map(|&(length, _, symbol)| (length, symbol)), "{top:016b}");
            }
        }
    }

    #[test]
    fn counts_that_make_no_prefix_code_are_refused() {
        let table = |counts: &[u8], symbols: usize| {
            let mut all = [0; 16];
            all[..counts.len()].copy_from_slice(counts);
            HuffmanTable::new(all, &vec![7; symbols]).is_some()
        };
        assert!(table(&[1, 1, 1], 3));
        assert!(!table(&[2], 2), "the code of ones alone");
        assert!(!table(&[1, 2], 3), "the code of ones alone, of two bits");
        assert!(!table(&[3], 3) && !table(&[1, 1, 200], 202), "more codes than bits");
        assert!(!table(&[1, 1, 1], 2) && !table(&[1, 1, 1], 4), "another number of symbols");
        assert!(!table(&[0, 0, 0, 0, 0, 0, 0, 0, 200, 200], 400), "more symbols than a byte can name");
        assert!(HuffmanTable::new([0; 16], &[]).is_some_and(|empty| empty.find(0).is_none()));
    }

    #[test]
    fn values_extend_as_figure_f_12_says() {
        let of = |size, values: &[i32]| {
            for (bits, &value) in (0..).zip(values) {
                assert_eq!(bits_to_value(bits, size), value, "{bits:b} of {size} bits");
            }
        };
        of(0, &[0]);
        of(1, &[-1, 1]);
        of(2, &[-3, -2, 2, 3]);
        of(3, &[-7, -6, -5, -4, 4, 5, 6, 7]);
        assert_eq!(
            [bits_to_value(0, 15), bits_to_value(0x7FFF, 15), bits_to_value(0x4000, 15)],
            [-32_767, 32_767, 16_384]
        );
        assert_eq!(bits_to_value(0xFFFF_FFF6, 3), 6, "bits above do not count");
    }

    #[test]
    fn dc_differences_are_those_of_a_slow_reader() {
        for table in [dc_luma(), dc_chroma(), CodeLengths { counts: [1; 16], symbols: (0..16).collect() }] {
            let (dc, codes) = (DcTable::new(table.table()).unwrap(), table.codes());
            let mut random = Random::new(1);
            for top in 0..=u16::MAX {
                let bytes = window(&[&top.to_be_bytes()[..], &random.bytes(8)].concat());
                let mut reader = BitReader::at_bit(0, &bytes);
                let mut slow = SlowReader::new(&bytes);
                let expected = slow.symbol(&codes).map(|category| slow.value(category.into()));
                assert_eq!(dc.read(&mut reader), expected, "{top:016b}");
                assert_eq!(reader.consumed_bits(), slow.at, "{top:016b}");
            }
        }
    }

    #[test]
    fn a_dc_category_above_15_is_refused() {
        assert!(DcTable::new(CodeLengths { counts: [1; 16], symbols: (1..17).collect() }.table()).is_none());
    }

    #[test]
    fn a_lookup_holds_the_coefficients_that_are_whole_in_twelve_bits() {
        let table = ac_luma();
        let (ac, codes) = (AcTable::new(table.table()), table.codes());
        for top in 0..1u16 << 12 {
            let bytes = window(&(top << 4).to_be_bytes());
            let mut slow = SlowReader::new(&bytes);
            let mut whole = Vec::new();
            while whole.len() < 2 {
                let Some(symbol) = slow.symbol(&codes) else { break };
                let value = slow.value((symbol & 15).into());
                if slow.at > 12 || symbol & 15 > 7 {
                    break;
                }
                let step = if symbol == 0 { END } else { u32::from(symbol >> 4) + 1 };
                whole.push((slow.at, step, i16::try_from(value).unwrap()));
                if symbol == 0 {
                    break;
                }
            }
            let entry = ac.pair(&BitReader::at_bit(0, &bytes));
            let found = (entry.taken() as usize, entry.steps(), entry.values());
            match whole[..] {
                [] => assert_eq!(found.0, 0, "{top:012b}"),
                [(at, END, _)] => assert_eq!(found, (at, (1, END), (0, 0)), "{top:012b}"),
                [(at, step, value)] => assert_eq!(found, (at, (step, 0), (value, value)), "{top:012b}"),
                [(_, step, value), (at, second, other), ..] => {
                    assert_eq!(found, (at, (step, second), (value, other)), "{top:012b}");
                }
            }
        }
    }

    #[test]
    fn a_coefficient_is_read_by_its_code() {
        let table = ac_luma();
        let ac = AcTable::new(table.table());
        let read = |symbol: u8, value: &str| {
            let bytes = window(&bytes_of(&(table.digits(symbol) + value)));
            ac.read(&mut BitReader::at_bit(0, &bytes))
        };
        assert_eq!(read(0x00, ""), Some((END, 0)));
        assert_eq!(read(0xF0, ""), Some((16, 0)));
        assert_eq!(read(0x3A, "0000000001"), Some((4, -1022)));
        assert_eq!(read(0xFA, "1111111111"), Some((16, 1023)));
        assert_eq!(ac.read(&mut BitReader::at_bit(0, &[0xFF; 16])), None);
    }
}
