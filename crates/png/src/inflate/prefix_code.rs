//! Turns the lengths of prefix codes into tables (RFC 1951 § 3.2.2).
//!
//! A table is looked up by the next bits of the stream, whose first bit is lowest. It begins with the main table of
//! `2^main_bits` entries. A code that is longer has, at its first `main_bits` bits, a pointer to a sub-table behind the
//! main one, which is looked up by the bits that follow. All sub-tables of a table have one size, that of its longest
//! code.

use super::entries::{CODE_BITS_SHIFT, EXCEPTIONAL, INVALID, SUB_TABLE, with_code};

/// The symbols of an alphabet that have a code, and the bits of each code.
///
/// They are kept as a list, not as an array over the alphabet: a block of many bytes' worth of nothing then costs no more
/// than it has symbols.
#[derive(Debug, Clone)]
pub(super) struct CodedSymbols {
    /// The symbol, and the bits of its code in the low four bits; by rising symbol.
    list: [u16; 288],
    len: usize,
    /// How many codes have so many bits.
    counts: [u16; 16],
}

impl CodedSymbols {
    pub(super) const fn new() -> Self {
        Self { list: [0; 288], len: 0, counts: [0; 16] }
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.counts) = (0, [0; 16]);
    }

    /// Adds a symbol, above those that are there, with a code of `bits` bits, 1 to 15. At most 288 symbols are kept.
    #[inline(always)]
    pub(super) fn push(&mut self, symbol: u16, bits: u8) {
        if let Some(place) = self.list.get_mut(self.len) {
            *place = symbol << 4 | u16::from(bits & 15);
            self.len += 1;
            self.counts[usize::from(bits & 15)] += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first symbol of the alphabet that has a code.
    pub(super) fn first(&self) -> Option<usize> {
        self.list[..self.len].first().map(|&symbol| usize::from(symbol >> 4))
    }

    /// Whether every sequence of bits begins with a code, and with one alone.
    pub(super) fn is_complete(&self) -> bool {
        let used = (1..16).map(|bits| u32::from(self.counts[bits]) << (15 - bits)).sum::<u32>();
        used == 1 << 15
    }

    /// Whether there is one code, of one bit.
    pub(super) fn is_one_bit(&self) -> bool {
        self.len == 1 && self.counts[1] == 1
    }

    /// Fills `table` for a complete code. `entries` are those of the alphabet, without codes. The table must have room for
    /// the main table and [`sub_tables_len`] entries.
    pub(super) fn fill(&self, entries: &[u32], main_bits: u32, table: &mut [u32]) {
        let sorted = self.by_bits();
        let mut sorted = sorted[..self.len].iter().map(|&symbol| {
            let (symbol, bits) = (symbol >> 4, u32::from(symbol & 15));
            (entries.get(usize::from(symbol)).copied().unwrap_or(INVALID), bits)
        });
        let mut code = ReversedCode(0);
        // The table of codes of at most `bits` bits has `2^bits` entries. It is doubled for the next length: a code that
        // is shorter than the table is wide stands wherever its bits are lowest. Entries that have no code yet are
        // written when the codes or pointers come to them, since the code is complete.
        for bits in 1..=main_bits {
            for (entry, _) in sorted.by_ref().take(usize::from(self.counts[bits as usize])) {
                table[code.0 as usize] = with_code(entry, bits);
                code.advance(bits);
            }
            if bits < main_bits {
                table.copy_within(..1 << bits, 1 << bits);
            }
        }
        let longest = (1..16).rev().find(|&bits| self.counts[bits as usize] > 0).unwrap_or(0);
        if longest > main_bits {
            fill_sub_tables(sorted, code, [main_bits, longest], table);
        }
    }

    /// The list by rising length of the codes, and by rising symbol where lengths are equal.
    fn by_bits(&self) -> [u16; 288] {
        let mut sorted = [0; 288];
        let mut next = [0_u16; 16];
        for bits in 1..15 {
            next[bits + 1] = next[bits] + self.counts[bits];
        }
        for &symbol in &self.list[..self.len] {
            let place = &mut next[usize::from(symbol & 15)];
            sorted[usize::from(*place)] = symbol;
            *place += 1;
        }
        sorted
    }
}

/// Fills the sub-tables with the codes that are longer than the main table is wide.
fn fill_sub_tables(
    codes: impl Iterator<Item = (u32, u32)>,
    mut code: ReversedCode,
    [main_bits, longest]: [u32; 2],
    table: &mut [u32],
) {
    let sub_bits = longest - main_bits;
    let (mut prefix, mut start, mut end) = (u32::MAX, 0, 1_u32 << main_bits);
    for (entry, bits) in codes {
        let this = code.0 & ((1 << main_bits) - 1);
        if this != prefix {
            (prefix, start) = (this, end);
            end += 1 << sub_bits;
            table[prefix as usize] = EXCEPTIONAL | SUB_TABLE | start << 16 | sub_bits << CODE_BITS_SHIFT | main_bits;
        }
        let rest = bits - main_bits;
        let places = (start + (code.0 >> main_bits)..end).step_by(1 << rest);
        places.for_each(|place| table[place as usize] = with_code(entry, rest));
        code.advance(bits);
    }
}

/// The most entries of the sub-tables of a code of `symbols` symbols: a prefix that has a sub-table has two codes or more,
/// and no code has more than 15 bits.
pub(super) const fn sub_tables_len(symbols: usize, main_bits: u32) -> usize {
    (symbols / 2) << (15 - main_bits)
}

/// A code whose first bit is lowest, as it lies in the stream.
struct ReversedCode(u32);

impl ReversedCode {
    /// Goes to the next code of `bits` bits: adds one at its last bit, which is highest. The last code of all stays.
    #[inline(always)]
    fn advance(&mut self, bits: u32) {
        let zeros = !self.0 & ((1 << bits) - 1);
        if let Some(highest) = zeros.checked_ilog2() {
            self.0 = self.0 & ((1 << highest) - 1) | 1 << highest;
        }
    }
}
