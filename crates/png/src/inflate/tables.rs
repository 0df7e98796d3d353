//! The tables of a compressed block: one of literals and lengths, one of distances.

use super::bits::BitReservoir;
use super::entries::{
    CODE_BITS_SHIFT, DISTANCES, INVALID, LITERAL, LITERALS_AND_LENGTHS, SUB_TABLE, joined, literal_count, with_code,
};
use super::prefix_code::{CodedSymbols, sub_tables_len};

/// The bits that the main table of literals and lengths is looked up by.
pub(super) const LITERAL_BITS: u32 = 11;
/// The bits that the main table of distances is looked up by.
pub(super) const DISTANCE_BITS: u32 = 9;

const LITERAL_LEN: usize = (1 << LITERAL_BITS) + sub_tables_len(286, LITERAL_BITS);
const DISTANCE_LEN: usize = (1 << DISTANCE_BITS) + sub_tables_len(30, DISTANCE_BITS);

/// The tables of one block.
#[derive(Debug, Clone)]
pub(super) struct BlockTables {
    literals: [u32; LITERAL_LEN],
    distances: [u32; DISTANCE_LEN],
    /// Whether the literals have pairs.
    has_pairs: bool,
    /// Whether the codes are the fixed ones.
    is_fixed: bool,
}

impl BlockTables {
    pub(super) const fn new() -> Self {
        Self { literals: [INVALID; LITERAL_LEN], distances: [INVALID; DISTANCE_LEN], has_pairs: false, is_fixed: false }
    }

    /// Makes the tables of the fixed codes (RFC 1951 § 3.2.6), where they are not there from the block before.
    pub(super) fn fix(&mut self) {
        if self.is_fixed {
            return;
        }
        let (mut literals, mut distances) = (CodedSymbols::new(), CodedSymbols::new());
        for (symbols, bits) in [(0..144, 8), (144..256, 9), (256..280, 7), (280..288, 8)] {
            literals.push(symbols, bits);
        }
        distances.push(0..32, 5);
        literals.fill(&LITERALS_AND_LENGTHS, LITERAL_BITS, &mut self.literals);
        distances.fill(&DISTANCES, DISTANCE_BITS, &mut self.distances);
        (self.has_pairs, self.is_fixed) = (false, true);
    }

    /// Makes the tables of these codes; `None` where one is not valid. The code of literals and lengths must be complete.
    /// That of distances may also be empty, or one code of one bit (RFC 1951 § 3.2.7).
    pub(super) fn set(&mut self, literals: &CodedSymbols, distances: &CodedSymbols) -> Option<()> {
        if !literals.is_complete() || !(distances.is_complete() || distances.is_one_bit() || distances.is_empty()) {
            return None;
        }
        literals.fill(&LITERALS_AND_LENGTHS, LITERAL_BITS, &mut self.literals);
        if distances.is_complete() {
            distances.fill(&DISTANCES, DISTANCE_BITS, &mut self.distances);
        } else {
            let entry = distances.first().and_then(|symbol| DISTANCES.get(symbol)).map(|&entry| with_code(entry, 1));
            let main = &mut self.distances[..1 << DISTANCE_BITS];
            main.as_chunks_mut().0.fill([entry.unwrap_or(INVALID), INVALID]);
        }
        (self.has_pairs, self.is_fixed) = (false, false);
        Some(())
    }

    /// Joins literals whose codes fit the main table together, so that one look-up gives both. This takes longer than
    /// making the table, so a block earns it by its length.
    pub(super) fn join_pairs(&mut self) {
        if self.has_pairs {
            return;
        }
        self.has_pairs = true;
        // What follows a code of at least one bit is looked up at a lower place, where nothing is joined yet; at place 0
        // it is the place itself.
        // The choice is made without a branch, which would be mispredicted half the time.
        for at in (0..1_usize << LITERAL_BITS).rev() {
            let first = self.literals[at];
            let second = self.literals[at >> (first & 31)];
            let fits = (first & 63) + (second & 63) <= LITERAL_BITS;
            // Both are one literal, or one of them is none.
            let joins = u32::from(first & second & LITERAL != 0) & u32::from(fits);
            self.literals[at] = first + (joined(second) & joins.wrapping_neg());
        }
        debug_assert!(self.literals.iter().all(|&entry| literal_count(entry) < 3));
    }

    pub(super) fn has_pairs(&self) -> bool {
        self.has_pairs
    }

    /// The entry of the main table of literals and lengths.
    #[inline(always)]
    pub(super) fn literal(&self, bits: &BitReservoir) -> u32 {
        self.literals[bits.low(LITERAL_BITS) as usize]
    }

    /// The entry of the main table of distances.
    #[inline(always)]
    pub(super) fn distance(&self, bits: &BitReservoir) -> u32 {
        self.distances[bits.low(DISTANCE_BITS) as usize]
    }

    /// What a pointer of the table of literals and lengths points to. The bits of the main table are used up.
    #[cold]
    #[inline(never)]
    pub(super) fn sub_literal(&self, pointer: u32, bits: BitReservoir) -> u32 {
        debug_assert!(pointer & SUB_TABLE != 0);
        self.literals.get(place(pointer, bits)).copied().unwrap_or(INVALID)
    }

    /// What a pointer of the table of distances points to; [`INVALID`] for no pointer. The bits of the main table are used
    /// up.
    #[cold]
    #[inline(never)]
    pub(super) fn sub_distance(&self, pointer: u32, bits: BitReservoir) -> u32 {
        if pointer & SUB_TABLE == 0 {
            return INVALID;
        }
        self.distances.get(place(pointer, bits)).copied().unwrap_or(INVALID)
    }
}

/// The place in the sub-table that a pointer points to.
#[inline(always)]
fn place(pointer: u32, bits: BitReservoir) -> usize {
    (pointer >> 16) as usize + bits.low(pointer >> CODE_BITS_SHIFT & 15) as usize
}
