//! A group of five prefix codes, and the table that finds whole pixels (RFC 9649 § 3.7.2).
//!
//! A pixel that is not copied takes four symbols: green, red, blue, alpha. Where their codes are short together, the
//! next bits decide all four, so one look-up into a table of whole pixels takes the place of four. An entry of that table
//! is 64 bits: 32 for the pixel, 8 for the bits that it takes, and one of the [`kinds`](mod@kind) above them.

use image_ingest_samples::{joined, zeroed};

use super::alphabet::{LITERALS, alphabets};
use super::bits::Bits;
use super::code_lengths::CodeLengths;
use super::prefix::PrefixCode;
use crate::result::Result;

/// The five prefix codes that a pixel is coded with, with their tables.
#[derive(Debug, Default)]
pub(crate) struct PrefixGroup {
    pub(crate) codes: [PrefixCode; 5],
    /// The tables of the five codes.
    pub(crate) tables: Vec<u16>,
    /// The table of whole pixels: a power of two of entries.
    pub(crate) pixels: Vec<u64>,
    /// The pixel that takes no bits, where there is no other.
    pub(crate) only: Option<u32>,
}

/// The places of the codes in a group. The symbols of green are values, then prefixes of lengths, then indices into the
/// colour cache.
pub(crate) const GREEN: usize = 0;
pub(crate) const RED: usize = 1;
pub(crate) const BLUE: usize = 2;
pub(crate) const ALPHA: usize = 3;
pub(crate) const DISTANCE: usize = 4;

/// What an entry of the table of whole pixels holds, from bit 40 on. Each is above the one before, so that one comparison
/// tells a whole pixel from the rest.
pub(crate) mod kind {
    /// A pixel of four symbols.
    pub(crate) const PIXEL: u32 = 0;
    /// Green; the codes of the other three are longer than the table shows.
    pub(crate) const GREEN: u32 = 1;
    /// Green and red.
    pub(crate) const GREEN_RED: u32 = 2;
    /// Green, red and blue.
    pub(crate) const GREEN_RED_BLUE: u32 = 3;
    /// A symbol of green that is no value, in the place of the pixel.
    pub(crate) const SYMBOL: u32 = 4;
    /// Nothing: the code of green is longer than the table shows. No bits are taken.
    pub(crate) const LONG: u32 = 5;
}

/// What a group takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupShape {
    /// Entries of the tables of its codes.
    pub(crate) entries: usize,
    /// Bits of an index into its table of whole pixels.
    pub(crate) pixel_bits: u32,
    /// Whether only green differs between pixels that are not copied.
    pub(crate) green_alone: bool,
}

impl GroupShape {
    /// Bytes of memory.
    pub(crate) const fn bytes(self) -> u64 {
        // Two allocations with 16 bytes of the allocator each.
        (size_of::<PrefixGroup>() + 2 * self.entries + (8 << self.pixel_bits) + 32) as u64
    }
}

/// Reads groups. What it needs for one is used for the next.
pub(crate) struct GroupReader {
    lengths: CodeLengths,
    tables: Vec<u16>,
}

impl GroupReader {
    pub(crate) const fn new() -> Self {
        Self { lengths: CodeLengths::new(), tables: Vec::new() }
    }

    /// Reads the five codes, in the order of their fields, and says what a group of them takes that codes `pixels`
    /// pixels. Their tables are made where `keep` says so.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    fn read_codes(
        &mut self,
        bits: &mut Bits<'_>,
        cache_bits: u32,
        pixels: u64,
        keep: bool,
    ) -> Result<([PrefixCode; 5], GroupShape)> {
        let (mut codes, mut end) = ([PrefixCode::default(); 5], 0);
        for (code, symbols) in codes.iter_mut().zip(alphabets(cache_bits)) {
            self.lengths.read(bits, symbols)?;
            (*code, end) = PrefixCode::at(end, &self.lengths);
            if keep {
                self.tables.resize(end.max(self.tables.len()), 0);
                code.write(&self.lengths, &mut self.tables);
            }
        }
        let green_alone = codes[RED..=ALPHA].iter().all(|code| code.longest == 0);
        let longest = codes[..=ALPHA].iter().map(|code| u32::from(code.longest)).sum();
        Ok((codes, GroupShape { entries: end, pixel_bits: pixel_bits(pixels, longest), green_alone }))
    }

    /// Reads a group and says what it takes.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn shape(&mut self, bits: &mut Bits<'_>, cache_bits: u32, pixels: u64) -> Result<GroupShape> {
        self.read_codes(bits, cache_bits, pixels, false).map(|(_, shape)| shape)
    }

    /// Reads a group that codes `pixels` pixels.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `out_of_memory`.
    pub(crate) fn group(&mut self, bits: &mut Bits<'_>, cache_bits: u32, pixels: u64) -> Result<PrefixGroup> {
        let (codes, shape) = self.read_codes(bits, cache_bits, pixels, true)?;
        let tables = joined(&[self.tables.get(..shape.entries).unwrap_or_default()])?;
        let mut group = PrefixGroup { codes, tables, pixels: zeroed(1 << shape.pixel_bits)?, only: None };
        group.fill_pixels(shape.pixel_bits);
        Ok(group)
    }
}

impl PrefixGroup {
    /// Enters, for each value of the next `bits` bits, as much of a pixel as they decide.
    fn fill_pixels(&mut self, bits: u32) {
        let mut table = std::mem::take(&mut self.pixels);
        for (window, entry) in (0u64..).zip(&mut table) {
            *entry = self.decided(window, bits);
        }
        if let (&[entry], 0) = (&table[..], bits)
            && kind_of(entry) == kind::PIXEL
        {
            // The pixel is in the lowest 32 bits.
            self.only = Some(pixel_of(entry));
        }
        self.pixels = table;
    }

    /// What `window` decides, of which `known` bits count.
    ///
    /// A symbol whose code is longer than what is left of them is not decided, whatever the zeros behind them say.
    fn decided(&self, window: u64, known: u32) -> u64 {
        let (green, mut used) = self.codes[GREEN].find(&self.tables, window);
        if used > known {
            return entry(kind::LONG, 0, 0);
        }
        if usize::from(green) >= LITERALS {
            return entry(kind::SYMBOL, used, green.into());
        }
        let mut pixel = u32::from(green) << 8;
        for (code, shift, kind) in
            [(RED, 16, kind::GREEN), (BLUE, 0, kind::GREEN_RED), (ALPHA, 24, kind::GREEN_RED_BLUE)]
        {
            let (symbol, length) = self.codes[code].find(&self.tables, window >> used);
            if used + length > known {
                return entry(kind, used, pixel);
            }
            used += length;
            pixel |= u32::from(symbol) << shift;
        }
        entry(kind::PIXEL, used, pixel)
    }
}

const fn entry(kind: u32, bits: u32, value: u32) -> u64 {
    (kind as u64) << 40 | (bits as u64) << 32 | value as u64
}

/// The kind that an entry holds.
#[inline(always)]
pub(crate) const fn kind_of(entry: u64) -> u32 {
    (entry >> 40) as u32
}

/// The bits that an entry takes.
#[inline(always)]
pub(crate) const fn bits_of(entry: u64) -> u32 {
    (entry >> 32) as u32 & 0xFF
}

/// The pixel, or a part of it, or the symbol that an entry holds: its lowest 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are the pixel")]
#[inline(always)]
pub(crate) const fn pixel_of(entry: u64) -> u32 {
    entry as u32
}

/// Bits of an index into a table of whole pixels: as many as a pixel can take at most, and no more than pay off. An entry
/// takes as long to make as a pixel does to read, and may save half of that for each of the pixels that come to it.
fn pixel_bits(pixels: u64, longest: u32) -> u32 {
    longest.min(MAX_PIXEL_BITS).min((pixels / PIXELS_AN_ENTRY + 1).ilog2())
}

/// More bits cost more cache misses than they save look-ups.
const MAX_PIXEL_BITS: u32 = 11;
const PIXELS_AN_ENTRY: u64 = 8;
