//! Reads one block's part of a progressive scan (ITU-T T.81 §§ G.1.2.1–3).
//!
//! A scan brings a band of coefficients, from one zigzag index to another, and of these all bits but the lowest `bit`
//! ones (a first scan), or the one bit `bit` (a refinement).
//!
//! An end of band may say that further blocks have no more new coefficients: `end_run` counts the blocks that still end
//! so, the current one included. In a first scan such a block takes no bits. In a refinement it takes one bit for each
//! coefficient that is not zero.
//!
//! Bit `k` of the mask `nonzero` says that the coefficient `k` is not zero. A refinement must step over exactly those,
//! and masks do that without a loop over the band: [`from_to`] cuts the band out of a mask, `zeros &= zeros - 1` drops
//! its lowest bit, and `trailing_zeros` names the lowest.
//!
//! Why indices stay in range: `last` is at most 63, and `k` is at most `last` where a coefficient is written. `& 63`
//! tells the compiler, and changes nothing.

use crate::bits::BitReader;
use crate::codes::{DcTable, HuffmanTable, bits_to_value};

/// The coefficients of one block, in zigzag order.
pub(crate) struct CoefficientBlock<'b> {
    pub(crate) values: &'b mut [i16; 64],
    /// Bit `k` says that the coefficient `k`, 1–63, is not zero. The DC coefficient has no bit.
    pub(crate) nonzero: &'b mut u64,
}

/// Reads a DC coefficient by its code, or without `codes` the bit `bit` of it (§ G.1.2.1).
///
/// The difference is of coefficients without their lowest `bit` bits (the point transform, § G.1.2.1). At most 31 bits
/// are read after the refill.
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

/// Reads a block's part of the first scan of a band (§ G.1.2.2).
///
/// Each turn takes at most 31 bits: a code of 16, and a coefficient of 15 or a run of blocks of 14. It makes `k`
/// larger, so there are at most 63 turns. A run of 16 zeros (size 0 and run 15) may lead beyond the band, as libjpeg
/// accepts; a coefficient may not.
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

/// Reads a block's part of a scan that brings one more bit of a band (§ G.1.2.3).
///
/// A code says after how many zeros a new coefficient comes, whose value is ±1 at this bit.
/// Coefficients that are not zero do not count as zeros, and each takes a bit of correction on the way. A run of 16
/// zeros is a run of 15 and a new coefficient of 0.
///
/// Dropping the lowest `run` bits of `zeros` leaves the new coefficient's bit as its lowest. If no bit is left, the
/// zeros do not suffice: the corrections go on to the end of the band, and a new coefficient is damage. `end` is at
/// most `last` + 1, which is at most 64, and then `zeros` is empty and nothing is written there.
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

/// Reads a bit for each coefficient of `which`, in order. A set bit adds `one` to the coefficient's magnitude.
///
/// Up to 32 bits are read at a time, which is what `peek` gives. They stand at the top of `bits`, so `bits >> 31` is
/// all ones where the next one is set. A value that has the bit already stays as it is, as in libjpeg. That happens
/// only in files whose scans repeat a bit.
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
            // All ones where the bit that was read is set and the value does not have it yet.
            let set = low_bits(bits >> 31) & -i16::from(*value & one == 0);
            *value = value.wrapping_add((((*value >> 15) | 1) * one) & set);
            bits <<= 1;
        }
    }
}

/// The number of blocks that end here, this one included: an `EOBn` code and its `size` bits (table G.1), `size` at
/// most 14.
#[inline(always)]
pub(crate) fn read_end_run(reader: &mut BitReader, size: u32) -> u32 {
    if size == 0 {
        return 1;
    }
    let run = (1 << size) + reader.peek(size);
    reader.skip(size);
    run
}

/// A mask of the bits `first..=last`, both at most 63; it is empty where `last` is `first` − 1.
#[inline(always)]
fn from_to(first: u32, last: u32) -> u64 {
    (u64::MAX << first) & (u64::MAX >> (63 - last))
}

/// The low 16 bits: coefficients beyond wrap, as in libjpeg.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "wraps")]
fn low_bits(value: i32) -> i16 {
    value as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_name_the_bits_of_a_band() {
        assert_eq!(from_to(1, 63), u64::MAX - 1);
        assert_eq!(from_to(3, 5), 0b11_1000);
        assert_eq!(from_to(5, 4), 0);
        assert_eq!(from_to(63, 63), 1 << 63);
    }
}
