//! The codes of the standard Huffman tables (ITU-T T.81 § K.3), joined with the bits that follow them.

use crate::standard;

/// The codes of DC differences, for luma and for chroma.
pub(crate) static DC_CODES: [DcCodes; 2] = [DcCodes::new(standard::DC[0]), DcCodes::new(standard::DC[1])];

/// The codes of AC coefficients, for luma and for chroma.
pub(crate) static AC_CODES: [AcCodes; 2] = [AcCodes::new(standard::AC[0]), AcCodes::new(standard::AC[1])];

/// Bits to be written, right-aligned, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) bits: u32,
    pub(crate) len: u32,
}

impl Code {
    const NONE: Self = Self { bits: 0, len: 0 };

    /// This code and the bits that tell `value` from others of its size (§ F.1.2.1.1): its own if it is positive, those
    /// of one less if it is negative.
    #[inline(always)]
    const fn with_value(self, value: i32, size: u32) -> Self {
        let below = if value < 0 { value - 1 } else { value };
        Self { bits: self.bits << size | below.cast_unsigned() & ((1 << size) - 1), len: self.len + size }
    }
}

/// Several codes, one after the other; at most 57 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) bits: u64,
    pub(crate) len: u32,
}

impl Joined {
    pub(crate) const NONE: Self = Self { bits: 0, len: 0 };

    #[inline(always)]
    pub(crate) fn of(code: Code) -> Self {
        Self { bits: code.bits.into(), len: code.len }
    }

    #[inline(always)]
    pub(crate) fn append(&mut self, code: Code) {
        *self = Self { bits: self.bits << code.len | u64::from(code.bits), len: self.len + code.len };
    }
}

/// The bits of a value's magnitude.
#[inline(always)]
const fn size_of_value(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// The codes of all symbols of a table as a segment has it: 16 counts of codes by length, then the symbols (figures C.1
/// to C.3). A symbol without a code has no bits.
const fn codes(table: &[u8]) -> [Code; 256] {
    let mut codes = [Code::NONE; 256];
    let (mut bits, mut at, mut length) = (0, 0, 0);
    while length < 16 {
        let mut left = table[length];
        length += 1;
        while left > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
            let len = length as u32;
            codes[table[16 + at] as usize] = Code { bits, len };
            (bits, at, left) = (bits + 1, at + 1, left - 1);
        }
        bits <<= 1;
    }
    codes
}

/// The codes of one DC table by the size of the difference.
pub(crate) struct DcCodes([Code; 16]);

impl DcCodes {
    const fn new(table: &[u8]) -> Self {
        let (all, mut codes, mut size) = (codes(table), [Code::NONE; 16], 0);
        while size < 16 {
            codes[size] = all[size];
            size += 1;
        }
        Self(codes)
    }

    /// The code of a difference and the bits of its value: at most 11 and 11.
    #[inline(always)]
    pub(crate) fn difference(&self, difference: i32) -> Code {
        let size = size_of_value(difference);
        // Two DC coefficients of baseline differ by less than 2¹¹ (§ F.1.2.1), so the size is at most 11.
        self.0[size as usize & 15].with_value(difference, size)
    }
}

/// The codes of one AC table.
pub(crate) struct AcCodes {
    /// By the zeros before a coefficient, less than 64, and by its value as a byte.
    ///
    /// An entry is the code with the value's bits, shifted left by 5, plus their number: at most 16 + 7 bits. For the
    /// value 0 it is 0, so that coding a coefficient beyond the last one writes nothing.
    entries: [u32; ENTRIES],
    by_symbol: [Code; 256],
}

/// An entry of [`AcCodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CoefficientCode {
    /// The whole code of the coefficient.
    Code(Code),
    /// Zeros or a value that the table does not have; [`AcCodes::long`] knows them.
    Long,
}

impl AcCodes {
    const fn new(table: &[u8]) -> Self {
        let by_symbol = codes(table);
        let mut entries = [LONG; ENTRIES];
        let mut run = 0;
        while run < 64 {
            entries[run << 8] = 0;
            let mut value = -SHORT_VALUES;
            while value <= SHORT_VALUES && run < 16 {
                if value != 0 {
                    let size = size_of_value(value);
                    let code = by_symbol[run << 4 | size as usize].with_value(value, size);
                    entries[run << 8 | (value & 0xFF) as usize] = code.bits << 5 | code.len;
                }
                value += 1;
            }
            run += 1;
        }
        Self { entries, by_symbol }
    }

    /// The code of a coefficient after `run` zeros. Its value is given as an `i8`, to which values beyond were clamped.
    #[inline(always)]
    pub(crate) fn entry(&self, run: usize, value: u8) -> CoefficientCode {
        // The remainder changes nothing, as there are less than 64 zeros; it shows that the index is in range.
        let entry = self.entries[(run << 8 | usize::from(value)) % ENTRIES];
        if entry & LONG != 0 {
            CoefficientCode::Long
        } else {
            CoefficientCode::Code(Code { bits: entry >> 5, len: entry & 31 })
        }
    }

    /// The codes of a coefficient after `run` zeros, whatever they are: those of sixteen zeros each, at most three times
    /// 11 bits, then the coefficient's, at most 16 + 10.
    #[cold]
    #[inline(never)]
    pub(crate) fn long(&self, run: usize, value: i16) -> (Joined, Code) {
        let mut zeros = Joined::NONE;
        (0..run / 16).for_each(|_| zeros.append(self.by_symbol[0xF0]));
        let size = size_of_value(value.into());
        let code = self.by_symbol[(run % 16) << 4 | size as usize & 15];
        (zeros, code.with_value(value.into(), size))
    }

    /// The code that ends a block before its last coefficient.
    #[inline(always)]
    pub(crate) fn end_of_block(&self) -> Code {
        self.by_symbol[0]
    }
}

/// 64 runs of zeros, 256 values. Most of it is never read, and so not in a cache either.
const ENTRIES: usize = 64 * 256;

/// Marks an entry that the table does not have. Codes have less than 31 bits with their number.
const LONG: u32 = 1 << 31;

/// The largest magnitude that entries have. An `i8` that was clamped is beyond it.
const SHORT_VALUES: i32 = 126;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::{ac_luma, dc_chroma, dc_luma};

    /// The code of digits; spaces are skipped.
    fn code(digits: &str) -> Code {
        let digits = digits.replace(' ', "");
        Code { bits: u32::from_str_radix(&digits, 2).unwrap(), len: u32::try_from(digits.len()).unwrap() }
    }

    #[test]
    fn every_code_is_that_of_its_table() {
        for (codes, table) in [(&DC_CODES[0], dc_luma()), (&DC_CODES[1], dc_chroma())] {
            for (len, bits, size) in table.codes() {
                assert_eq!(codes.0[usize::from(size)], Code { bits, len });
            }
        }
        for (len, bits, symbol) in ac_luma().codes() {
            assert_eq!(AC_CODES[0].by_symbol[usize::from(symbol)], Code { bits, len });
        }
        assert_eq!(AC_CODES[0].by_symbol.iter().filter(|&&code| code != Code::NONE).count(), 162);
    }

    #[test]
    fn a_coefficient_is_its_code_and_the_bits_of_its_value() {
        assert_eq!((AC_CODES[0].end_of_block(), AC_CODES[1].end_of_block()), (code("1010"), code("00")));
        // Run 0, size 1: 00; run 1, size 2: 11011 and 111001.
        assert_eq!(AC_CODES[0].entry(0, 1), CoefficientCode::Code(code("00 1")));
        assert_eq!(AC_CODES[0].entry(0, 0xFF), CoefficientCode::Code(code("00 0")));
        assert_eq!(AC_CODES[0].entry(1, 3), CoefficientCode::Code(code("11011 11")));
        assert_eq!(AC_CODES[1].entry(1, 0xFD), CoefficientCode::Code(code("111001 00")));
        // 33 zeros: twice 11111111001, then run 1, size 10 (1111111110001000) and the bits of −1000.
        let (zeros, last) = AC_CODES[0].long(33, -1000);
        assert_eq!(zeros, Joined::of(code("11111111001 11111111001")));
        assert_eq!(last, code("1111111110001000 0000010111"));
    }

    #[test]
    fn entries_are_the_long_codes_where_there_are_some() {
        for codes in &AC_CODES {
            for run in 0..64 {
                assert_eq!(codes.entry(run, 0), CoefficientCode::Code(Code::NONE));
                for value in (-128..128).filter(|&value| value != 0) {
                    let entry = codes.entry(run, i8::try_from(value).unwrap().cast_unsigned());
                    let (zeros, code) = codes.long(run, value);
                    let short = run < 16 && i32::from(value).abs() <= SHORT_VALUES;
                    assert_eq!(entry, if short { CoefficientCode::Code(code) } else { CoefficientCode::Long });
                    assert_eq!(zeros != Joined::NONE, run > 15);
                }
            }
        }
    }

    #[test]
    fn differences_have_the_codes_of_their_size() {
        // Size 0: 00; size 2: 011 and 10; size 11: 111111110 and 11111111110.
        assert_eq!(DC_CODES[0].difference(0), code("00"));
        assert_eq!(DC_CODES[0].difference(-2), code("011 01"));
        assert_eq!(DC_CODES[1].difference(3), code("10 11"));
        assert_eq!(DC_CODES[0].difference(2047), code("111111110 11111111111"));
        assert_eq!(DC_CODES[1].difference(-2047), code("11111111110 00000000000"));
    }
}
