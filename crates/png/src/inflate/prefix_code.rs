//! Turns the lengths of prefix codes into tables (RFC 1951 § 3.2.2).
//!
//! A table is looked up by the next bits of the stream, whose first bit is lowest. It begins with the main table of
//! `2^main_bits` entries. A code that is longer has, at its first `main_bits` bits, a pointer to a sub-table behind the
//! main one, which is looked up by the bits that follow. All sub-tables of a table have one size, that of its longest
//! code.

use std::ops::Range;

use super::entries::{CODE_BITS_SHIFT, EXCEPTIONAL, INVALID, SUB_TABLE, with_code};

/// The symbols of an alphabet that have a code, and the bits of each code.
///
/// They are kept as runs, not as an array over the alphabet: a block of many bytes' worth of nothing then costs no more
/// than its header has lengths.
#[derive(Debug, Clone)]
pub(super) struct CodedSymbols {
    /// By rising symbol.
    runs: [Run; 288],
    run_count: usize,
    /// How many codes have so many bits.
    counts: [u16; 16],
    /// How many symbols have a code, 288 at most.
    len: u16,
}

/// Symbols that follow each other and have codes of the same length.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u16,
    len: u16,
    /// Bits of each code, 1 to 15.
    bits: u8,
}

impl CodedSymbols {
    pub(super) const fn new() -> Self {
        Self { runs: [Run { first: 0, len: 0, bits: 1 }; 288], run_count: 0, counts: [0; 16], len: 0 }
    }

    pub(super) fn clear(&mut self) {
        (self.run_count, self.counts, self.len) = (0, [0; 16], 0);
    }

    /// Adds symbols, above those that are there, with codes of `bits` bits, 1 to 15. At most 288 symbols are kept.
    #[inline(always)]
    pub(super) fn push(&mut self, symbols: Range<u16>, bits: u8) {
        let len = symbols.end.saturating_sub(symbols.start);
        if len == 0 || len > 288 - self.len {
            return;
        }
        if let Some(run) = self.runs.get_mut(self.run_count) {
            *run = Run { first: symbols.start, len, bits: bits & 15 };
            self.run_count += 1;
            self.counts[usize::from(bits & 15)] += len;
            self.len += len;
        }
    }

    /// Whether no symbol has a code.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first symbol of the alphabet that has a code.
    pub(super) fn first(&self) -> Option<usize> {
        self.runs[..self.run_count].first().map(|run| usize::from(run.first))
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
    /// the main table, of at most [`REVERSED_BITS`], and [`sub_tables_len`] entries.
    pub(super) fn fill(&self, entries: &[u32], main_bits: u32, table: &mut [u32]) {
        let sorted = self.by_bits(entries);
        let mut rest = &sorted[..usize::from(self.len)];
        let mut code = 0_u16;
        // The table of codes of at most `bits` bits has `2^bits` entries. It is doubled for the next length: a code that
        // is shorter than the table is wide stands wherever its bits are lowest. Entries that have no code yet are
        // written when the codes or pointers come to them, since the code is complete.
        for bits in 1..=main_bits {
            let (entries, longer) = rest.split_at(usize::from(self.counts[bits as usize]));
            let wide = &mut table[..1 << bits];
            for &entry in entries {
                wide[usize::from(reversed(code, bits))] = with_code(entry, bits);
                code += 1;
            }
            rest = longer;
            code <<= 1;
            if bits < main_bits {
                table.copy_within(..1 << bits, 1 << bits);
            }
        }
        if !rest.is_empty() {
            self.fill_sub_tables(rest, code, main_bits, table);
        }
    }

    /// Fills the sub-tables with the entries whose codes are longer than the main table is wide; `code` is the first of
    /// them, one bit longer than that.
    fn fill_sub_tables(&self, entries: &[u32], mut code: u16, main_bits: u32, table: &mut [u32]) {
        let mut entries = entries.iter();
        let longest = (1..16).rev().find(|&bits| self.counts[bits as usize] > 0).unwrap_or(main_bits);
        let sub_bits = longest - main_bits;
        let (mut prefix, mut start, mut end) = (u16::MAX, 0, 1_u32 << main_bits);
        for bits in main_bits + 1..=longest {
            let rest = bits - main_bits;
            for &entry in entries.by_ref().take(usize::from(self.counts[bits as usize])) {
                if code >> rest != prefix {
                    prefix = code >> rest;
                    (start, end) = (end, end + (1 << sub_bits));
                    table[usize::from(reversed(prefix, main_bits))] =
                        EXCEPTIONAL | SUB_TABLE | start << 16 | sub_bits << CODE_BITS_SHIFT | main_bits;
                }
                let mut place = start + u32::from(reversed(code & ((1 << rest) - 1), rest));
                while place < end {
                    table[place as usize] = with_code(entry, rest);
                    place += 1 << rest;
                }
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
    }

    /// The entries of the symbols by rising length of their codes, and by rising symbol where lengths are equal.
    fn by_bits(&self, entries: &[u32]) -> [u32; 288] {
        let mut sorted = [INVALID; 288];
        let mut next = [0_u16; 16];
        for bits in 1..15 {
            next[bits + 1] = next[bits] + self.counts[bits];
        }
        for run in &self.runs[..self.run_count] {
            let (place, len) = (&mut next[usize::from(run.bits & 15)], usize::from(run.len));
            let to = sorted.get_mut(usize::from(*place)..).unwrap_or_default();
            let from = entries.get(usize::from(run.first)..).unwrap_or_default();
            to.iter_mut().zip(from).take(len).for_each(|(to, from)| *to = *from);
            *place += run.len;
        }
        sorted
    }
}

/// A code of `bits` bits, [`REVERSED_BITS`] at most, as it lies in the stream: with its first bit lowest.
#[inline(always)]
fn reversed(code: u16, bits: u32) -> u16 {
    REVERSED[usize::from(code) % REVERSED.len()] >> (REVERSED_BITS - bits)
}

/// The most bits of a main table.
const REVERSED_BITS: u32 = 11;

/// Each number of [`REVERSED_BITS`], with its bits in reverse order.
#[expect(clippy::cast_possible_truncation, reason = "numbers of 11 bits")]
static REVERSED: [u16; 1 << REVERSED_BITS] = {
    let mut reversed = [0; 1 << REVERSED_BITS];
    let mut code = 0;
    while code < reversed.len() {
        reversed[code] = (code as u16).reverse_bits() >> (16 - REVERSED_BITS);
        code += 1;
    }
    reversed
};

/// The most entries of the sub-tables of a code of `symbols` symbols: a prefix that has a sub-table has two codes or more,
/// and no code has more than 15 bits.
pub(super) const fn sub_tables_len(symbols: usize, main_bits: u32) -> usize {
    (symbols / 2) << (15 - main_bits)
}
