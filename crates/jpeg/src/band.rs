//! Reads one block's part of a progressive scan (ITU-T T.81 §§ G.1.2.1–3).

use crate::bits::BitReader;
use crate::codes::{DcTable, HuffmanTable, bits_to_value};

/// The coefficients of one block.
pub(crate) struct CoefficientBlock<'b> {
    pub(crate) values: &'b mut [i16; 64],
    /// Bit `k`: coefficient `k`, 1–63, is not zero.
    pub(crate) nonzero: &'b mut u64,
}

/// A DC coefficient by its code, or without one a further bit of it (§ G.1.2.1).
#[inline(always)]
pub(crate) fn read_dc_value(
    reader: &mut BitReader,
    window: &[u8],
    codes: Option<&DcTable>,
    predictor: &mut i32,
    bit: u8,
    value: &mut i16,
) -> Option<()> {
    reader.refill(window);
    match codes {
        Some(codes) => {
            *predictor = predictor.wrapping_add(codes.read(reader)?);
            *value = low_bits(*predictor << bit);
        }
        None => {
            *value |= low_bits((reader.peek(1) << bit).cast_signed());
            reader.skip(1);
        }
    }
    Some(())
}

/// First scan of a band (§ G.1.2.2).
#[inline(always)]
pub(crate) fn read_first(
    reader: &mut BitReader,
    window: &[u8],
    codes: &HuffmanTable,
    (mut k, last): (u32, u32),
    bit: u8,
    block: CoefficientBlock<'_>,
    end_run: &mut u32,
) -> Option<()> {
    if *end_run > 0 {
        *end_run -= 1;
        return Some(());
    }
    while k <= last {
        reader.refill(window);
        let (length, symbol) = codes.find(reader.peek(16))?;
        reader.skip(length);
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                *end_run = read_end_run(reader, run) - 1;
                return Some(());
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
        block.values[k as usize & 63] = low_bits(value << bit);
        *block.nonzero |= 1 << k;
        k += 1;
    }
    Some(())
}

/// One more bit of a band (§ G.1.2.3).
#[inline(always)]
pub(crate) fn read_refinement(
    reader: &mut BitReader,
    window: &[u8],
    codes: &HuffmanTable,
    (mut k, last): (u32, u32),
    bit: u8,
    CoefficientBlock { values, nonzero }: CoefficientBlock<'_>,
    end_run: &mut u32,
) -> Option<()> {
    let one = 1i16 << bit;
    if *end_run == 0 {
        while k <= last {
            reader.refill(window);
            let (length, symbol) = codes.find(reader.peek(16))?;
            reader.skip(length);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run < 15 {
                *end_run = read_end_run(reader, run);
                break;
            }
            let mut value = 0;
            if size > 0 {
                if size > 1 {
                    return None;
                }
                value = if reader.peek(1) == 1 { one } else { -one };
                reader.skip(1);
            }
            let mut zeros = !*nonzero & from_to(k, last);
            (0..run).for_each(|_| zeros &= zeros.wrapping_sub(1));
            let end = if zeros == 0 { last + 1 } else { zeros.trailing_zeros() };
            correct(reader, window, values, *nonzero & from_to(k, end - 1), one);
            if value != 0 {
                if zeros == 0 {
                    return None;
                }
                values[end as usize & 63] = value;
                *nonzero |= 1 << end;
            }
            k = end + 1;
        }
    }
    if *end_run > 0 {
        *end_run -= 1;
        if k <= last {
            correct(reader, window, values, *nonzero & from_to(k, last), one);
        }
    }
    Some(())
}

/// A bit for each of the coefficients, which adds to its magnitude.
#[inline(always)]
fn correct(reader: &mut BitReader, window: &[u8], values: &mut [i16; 64], mut which: u64, one: i16) {
    while which != 0 {
        reader.refill(window);
        let count = which.count_ones().min(32);
        let mut bits = reader.peek(32).cast_signed();
        reader.skip(count);
        for _ in 0..count {
            let value = &mut values[which.trailing_zeros() as usize & 63];
            which &= which - 1;
            // All ones where the bit is set and the value does not have it yet.
            let set = low_bits(bits >> 31) & -i16::from(*value & one == 0);
            *value = value.wrapping_add((((*value >> 15) | 1) * one) & set);
            bits <<= 1;
        }
    }
}

/// Blocks that end here, this one included.
#[inline(always)]
fn read_end_run(reader: &mut BitReader, size: u32) -> u32 {
    if size == 0 {
        return 1;
    }
    let run = (1 << size) + reader.peek(size);
    reader.skip(size);
    run
}

/// Bits `first..=last`; none where `last` lies before.
#[inline(always)]
fn from_to(first: u32, last: u32) -> u64 {
    (u64::MAX << first) & (u64::MAX >> (63 - last))
}

/// Coefficients have 16 bits; what is beyond wraps, as in libjpeg.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "wraps")]
fn low_bits(value: i32) -> i16 {
    value as i16
}
