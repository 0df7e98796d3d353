//! Reads one block's part of a progressive scan of AC coefficients into masks (ITU-T T.81 §§ G.1.2.2 and G.1.2.3).
//!
//! It reads what [`crate::band`] reads. There a block is 64 coefficients, and here it is masks, whose bit 63 − `k` is
//! the coefficient of the zigzag index `k`: so the next coefficient is the highest bit. A refinement needs to know no
//! coefficient, only which of them are not zero, and what it brings is a bit of each. So it works on whole bands:
//!
//! - The corrections of some coefficients are the next bits, put one by one where the mask of those coefficients has
//!   its bits, from the top on. [`deposit`] does that; BMI2 has an instruction for it (`pdep`).
//! - The zero after a run of others is a bit of the mask of the zeros. [`pick`] finds it; `pdep` puts a number with that
//!   one bit there.

use crate::band::read_end_run;
use crate::bits::BitReader;
use crate::codes::{HuffmanTable, bits_to_value};
use crate::value_stream::{ValueStream, shifted};

/// A lookup for first scans: what the next 12 bits hold whole, a coefficient with its run of zeros, or an end of band.
///
/// | bits | field |
/// |---|---|
/// | 0–7 | bits taken |
/// | 8–15 | the run of zeros before the coefficient; [`END_OF_BAND`]; [`BY_CODE`] for what the lookup does not have |
/// | 16–31 | the value, signed, of at most seven bits; the further blocks that end with this one |
pub(crate) struct FirstScanTable(Box<[u32; 1 << LOOKUP]>);

const LOOKUP: u32 = 12;
/// Runs that lead beyond every band.
const END_OF_BAND: u32 = 64;
const BY_CODE: u32 = 65;

impl FirstScanTable {
    /// The lookup of `codes` for a scan whose lowest bit is `bit`.
    ///
    /// It has the values of which a byte and a mask tell everything: those of at most seven bits, which with `bit` zeros
    /// below do not wrap in 16 bits. A run of 16 zeros is rare and not there. All numbers that begin with the same bits
    /// have the same entry, so the loop goes from one of these groups to the next.
    pub(crate) fn new(codes: &HuffmanTable, bit: u8) -> Self {
        let mut entries = Box::new([BY_CODE << 8; 1 << LOOKUP]);
        let mut index = 0;
        while index < 1 << LOOKUP {
            let (length, entry) = match codes.find(index << (16 - LOOKUP)) {
                Some((length, symbol)) if length <= LOOKUP => {
                    let entry = first_entry(index, length, symbol, bit);
                    (entry.map_or(length, |entry| entry & 0xFF), entry)
                }
                _ => (LOOKUP, None),
            };
            let group = 1 << (LOOKUP - length);
            if let (Some(entry), Some(same)) = (entry, entries.get_mut(index as usize..(index + group) as usize)) {
                same.fill(entry);
            }
            index += group;
        }
        Self(entries)
    }
}

/// The entry of a number of [`LOOKUP`] bits that begins with the code of `symbol`; `None` where the code is needed.
fn first_entry(index: u32, length: u32, symbol: u8, bit: u8) -> Option<u32> {
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    let taken = length + if size == 0 { run } else { size };
    if taken > LOOKUP || run == 15 && size == 0 || size > 7 || size + u32::from(bit) > 15 {
        return None;
    }
    let bits = index >> (LOOKUP - taken);
    Some(match size {
        0 => taken | END_OF_BAND << 8 | ((1 << run) - 1 + (bits & ((1 << run) - 1))) << 16,
        _ => taken | run << 8 | bits_to_value(bits, size).cast_unsigned() << 16,
    })
}

/// Which coefficients of a block a first scan has brought.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundMasks {
    pub(crate) nonzero: u64,
    pub(crate) negative: u64,
}

/// The codes of a first scan.
pub(crate) struct FirstBand<'s> {
    pub(crate) codes: &'s HuffmanTable,
    pub(crate) table: &'s FirstScanTable,
    /// The first and last zigzag index.
    pub(crate) spectrum: (u32, u32),
    pub(crate) bit: u8,
}

/// Reads a block's part of the first scan of a band (§ G.1.2.2). Its values go to `stream`.
///
/// Four lookups take at most 48 of the 56 bits of a refill. What they do not have is read by its code, which takes at
/// most 31 bits: a code of 16, and a coefficient of 15 or a run of blocks of 14. Every turn makes `k` larger, so there
/// are at most 63 values. A run of 16 zeros may lead beyond the band, as libjpeg accepts; a coefficient may not.
#[inline(always)]
pub(crate) fn read_first_masks(
    reader: &mut BitReader,
    window: &[u8],
    band: &FirstBand<'_>,
    stream: &mut ValueStream,
    end_run: &mut u32,
) -> Option<FoundMasks> {
    let mut found = FoundMasks::default();
    if *end_run > 0 {
        *end_run -= 1;
        return Some(found);
    }
    let mut values = stream.room()?;
    let (mut k, last) = band.spectrum;
    'block: while k <= last {
        reader.refill(window);
        for _ in 0..4 {
            let entry = band.table.0[reader.peek(LOOKUP) as usize & ((1 << LOOKUP) - 1)];
            let (taken, run, value) = (entry & 0xFF, entry >> 8 & 0xFF, entry.cast_signed() >> 16);
            let at = k + run;
            if at > last {
                if run != END_OF_BAND {
                    break;
                }
                reader.skip(taken);
                *end_run = entry >> 16;
                break 'block;
            }
            reader.skip(taken);
            values.add_small(value);
            found.add(at, value < 0);
            k = at + 1;
            if k > last {
                break 'block;
            }
        }
        reader.refill(window);
        let (length, symbol) = band.codes.find(reader.peek(16))?;
        reader.skip(length);
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                *end_run = read_end_run(reader, run) - 1;
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > last {
            return None;
        }
        let value = bits_to_value(reader.peek(size), size);
        reader.skip(size);
        if size <= 7 {
            values.add_small(value)
        } else {
            values.add_large(value)
        }
        found.add(k, shifted(value, band.bit) < 0);
        k += 1;
    }
    let count = values.count;
    stream.keep(count);
    Some(found)
}

impl FoundMasks {
    #[inline(always)]
    fn add(&mut self, k: u32, is_negative: bool) {
        let place = 1 << 63 >> (k & 63);
        self.nonzero |= place;
        self.negative |= place & u64::from(is_negative).wrapping_neg();
    }
}

/// What a refinement sees and changes of a block.
pub(crate) struct RefinedMasks<'b> {
    pub(crate) nonzero: &'b mut u64,
    pub(crate) negative: &'b mut u64,
    /// The bit that the scan brings, of each coefficient's magnitude.
    pub(crate) refined: &'b mut u64,
}

/// Reads a block's part of a scan that brings one more bit of a band (§ G.1.2.3).
///
/// A code says after how many zeros a new coefficient comes, whose value is ±1 at this bit. Coefficients that are not
/// zero do not count as zeros, and each takes a bit of correction on the way. A run of 16 zeros is a run of 15 and a
/// new coefficient of 0.
///
/// `left` is what is left of the band. `new` is the bit of the new coefficient, 0 where the zeros do not suffice: the
/// corrections go on to the end of the band then, and a new coefficient is damage. A code and a sign take at most 17
/// bits, so 39 of a refill are left for corrections.
#[inline(always)]
pub(crate) fn read_refined_masks(
    reader: &mut BitReader,
    window: &[u8],
    codes: &HuffmanTable,
    (first, last): (u32, u32),
    block: RefinedMasks<'_>,
    end_run: &mut u32,
    tools: &MaskTools<impl Fn(u64, u64) -> u64, impl Fn(u32, u64) -> u64>,
) -> Option<()> {
    let mut left = (u64::MAX >> first) & (u64::MAX << (63 - last));
    let (mut nonzero, mut refined) = (*block.nonzero, *block.refined);
    if *end_run == 0 {
        while left != 0 {
            reader.refill(window);
            let (length, symbol) = codes.find(reader.peek(16))?;
            reader.skip(length);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run < 15 {
                *end_run = read_end_run(reader, run);
                break;
            }
            if size > 1 {
                return None;
            }
            // All ones where the next bit is a sign, and that is 0.
            let is_negative = u64::from(reader.peek(1)).wrapping_sub(1);
            reader.skip(size);
            let new = (tools.pick)(run, left & !nonzero);
            let behind = left & new.saturating_sub(1);
            let known = left & !behind & nonzero;
            left = behind;
            let count = known.count_ones();
            if count > 39 {
                refined |= read_bits(reader, window, known, &tools.deposit);
            } else {
                refined |= (tools.deposit)(reader.top(), known);
                reader.skip(count);
            }
            if size == 1 {
                if new == 0 {
                    return None;
                }
                nonzero |= new;
                refined |= new;
                *block.negative |= new & is_negative;
            }
        }
    }
    if *end_run > 0 {
        *end_run -= 1;
        refined |= read_bits(reader, window, left & nonzero, &tools.deposit);
    }
    (*block.nonzero, *block.refined) = (nonzero, refined);
    Some(())
}

/// Reads a bit for each coefficient of `known`, at most 63.
///
/// A refill is sure to hold 56 bits. Where that is not enough, the lower half of the mask has bits of its own.
#[inline(always)]
fn read_bits(reader: &mut BitReader, window: &[u8], known: u64, deposit: &impl Fn(u64, u64) -> u64) -> u64 {
    let mut bits = 0;
    let (upper, lower) = if known.count_ones() > 56 { (known & !LOWER, known & LOWER) } else { (known, 0) };
    for part in [upper, lower] {
        if part != 0 {
            reader.refill(window);
            bits |= deposit(reader.top(), part);
            reader.skip(part.count_ones());
        }
    }
    bits
}

const LOWER: u64 = 0xFFFF_FFFF;

/// How to work on masks. Each has a build for any machine, here, and one of a few instructions, in `avx2_masks.rs`.
pub(crate) struct MaskTools<D, P> {
    /// Puts the bits of its first argument, from the highest on, where the second, a mask, has its bits (see
    /// [`deposit`]).
    pub(crate) deposit: D,
    /// The bit of a mask that so many of its others lie above (see [`pick`]).
    pub(crate) pick: P,
}

/// Puts the bits of `bits`, from the highest on, where `mask` has its bits, from the highest on. `mask` has at most 63.
///
/// The loop goes from the lowest on, which takes two operations a bit and no search. As many bits as the mask has are
/// shifted down for that, and the loop ends with those that are set.
#[inline(always)]
pub(crate) fn deposit(bits: u64, mut mask: u64) -> u64 {
    let (mut bits, mut deposited) = (bits >> 1 >> (63 - mask.count_ones()), 0);
    while bits != 0 {
        let lowest = mask & mask.wrapping_neg();
        deposited |= lowest & (bits & 1).wrapping_neg();
        bits >>= 1;
        mask ^= lowest;
    }
    deposited
}

/// The bit of `mask` that `above` others lie above; 0 where there are no more than those.
#[inline(always)]
pub(crate) fn pick(above: u32, mut mask: u64) -> u64 {
    (0..above).for_each(|_| mask &= !highest(mask));
    highest(mask)
}

/// The highest bit of a mask; 0 where it has none.
#[inline(always)]
fn highest(mask: u64) -> u64 {
    (1u64 << 63).checked_shr(mask.leading_zeros()).unwrap_or(0)
}
