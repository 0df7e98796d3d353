//! Blocks of progressive scans that are read into masks, against the procedures of the standard, and whole frames of them
//! against whole coefficients.

use image_ingest_samples::{Avx2, CpuTimer};

#[cfg(target_arch = "x86_64")]
use super::avx2::avx2;
use super::band::{block, codes, slow_first, slow_refinement};
use super::vectors::{Random, SlowReader, window};
use crate::bits::BitReader;
use crate::block_layout::ComponentBlocks;
#[cfg(target_arch = "x86_64")]
use crate::dispatch::{deposit_bmi2, pick_bmi2, spread_refined_avx2};
use crate::mask_band::{
    FirstBand, FirstScanTable, MaskTools, RefinedMasks, deposit, pick, read_first_masks, read_refined_masks,
};
#[cfg(target_arch = "x86_64")]
use crate::masked::spread_refined;
use crate::progressive::{Coefficients, ProgressiveScan};
use crate::store::CoefficientStore;
use crate::tables::{Next, Tables};
use crate::value_stream::ValueStream;

/// A mask of the coefficients that fulfil a condition.
fn mask(values: &[i16; 64], is_in: impl Fn(i16) -> bool) -> u64 {
    (1..64).filter(|&k| is_in(values[k])).fold(0, |mask, k| mask | 1 << 63 >> k)
}

#[test]
fn first_scans_are_those_of_a_slow_reader_whatever_the_bits() {
    let (lengths, mut random) = (codes(), Random::new(17));
    let (table, codes) = (lengths.table(), lengths.codes());
    let (mut whole, mut damaged) = (0, 0);
    for round in 0..30_000u32 {
        let bytes = window(&random.bytes(60));
        let bit = u8::try_from(random.below(4)).unwrap();
        let first = 1 + random.below(20);
        let last = first + random.below(64 - first);
        let mut expected = [0; 64];
        let (mut slow_run, mut slow) = (if round % 3 == 0 { random.below(3) } else { 0 }, SlowReader::new(&bytes));
        let (mut run, mut reader) = (slow_run, BitReader::default());
        let spectrum = (u8::try_from(first).unwrap(), u8::try_from(last).unwrap());
        let mut stream = ValueStream::new((1, 1), spectrum, bit, 99).unwrap();
        stream.prepare(1).unwrap();
        let lookup = FirstScanTable::new(&table, bit);
        let band = FirstBand { codes: &table, table: &lookup, spectrum: (first, last), bit };
        let slow_read =
            slow_first(&mut slow, &codes, (first as usize, last as usize), bit, &mut expected, &mut slow_run);
        let read = read_first_masks(&mut reader, &bytes, &band, &mut stream, &mut run);
        assert_eq!(read.is_some(), slow_read.is_some(), "round {round}");
        assert!(read.is_some() || reader.consumed_bits() == slow.at, "round {round}");
        if let Some(found) = read {
            assert_eq!((run, reader.consumed_bits()), (slow_run, slow.at), "round {round}");
            assert_eq!((found.nonzero, found.negative), (mask(&expected, |v| v != 0), mask(&expected, |v| v < 0)));
            stream.finish();
            let mut values = [0; 64];
            stream.read(found.nonzero, |k, value| values[k as usize] = value);
            assert_eq!(values, expected, "round {round}");
            whole += 1;
        } else {
            damaged += 1;
        }
    }
    assert!(whole > 5000 && damaged > 500, "{whole} whole, {damaged} damaged");
}

/// Compares refinements by a way to deposit bits.
fn compare_refinements(tools: &MaskTools<impl Fn(u64, u64) -> u64, impl Fn(u32, u64) -> u64>) {
    let (lengths, mut random) = (codes(), Random::new(19));
    let (table, codes) = (lengths.table(), lengths.codes());
    let (mut whole, mut damaged) = (0, 0);
    for round in 0..30_000u32 {
        let bytes = window(&random.bytes(60));
        let first = 1 + random.below(20);
        let last = first + random.below(64 - first);
        let mut expected = block(&mut random, 0);
        if round % 7 == 0 {
            // A band full of coefficients takes more corrections than one refill has bits.
            expected = [2; 64];
        }
        let (mut nonzero, mut negative) = (mask(&expected, |v| v != 0), mask(&expected, |v| v < 0));
        let (before, mut refined) = (expected, 0);
        let (mut slow_run, mut slow) = (if round % 3 == 0 { random.below(3) } else { 0 }, SlowReader::new(&bytes));
        let (mut run, mut reader) = (slow_run, BitReader::default());
        let block = RefinedMasks { nonzero: &mut nonzero, negative: &mut negative, refined: &mut refined };
        let slow_read =
            slow_refinement(&mut slow, &codes, (first as usize, last as usize), 0, &mut expected, &mut slow_run);
        let read = read_refined_masks(&mut reader, &bytes, &table, (first, last), block, &mut run, tools);
        assert_eq!(read, slow_read, "round {round}");
        assert_eq!(reader.consumed_bits(), slow.at, "round {round}");
        if read.is_some() {
            assert_eq!(run, slow_run, "round {round}");
            let magnitude = |k: usize| before[k].abs() + i16::from(refined & 1 << 63 >> k != 0);
            let sign = |k: usize| if negative & 1 << 63 >> k == 0 { 1 } else { -1 };
            let found: [i16; 64] = std::array::from_fn(|k| if k == 0 { 77 } else { magnitude(k) * sign(k) });
            expected[0] = 77;
            assert_eq!((found, nonzero), (expected, mask(&expected, |v| v != 0)), "round {round}");
            whole += 1;
        } else {
            damaged += 1;
        }
    }
    assert!(whole > 5000 && damaged > 500, "{whole} whole, {damaged} damaged");
}

#[test]
fn refinements_are_those_of_a_slow_reader_whatever_the_bits() {
    compare_refinements(&MaskTools { deposit, pick });
}

#[cfg(target_arch = "x86_64")]
#[test]
fn bits_are_deposited_the_same_by_an_instruction() {
    let Some(cpu) = avx2() else { return };
    compare_refinements(&MaskTools {
        deposit: |bits, mask| deposit_bmi2(cpu, bits, mask),
        pick: |run, mask| pick_bmi2(cpu, run, mask),
    });
    let mut random = Random::new(23);
    let mut wide = || u64::from(random.next()) << 32 | u64::from(random.next());
    for round in 0..20_000 {
        let (bits, dense, sparse) = (wide(), wide() | wide(), wide() & wide() & wide());
        for mask in [0, 1, u64::MAX >> 1, dense & (u64::MAX >> 1), sparse & (u64::MAX >> 1)] {
            assert_eq!(pick_bmi2(cpu, round % 16, mask), pick(round % 16, mask), "{} of {mask:x}", round % 16);
            for bits in [bits, 0, u64::MAX] {
                assert_eq!(deposit_bmi2(cpu, bits, mask), deposit(bits, mask), "{bits:x} to {mask:x}");
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn refined_bits_are_spread_the_same_with_avx2() {
    let Some(cpu) = avx2() else { return };
    let mut random = Random::new(29);
    let mut wide = || (u64::from(random.next()) << 32 | u64::from(random.next())) & (u64::MAX >> 1);
    for round in 0..20_000 {
        let refined = [wide(), wide() & wide(), wide() & wide(), wide()].map(|bits| bits & wide());
        let planes = round % 5;
        let refined = std::array::from_fn(|bit| if bit < planes { refined[bit] } else { 0 });
        let (negative, half) = (wide(), round & 1);
        let (mut plain, mut avx2) = ([0; 256], [0; 256]);
        spread_refined(&mut plain, half, negative, refined);
        spread_refined_avx2(cpu, &mut avx2, half, negative, refined);
        assert!(plain == avx2, "{refined:x?}, negative {negative:x}");
    }
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &u16::try_from(payload.len() + 2).unwrap().to_be_bytes(), payload].concat()
}

/// A progressive frame of 40 × 24 samples in 4:2:0, whose scans come in any order and are of random bits, or of short
/// codes and few damaged blocks.
fn random_frame(random: &mut Random) -> Vec<u8> {
    let frame = [8, 0, 24, 0, 40, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    // Codes 0, 10, 110 and so on, so that few bits are no code.
    let table = |id: u8, symbols: &[u8]| {
        let counts: [u8; 16] = std::array::from_fn(|length| u8::from(length < symbols.len()));
        [&[id][..], &counts, symbols].concat()
    };
    // DC differences of up to 15 bits. First scans and refinements without runs of zeros, and others with all kinds.
    let tables = [
        table(0x00, &[0, 1, 2, 3, 11, 15, 0, 1, 2, 3, 4]),
        table(0x10, &[0x01, 0x00, 0x02, 0x01, 0x08, 0x10, 0x0F, 0x20, 0x0D, 0x01, 0x00, 0x02]),
        table(0x11, &[0x00, 0x01, 0x10, 0x00, 0x20, 0x01, 0x00, 0x30, 0x01, 0x00, 0x10]),
        table(0x12, &[0x00, 0x01, 0x11, 0x02, 0x21, 0xF0, 0x17, 0x0F, 0xE1, 0x10, 0x0E, 0x00]),
        table(0x13, &[0x01, 0x00, 0x11, 0x21, 0xF0, 0x10, 0x71, 0xF1, 0x01, 0x00]),
    ];
    let mut file = [vec![0xFF, 0xD8], segment(0xDB, &[&[0][..], &[1; 64]].concat()), segment(0xC2, &frame)].concat();
    tables.iter().for_each(|table| file.extend(segment(0xC4, table)));
    let mut known = [[None; 64]; 3];
    for scan in 0..4 + random.below(20) {
        let component = random.below(3) as usize;
        let first = if scan < 3 { 0 } else { random.below(64) };
        let last = if first == 0 { 0 } else { first + random.below(64 - first) };
        let component = if scan < 3 { scan as usize } else { component };
        let band = &mut known[component][first as usize..=last as usize];
        let (before, bit) = match band[0] {
            None | Some(0) if first == 0 => (0, random.below(6)),
            None | Some(0) => (0, random.below(5) + random.below(2) * random.below(10)),
            Some(bit) => (bit, bit - 1),
        };
        if band.iter().any(|of| of.unwrap_or(0) != before) {
            continue;
        }
        band.fill(Some(bit));
        let table = if before > 0 { 1 } else { 0 } + if random.below(8) == 0 && first > 0 { 2 } else { 0 };
        let small = |n: u32| u8::try_from(n).unwrap();
        let id = small(u32::try_from(component).unwrap() + 1);
        file.extend(segment(0xDA, &[1, id, table, small(first), small(last), small(before << 4 | bit)]));
        let mask = if random.below(3) == 0 { 0xFF } else { 0x77 };
        let data = random.bytes(8000);
        file.extend(data.iter().map(|byte| byte & mask).map(|byte| if byte == 0xFF { 0xFE } else { byte }));
    }
    file
}

/// Reads all scans of a frame into a store, and ends with a fault or with the coefficients.
fn stored(file: &[u8], is_masked: bool, counts: &mut [u32; 3]) -> Result<Vec<(Vec<i16>, u64)>, String> {
    let timer = CpuTimer::default();
    let refused = |error: image_ingest_samples::DecodeError| error.to_string();
    let mut tables = Tables::new(file);
    let (mut store, cpu) = (None, Avx2::find().filter(|_| is_masked));
    while let Next::Scan(start) = tables.next(&timer).unwrap() {
        let frame = tables.frame.as_ref().unwrap();
        let store = store.get_or_insert_with(|| match is_masked {
            true => CoefficientStore::new(frame, &timer).unwrap(),
            false => CoefficientStore::Whole(Coefficients::new(frame, frame.mcus().1, &timer).unwrap()),
        });
        let mut pass = ProgressiveScan::new(&tables, &start).map_err(refused)?;
        assert!(store.expect(&start, frame, &timer).unwrap());
        store.read(&mut pass, [cpu; 2], &timer).map_err(refused)?;
        let rest = pass.entropy.after(&timer).unwrap();
        tables.resume(rest);
        counts[0] += 1;
    }
    let frame = tables.frame.as_ref().unwrap();
    let mut whole = match store.unwrap() {
        CoefficientStore::Whole(whole) => whole,
        CoefficientStore::Masked(masked) => {
            counts[1] += 1;
            masked.into_whole(frame, &timer).unwrap()
        }
    };
    counts[2] += u32::from(is_masked);
    let at = |component: usize| {
        let &ComponentBlocks { h, v, .. } = whole.layout.of(component);
        (0..2 * v).flat_map(move |y| (0..3 * h).map(move |x| (component, x, y)))
    };
    let places: Vec<_> = (0..3).flat_map(at).collect();
    let block = |(component, x, y)| {
        let block = whole.block(component, (x, y));
        (block.values.to_vec(), *block.nonzero)
    };
    Ok(places.into_iter().map(block).collect())
}

#[test]
fn masks_and_whole_coefficients_are_the_same_whatever_the_scans() {
    let mut random = Random::new(31);
    let mut counts = [0; 3];
    for round in 0..3000 {
        let file = random_frame(&mut random);
        let (masked, whole) = (stored(&file, true, &mut counts), stored(&file, false, &mut [0; 3]));
        assert!(masked == whole, "round {round}");
    }
    let [scans, masked, read] = counts;
    assert!(scans > 9000 && masked > 200 && read > masked + 100, "{counts:?}");
}
