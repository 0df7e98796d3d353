//! One block of a progressive scan, read by masks, against the procedures of the standard.

use super::vectors::{CodeLengths, Random, SlowReader, bytes_of, window};
use crate::band::{CoefficientBlock, read_dc_value, read_first, read_refinement};
use crate::bits::BitReader;
use crate::codes::DcTable;

/// Codes for coefficients of one and two bits, runs of zeros, and runs of blocks.
pub(super) fn codes() -> CodeLengths {
    let symbols = vec![0x01, 0x11, 0x00, 0x21, 0xF0, 0x10, 0x31, 0x02, 0x20, 0x51, 0xE1, 0x30];
    CodeLengths { counts: [0, 1, 2, 2, 2, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], symbols }
}

/// A block that is known to bit `bit` + 1 where `REFINE`.
pub(super) fn block(random: &mut Random, bit: u8) -> [i16; 64] {
    let mut value = || (i16::try_from(random.below(7)).unwrap() - 3) / 2 * (2 << bit);
    std::array::from_fn(|k| if k == 0 { 77 } else { value() })
}

fn nonzero(values: &[i16; 64]) -> u64 {
    (1..64).filter(|&k| values[k] != 0).fold(0, |mask, k| mask | 1 << k)
}

/// The procedure of § G.1.2.2, coefficient by coefficient.
pub(super) fn slow_first(
    slow: &mut SlowReader<'_>,
    codes: &[(u32, u32, u8)],
    (first, last): (usize, usize),
    bit: u8,
    values: &mut [i16; 64],
    end_run: &mut u32,
) -> Option<()> {
    if *end_run > 0 {
        *end_run -= 1;
        return Some(());
    }
    let mut k = first;
    while k <= last {
        let symbol = slow.symbol(codes)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match size {
            0 if run < 15 => {
                *end_run = (1 << run) - 1 + slow.bits(u32::try_from(run).unwrap());
                return Some(());
            }
            0 => k += 16,
            _ if k + run > last => return None,
            _ => {
                k += run;
                values[k] = i16::try_from(slow.value(size) << bit).unwrap();
                k += 1;
            }
        }
    }
    Some(())
}

/// Adds a bit that is read to a coefficient that is not zero (figure G.7).
fn slow_correct(slow: &mut SlowReader<'_>, bit: u8, value: &mut i16) {
    if slow.bits(1) == 1 {
        *value += value.signum() << bit;
    }
}

/// The procedure of § G.1.2.3, coefficient by coefficient.
pub(super) fn slow_refinement(
    slow: &mut SlowReader<'_>,
    codes: &[(u32, u32, u8)],
    (first, last): (usize, usize),
    bit: u8,
    values: &mut [i16; 64],
    end_run: &mut u32,
) -> Option<()> {
    let mut k = first;
    while *end_run == 0 && k <= last {
        let symbol = slow.symbol(codes)?;
        let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
        if size == 0 && run < 15 {
            *end_run = (1 << run) + slow.bits(run);
            break;
        }
        if size > 1 {
            return None;
        }
        let new = if size == 0 { 0 } else { (slow.bits(1).cast_signed() * 2 - 1) << bit };
        // Up to the first zero after `run` zeros.
        while k <= last && (values[k] != 0 || run > 0) {
            if values[k] == 0 {
                run -= 1;
            } else {
                slow_correct(slow, bit, &mut values[k]);
            }
            k += 1;
        }
        if k <= last {
            values[k] = i16::try_from(new).unwrap();
        } else if new != 0 {
            return None;
        }
        k += 1;
    }
    if *end_run > 0 {
        *end_run -= 1;
        for value in values[k..].iter_mut().take((last + 1).saturating_sub(k)).filter(|value| **value != 0) {
            slow_correct(slow, bit, value);
        }
    }
    Some(())
}

/// Compares both readers on blocks of random bits.
fn compare<const REFINE: bool>() {
    let (lengths, mut random) = (codes(), Random::new(13));
    let (table, codes) = (lengths.table(), lengths.codes());
    let (mut whole, mut damaged) = (0, 0);
    for round in 0..30_000u32 {
        let bytes = window(&random.bytes(60));
        let bit = u8::try_from(random.below(4)).unwrap();
        let first = 1 + random.below(20);
        let last = first + random.below(64 - first);
        let mut expected = if REFINE { block(&mut random, bit) } else { [0; 64] };
        let (mut found, before) = (expected, nonzero(&expected));
        let (mut slow_run, mut slow) = (if round % 3 == 0 { random.below(3) } else { 0 }, SlowReader::new(&bytes));
        let (mut run, mut reader, mut mask) = (slow_run, BitReader::default(), before);
        let band = (first as usize, last as usize);
        let target = CoefficientBlock { values: &mut found, nonzero: &mut mask };
        let (slow_read, read) = if REFINE {
            (
                slow_refinement(&mut slow, &codes, band, bit, &mut expected, &mut slow_run),
                read_refinement(&mut reader, &bytes, &table, (first, last), bit, target, &mut run),
            )
        } else {
            (
                slow_first(&mut slow, &codes, band, bit, &mut expected, &mut slow_run),
                read_first(&mut reader, &bytes, &table, (first, last), bit, target, &mut run),
            )
        };
        assert_eq!(read, slow_read, "round {round}");
        if read.is_some() {
            assert_eq!((found, run, reader.consumed_bits()), (expected, slow_run, slow.at), "round {round}");
            assert_eq!(mask, nonzero(&found), "round {round}");
            whole += 1;
        } else {
            damaged += 1;
        }
    }
    assert!(whole > 5000 && damaged > 500, "{whole} whole, {damaged} damaged");
}

#[test]
fn first_scans_are_those_of_a_slow_reader_whatever_the_bits() {
    compare::<false>();
}

#[test]
fn refinements_are_those_of_a_slow_reader_whatever_the_bits() {
    compare::<true>();
}

#[test]
fn a_block_is_refined_bit_by_bit() {
    let lengths = codes();
    let table = lengths.table();
    let code = |symbol| lengths.digits(symbol);
    let (mut values, mut mask, mut end_run) = ([0; 64], 0, 0);
    // First scan, bit 1: 3 at index 1 and −1 at 4, each without its last bit, then the end of the band.
    let first = [code(0x02), "11".into(), code(0x21), "0".into(), code(0x00)].concat();
    let bytes = window(&bytes_of(&first));
    let block = CoefficientBlock { values: &mut values, nonzero: &mut mask };
    read_first(&mut BitReader::default(), &bytes, &table, (1, 63), 1, block, &mut end_run).unwrap();
    assert_eq!((values[1], values[4], mask), (6, -2, 0b1_0010));
    // Refinement, bit 0: after one zero (index 2) a new 1 at 3. Index 1 has a bit of 1 on the way. Then a new −1 after
    // no zero: the bit of 4 comes before it, 1 again, and it is at 5. Then this block and another end.
    let second = [&code(0x11), "1", "1", &code(0x01), "0", "1", &code(0x10), "0"].concat();
    let bytes = window(&bytes_of(&second));
    let block = CoefficientBlock { values: &mut values, nonzero: &mut mask };
    let mut reader = BitReader::default();
    read_refinement(&mut reader, &bytes, &table, (1, 63), 0, block, &mut end_run).unwrap();
    assert_eq!(values[1..7], [7, 0, 1, -3, -1, 0]);
    assert_eq!((mask, end_run), (0b11_1010, 1), "one more block ends");
}

#[test]
fn dc_coefficients_gain_bits() {
    let table = CodeLengths { counts: [1; 16], symbols: (0..16).collect() };
    let dc = DcTable::new(table.table()).unwrap();
    let bytes = window(&bytes_of(&[&table.digits(3), "101", &table.digits(1), "0"].concat()));
    let (mut reader, mut predictor, mut values) = (BitReader::default(), 0, [0; 2]);
    for value in &mut values {
        read_dc_value(&mut reader, &bytes, Some(&dc), &mut predictor, 2, value).unwrap();
    }
    assert_eq!(values, [5 << 2, 4 << 2]);
    let mut reader = BitReader::default();
    for value in &mut values {
        read_dc_value(&mut reader, &window(&bytes_of("10")), None, &mut predictor, 1, value).unwrap();
    }
    assert_eq!(values, [0b1_0110, 0b1_0000]);
}
