//! Decodes the symbols of a compressed block: literals, copies, and the block's end.
//!
//! [`decode_fast`] goes on while there are enough input and room for whatever may come, so that it checks neither within a
//! turn of its loop. [`decode_careful`] takes the rest, symbol by symbol, and stops before one that is not there whole.
//!
//! What bounds the speed is the chain from one look-up to the next: table, shift, table. So the next entry is looked up
//! before the reservoir is refilled and before a match is copied, and extra bits are cut out of a copy of the reservoir
//! while the chain goes on.

use super::bits::BitReservoir;
use super::copy::{COPY_ROOM, copy_back};
use super::entries::{EXCEPTIONAL, LITERAL, SUB_TABLE, code_bits, is_end, is_true_end, literal_count, literals, value};
use super::fault::InflateFault;
use super::tables::BlockTables;

/// Where inflated bytes go.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) bytes: &'a mut [u8],
    /// Bytes that are there. Those before are what deflate may refer back to.
    pub(super) filled: usize,
}

impl Output<'_> {
    pub(super) fn room(&self) -> usize {
        self.bytes.len() - self.filled
    }

    /// Copies `len` bytes from `distance` before, as far as there is room; returns how many are left. The distance must
    /// not be above what is filled.
    pub(super) fn copy(&mut self, distance: usize, len: usize) -> usize {
        let count = len.min(self.room());
        for _ in 0..count {
            self.bytes[self.filled] = self.bytes[self.filled - distance];
            self.filled += 1;
        }
        len - count
    }
}

/// What the fast loop works on.
#[derive(Debug)]
pub(crate) struct FastWork<'w, 'i, 'o> {
    pub(super) tables: &'w BlockTables,
    pub(super) bits: &'w mut BitReservoir,
    pub(super) input: &'w mut &'i [u8],
    pub(super) output: &'w mut Output<'o>,
}

impl FastWork<'_, '_, '_> {
    /// Decodes symbols by [`decode_fast`]. It is inlined, to be compiled for the instruction set of its caller.
    ///
    /// # Errors
    ///
    /// `Stream`, `Distance`.
    #[inline(always)]
    pub(crate) fn run(self) -> Result<Stop, InflateFault> {
        decode_fast(self.tables, self.bits, self.input, self.output)
    }
}

/// How decoding stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At the end of the block.
    BlockEnd,
    /// The input ends, or the room.
    Short,
    /// The room ends within a copy, of which a distance and a length are left.
    WithinCopy(usize, usize),
}

/// Input that a turn of the fast loop may read: two refills of 8 bytes, the second after 7 bytes.
const FAST_INPUT: usize = 16;

/// Room that a turn of the fast loop may use: four entries of literals, then the longest copy.
const FAST_ROOM: usize = 8 + COPY_ROOM;

/// Decodes symbols while there are [`FAST_INPUT`] bytes and [`FAST_ROOM`].
///
/// At the top of a turn there are 56 bits or more, and `entry` is what they begin with; its bits are not used up.
///
/// # Errors
///
/// `Stream`, `Distance`.
#[inline(always)]
fn decode_fast(
    tables: &BlockTables,
    reservoir: &mut BitReservoir,
    input: &mut &[u8],
    output: &mut Output<'_>,
) -> Result<Stop, InflateFault> {
    let (mut bits, mut rest, mut at) = (*reservoir, *input, output.filled);
    let out = &mut *output.bytes;
    let mut stop = Stop::Short;
    bits.refill(&mut rest);
    let mut entry = tables.literal(&bits);
    while rest.len() >= FAST_INPUT {
        let Some(room) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<FAST_ROOM>) else { break };
        if entry & LITERAL != 0 {
            // Bytes of literals; no entry has more than two.
            let mut count = 0;
            let mut put = |bits: &mut BitReservoir, entry: u32| {
                bits.drop_entry(entry);
                room[count..count + 2].copy_from_slice(&literals(entry));
                count += literal_count(entry);
                tables.literal(bits)
            };
            // Four look-ups take 44 bits, so there are enough for the one after them.
            entry = put(&mut bits, entry);
            if entry & LITERAL != 0 {
                entry = put(&mut bits, entry);
                if entry & LITERAL != 0 {
                    entry = put(&mut bits, entry);
                    if entry & LITERAL != 0 {
                        entry = put(&mut bits, entry);
                        at += count;
                        bits.refill_whole(&mut rest);
                        continue;
                    }
                }
            }
            at += count;
            bits.refill_whole(&mut rest);
        }
        // A length takes 20 bits at most and a distance 28.
        let mut coded = bits;
        bits.drop_entry(entry);
        if entry & EXCEPTIONAL != 0 {
            if entry & SUB_TABLE != 0 {
                coded = bits;
                entry = tables.sub_literal(entry, bits);
                bits.drop_entry(entry);
                if entry & LITERAL != 0 {
                    out[at] = literals(entry)[0];
                    at += 1;
                    entry = tables.literal(&bits);
                    bits.refill_whole(&mut rest);
                    continue;
                }
            }
            if entry & EXCEPTIONAL != 0 {
                stop = block_end(entry)?;
                break;
            }
        }
        let len = value(entry, coded.bits);
        entry = tables.distance(&bits);
        coded = bits;
        bits.drop_entry(entry);
        if entry & EXCEPTIONAL != 0 {
            coded = bits;
            entry = valid(tables.sub_distance(entry, bits))?;
            bits.drop_entry(entry);
        }
        let distance = value(entry, coded.bits);
        let Some(from) = at.checked_sub(distance) else { return Err(InflateFault::Distance) };
        bits.refill_whole(&mut rest);
        entry = tables.literal(&bits);
        copy_back(out, at, from, len);
        at += len;
    }
    (*reservoir, *input, output.filled) = (bits, rest, at);
    Ok(stop)
}

/// An entry of a distance, refused where it is exceptional.
fn valid(entry: u32) -> Result<u32, InflateFault> {
    if entry & EXCEPTIONAL == 0 { Ok(entry) } else { Err(InflateFault::Stream) }
}

/// What an entry that is exceptional and no pointer stands for.
fn block_end(entry: u32) -> Result<Stop, InflateFault> {
    if is_end(entry) { Ok(Stop::BlockEnd) } else { Err(InflateFault::Stream) }
}

/// Decodes symbols until the room or the input ends.
///
/// # Errors
///
/// `Stream`, `Distance`.
pub(super) fn decode_careful(
    tables: &BlockTables,
    bits: &mut BitReservoir,
    input: &mut &[u8],
    output: &mut Output<'_>,
) -> Result<Stop, InflateFault> {
    loop {
        bits.refill(input);
        let found = Found::literal(tables, bits);
        if output.room() == 0 {
            return Ok(end_without_room(found.as_ref(), bits));
        }
        let entry = found.ok_or(InflateFault::Stream)?;
        if bits.count() < entry.code_bits() {
            return Ok(Stop::Short);
        }
        if is_end(entry.entry) {
            bits.drop_bits(entry.code_bits());
            return Ok(Stop::BlockEnd);
        }
        if entry.entry & LITERAL != 0 {
            bits.drop_bits(entry.code_bits());
            output.bytes[output.filled] = literals(entry.entry)[0];
            output.filled += 1;
            continue;
        }
        let mut ahead = *bits;
        let len = entry.take_value(&mut ahead);
        let Some(entry_of_distance) = Found::distance(tables, &ahead) else {
            // What are no codes of distances is found out by nine bits and one more.
            let used = entry.all_bits();
            return if bits.count() > used + 9 { Err(InflateFault::Stream) } else { Ok(Stop::Short) };
        };
        let distance = entry_of_distance.take_value(&mut ahead);
        if bits.count() < entry.all_bits() + entry_of_distance.all_bits() {
            return Ok(Stop::Short);
        }
        if distance > output.filled {
            return Err(InflateFault::Distance);
        }
        *bits = ahead;
        let left = output.copy(distance, len);
        if left > 0 {
            return Ok(Stop::WithinCopy(distance, left));
        }
    }
}

/// Where there is no room, the end of the block still counts if the longest code could be there.
fn end_without_room(found: Option<&Found>, bits: &mut BitReservoir) -> Stop {
    match found {
        Some(found) if is_true_end(found.entry) && bits.count() >= 15 => {
            bits.drop_bits(found.code_bits());
            Stop::BlockEnd
        }
        _ => Stop::Short,
    }
}

/// An entry that is no pointer, and the bits of the pointer that led to it.
struct Found {
    entry: u32,
    pointer_bits: u32,
}

impl Found {
    /// The entry that these bits begin with, whether they count or not; `None` where no stream may have them.
    fn literal(tables: &BlockTables, bits: &BitReservoir) -> Option<Self> {
        Self::behind(tables.literal(bits), bits, |pointer, bits| tables.sub_literal(pointer, bits))
    }

    fn distance(tables: &BlockTables, bits: &BitReservoir) -> Option<Self> {
        Self::behind(tables.distance(bits), bits, |pointer, bits| tables.sub_distance(pointer, bits))
    }

    fn behind(entry: u32, bits: &BitReservoir, sub: impl Fn(u32, BitReservoir) -> u32) -> Option<Self> {
        let found = if entry & SUB_TABLE == 0 {
            Self { entry, pointer_bits: 0 }
        } else {
            let mut bits = *bits;
            bits.drop_entry(entry);
            Self { entry: sub(entry, bits), pointer_bits: entry & 63 }
        };
        (found.entry & EXCEPTIONAL == 0 || is_end(found.entry)).then_some(found)
    }

    /// The bits of the first code.
    fn code_bits(&self) -> u32 {
        self.pointer_bits + code_bits(self.entry)
    }

    /// The bits of the code and of what belongs to it.
    fn all_bits(&self) -> u32 {
        self.pointer_bits + (self.entry & 63)
    }

    /// The value of a length or a distance, whose bits are used up.
    fn take_value(&self, bits: &mut BitReservoir) -> usize {
        bits.drop_bits(self.pointer_bits);
        let value = value(self.entry, bits.bits);
        bits.drop_entry(self.entry);
        value
    }
}
