//! What the tables of prefix codes hold for each symbol (RFC 1951 § 3.2.5).
//!
//! An entry is 32 bits, so that one look-up gives all that a symbol means:
//!
//! ```text
//! bits     literals                     lengths and distances         pointer to a sub-table
//! 0 – 5    bits of all its codes        bits of code and extra bits   bits of the main table
//! 6 – 7    how many literals, 1 or 2    0                             0
//! 8 – 13   bits of the first code       bits of the code              bits of the sub-table
//! 14 – 15  0                            0                             EXCEPTIONAL, SUB_TABLE
//! 16 – 31  the bytes, the first lowest  the least length or distance  where the sub-table begins
//! ```
//!
//! The end of a block is [`END`]; what no stream may have is `EXCEPTIONAL` alone. A shift of 64 bits takes the low six
//! bits of its operand, so an entry needs no mask to say how far to shift.

/// Bits of which only literals have one: their number.
pub(super) const LITERAL: u32 = 3 << LITERAL_COUNT_SHIFT;
/// No literal, length or distance.
pub(super) const EXCEPTIONAL: u32 = 1 << 14;
/// A pointer to a sub-table.
pub(super) const SUB_TABLE: u32 = 1 << 15;
/// The end of the block, without its code.
pub(super) const END: u32 = EXCEPTIONAL | 1 << 16;
/// A symbol of the fixed code that no stream should have, taken for the end of the block (see [`LITERALS_AND_LENGTHS`]).
const NO_SYMBOL: u32 = EXCEPTIONAL | 3 << 16;
/// A symbol that is never valid, or bits that are no code.
pub(super) const INVALID: u32 = EXCEPTIONAL;

/// How far the bits of the first code are from the lowest bit.
pub(super) const CODE_BITS_SHIFT: u32 = 8;
const LITERAL_COUNT_SHIFT: u32 = 6;

/// The value of a length or a distance whose entry was found at the low bits of `bits`.
#[inline(always)]
pub(super) fn value(entry: u32, bits: u64) -> usize {
    let with_code = bits & ((1_u64 << (entry & 63)) - 1);
    // At most 13 extra bits are left.
    let extra = with_code.wrapping_shr(entry >> CODE_BITS_SHIFT);
    (entry >> 16) as usize + usize::try_from(extra).unwrap_or_default()
}

/// Whether an entry is the end of the block, or taken for it.
#[inline(always)]
pub(super) fn is_end(entry: u32) -> bool {
    entry & (EXCEPTIONAL | SUB_TABLE | 1 << 16) == END
}

/// Whether an entry is the symbol of the end of the block.
pub(super) fn is_true_end(entry: u32) -> bool {
    is_end(entry) && entry >> 16 == END >> 16
}

/// The bits of the first code of an entry.
#[inline(always)]
pub(super) fn code_bits(entry: u32) -> u32 {
    entry >> CODE_BITS_SHIFT & 15
}

/// How many bytes an entry of literals has.
#[inline(always)]
pub(super) fn literal_count(entry: u32) -> usize {
    (entry >> LITERAL_COUNT_SHIFT & 3) as usize
}

/// The bytes of an entry of literals; the second is of no use where there is one.
#[inline(always)]
pub(super) fn literals(entry: u32) -> [u8; 2] {
    let [_, _, first, second] = entry.to_le_bytes();
    [first, second]
}

/// An entry with the bits of its code.
#[inline(always)]
pub(super) fn with_code(entry: u32, bits: u32) -> u32 {
    entry + bits + (bits << CODE_BITS_SHIFT)
}

/// What an entry of one literal adds to that of the literal before it, to make an entry of two.
#[inline(always)]
pub(super) fn joined(second: u32) -> u32 {
    (second & 63) + (1 << LITERAL_COUNT_SHIFT) + ((second & 0xFF_0000) << 8)
}

/// The entries of the alphabet of literals and lengths, without their codes.
pub(super) const LITERALS_AND_LENGTHS: [u32; 288] = {
    let mut entries = [INVALID; 288];
    let mut symbol = 0;
    while symbol < 256 {
        entries[symbol as usize] = 1 << LITERAL_COUNT_SHIFT | symbol << 16;
        symbol += 1;
    }
    entries[256] = END;
    // Lengths 3 to 10 have no extra bits; from there on every fourth symbol has one more. Symbol 285 is 258 alone.
    let (mut at, mut base) = (0, 3);
    while at < 28 {
        let extra = if at < 8 { 0 } else { at / 4 - 1 };
        entries[257 + at as usize] = base << 16 | extra;
        base += 1 << extra;
        at += 1;
    }
    entries[285] = 258 << 16;
    // Only the fixed code has these symbols, and no stream should (§ 3.2.6). The crate fdeflate, by which the crate png
    // inflates, takes them for the end of a block. So verdicts are the same here.
    entries[286] = NO_SYMBOL;
    entries[287] = NO_SYMBOL;
    entries
};

/// The entries of the alphabet of distances, without their codes.
pub(super) const DISTANCES: [u32; 32] = {
    let mut entries = [INVALID; 32];
    // Distances 1 to 4 have no extra bits; from there on every second symbol has one more.
    let (mut at, mut base) = (0, 1);
    while at < 30 {
        let extra = if at < 4 { 0 } else { at / 2 - 1 };
        entries[at as usize] = base << 16 | extra;
        base += 1 << extra;
        at += 1;
    }
    entries
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_distances_are_those_of_the_standards_tables() {
        let of = |entry: u32| (entry >> 16, entry & 63);
        let lengths = [(257, (3, 0)), (264, (10, 0)), (265, (11, 1)), (277, (67, 4)), (284, (227, 5)), (285, (258, 0))];
        for (symbol, expected) in lengths {
            assert_eq!(of(LITERALS_AND_LENGTHS[symbol]), expected, "symbol {symbol}");
        }
        for (symbol, expected) in [(0, (1, 0)), (3, (4, 0)), (4, (5, 1)), (17, (385, 7)), (29, (24_577, 13))] {
            assert_eq!(of(DISTANCES[symbol]), expected, "symbol {symbol}");
        }
        assert_eq!([DISTANCES[30], DISTANCES[31]], [INVALID; 2]);
    }

    #[test]
    fn a_value_is_its_base_and_the_extra_bits_behind_the_code() {
        let entry = with_code(DISTANCES[29], 7);
        assert_eq!(value(entry, u64::MAX), 32_768);
        assert_eq!(value(entry, 0b101_0101010), 24_577 + 0b101);
        assert_eq!((entry & 63, code_bits(entry)), (20, 7));
    }

    #[test]
    fn two_literals_are_one_entry() {
        let [a, b] =
            [(b'a', 3), (b'b', 4)].map(|(byte, bits)| with_code(LITERALS_AND_LENGTHS[usize::from(byte)], bits));
        assert_eq!((literal_count(a), literals(a)[0]), (1, b'a'));
        let both = a + joined(b);
        assert_eq!((literal_count(both), literals(both), both & 63, code_bits(both)), (2, *b"ab", 7, 3));
        assert!(both & LITERAL != 0);
    }
}
