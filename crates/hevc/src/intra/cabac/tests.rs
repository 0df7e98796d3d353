use super::*;
use crate::intra::arithmetic_encoder::ArithmeticEncoder;
use crate::intra::contexts::{SIGNIFICANT, SPLIT_CODING, initial};
use crate::intra::probability::{NEXT_LPS, RANGE_LPS, TRANSITIONS};

/// An arithmetic encoder and its contexts.
pub(crate) struct Encoder {
    encoder: ArithmeticEncoder,
    contexts: Contexts,
}

impl Encoder {
    pub(crate) fn new(qp: i32) -> Self {
        Self { encoder: ArithmeticEncoder::new(), contexts: initial(qp) }
    }

    pub(crate) fn bin(&mut self, context: usize, bin: u32) {
        self.encoder.bin(&mut self.contexts, context, bin);
    }

    pub(crate) fn bypass(&mut self, bin: u32) {
        self.encoder.bypass(bin);
    }

    pub(crate) fn bypasses(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.bypass(value >> bit & 1));
    }

    pub(crate) fn terminate(&mut self, bin: bool) {
        self.encoder.terminate(bin);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.encoder.bytes()
    }
}

/// The next of a sequence of numbers that look random.
fn next_random(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state >> 8
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bin {
    Context(usize, u32),
    Bypass(u32),
    Bypasses(u32, u32),
    Goes,
}

/// Bins of all kinds; those of a context are mostly 0, so that its state moves far.
fn bins(seed: u32) -> Vec<Bin> {
    let mut state = seed;
    let kinds = (0..3000).map(|_| match next_random(&mut state) % 16 {
        0..10 => {
            let context = next_random(&mut state) as usize % 134;
            Bin::Context(context, u32::from(next_random(&mut state) % 16 < context as u32 % 9))
        }
        10..13 => Bin::Bypass(next_random(&mut state) & 1),
        13..15 => {
            let count = next_random(&mut state) % 33;
            let value = (u64::from(next_random(&mut state)) << 8 | u64::from(next_random(&mut state))) as u32;
            Bin::Bypasses(if count == 32 { value } else { value & ((1 << count) - 1) }, count)
        }
        _ => Bin::Goes,
    });
    kinds.collect()
}

#[test]
fn what_the_reference_encoder_writes_is_decoded() {
    for seed in 0..20 {
        let qp = seed as i32 * 3 - 5;
        let bins = bins(seed);
        let mut encoder = Encoder::new(qp);
        for bin in &bins {
            match *bin {
                Bin::Context(context, bin) => encoder.bin(context, bin),
                Bin::Bypass(bin) => encoder.bypass(bin),
                Bin::Bypasses(value, count) => encoder.bypasses(value, count),
                Bin::Goes => encoder.terminate(false),
            }
        }
        encoder.terminate(true);
        let data = encoder.bytes();
        let mut cabac = Cabac::new(&data, EntropyState::initial(qp)).unwrap();
        for &bin in &bins {
            let decoded = match bin {
                Bin::Context(context, _) => Bin::Context(context, cabac.bin(context)),
                Bin::Bypass(_) => Bin::Bypass(cabac.bypass()),
                Bin::Bypasses(_, count) => Bin::Bypasses(cabac.bypasses(count), count),
                Bin::Goes => {
                    assert!(!cabac.terminate());
                    Bin::Goes
                }
            };
            assert_eq!(decoded, bin);
            let (Registers { range, value, .. }, spare) = (cabac.registers, cabac.registers.spare());
            assert!((256..=510).contains(&range) && value < u64::from(range) << 55 && (23..=54).contains(&spare));
        }
        assert!(cabac.terminate() && cabac.ends_here());
        assert_eq!(cabac.contexts, encoder.contexts);
    }
}

#[test]
fn a_substream_follows_the_end_of_another() {
    let mut encoder = Encoder::new(30);
    encoder.bypasses(0x155, 9);
    encoder.bin(SPLIT_CODING, 1);
    encoder.terminate(true);
    encoder.bin(SIGNIFICANT, 1);
    encoder.bypasses(5, 3);
    encoder.terminate(true);
    let data = encoder.bytes();
    let mut cabac = Cabac::new(&data, EntropyState::initial(30)).unwrap();
    assert_eq!((cabac.bypasses(9), cabac.bin(SPLIT_CODING), cabac.terminate()), (0x155, 1, true));
    assert!(!cabac.ends_here());
    let state = cabac.state();
    cabac.next_substream(state).unwrap();
    assert_eq!((cabac.bin(SIGNIFICANT), cabac.bypasses(3), cabac.terminate()), (1, 5, true));
    assert!(cabac.ends_here());
}

#[test]
fn bytes_that_are_not_coded_lie_between_two_substreams() {
    let mut encoder = Encoder::new(30);
    encoder.bin(SPLIT_CODING, 1);
    encoder.terminate(true);
    encoder.encoder.bits.extend([true, false, true, false].repeat(4));
    encoder.bin(SPLIT_CODING, 0);
    encoder.terminate(true);
    let data = encoder.bytes();
    let mut cabac = Cabac::new(&data, EntropyState::initial(30)).unwrap();
    assert_eq!((cabac.bin(SPLIT_CODING), cabac.terminate()), (1, true));
    assert_eq!(cabac.raw(2), Some(&[0xAA, 0xAA][..]));
    assert_eq!((cabac.bin(SPLIT_CODING), cabac.terminate(), cabac.ends_here()), (0, true, true));
    assert_eq!(cabac.raw(1), None);
}

#[test]
fn a_substream_ends_in_a_one_and_zeros() {
    let mut encoder = Encoder::new(30);
    encoder.bypasses(0x2A, 6);
    encoder.terminate(true);
    let whole = encoder.bytes();
    let ends = |data: &[u8]| {
        let mut cabac = Cabac::new(data, EntropyState::initial(30)).unwrap();
        (cabac.bypasses(6), cabac.terminate(), cabac.ends_here())
    };
    assert_eq!(ends(&whole), (0x2A, true, true));
    // Zeros may follow, and nothing else.
    assert_eq!(ends(&[&whole[..], &[0, 0]].concat()), (0x2A, true, true));
    assert_eq!(ends(&[&whole[..], &[0, 1]].concat()), (0x2A, true, false));
    let mut padded = whole.clone();
    *padded.last_mut().unwrap() |= 1;
    assert!(!ends(&padded).2);
    assert!(!ends(&whole[..whole.len() - 1]).2);
}

#[test]
fn zeros_follow_the_end_of_the_data() {
    let mut cabac = Cabac::new(&[], EntropyState::initial(26)).unwrap();
    assert_eq!((cabac.bypasses(32), cabac.bypass(), cabac.terminate()), (0, 0, false));
}

#[test]
fn no_substream_begins_with_an_offset_out_of_its_range() {
    let begins = |offset: u16| Cabac::new(&(offset << 7).to_be_bytes(), EntropyState::initial(26)).is_some();
    assert_eq!([0, 509, 510, 511].map(begins), [true, true, false, false]);
}

#[test]
fn states_move_as_table_9_47_says() {
    // States with symbol 1: 0, 1, 30, 61, 62.
    let next = |state: usize, is_lps: usize| {
        let next = TRANSITIONS[state << 1 | 1].to_le_bytes()[4 + is_lps];
        (next >> 1, next & 1)
    };
    assert_eq!([0, 1, 30, 61, 62].map(|state| next(state, 0)), [(1, 1), (2, 1), (31, 1), (62, 1), (62, 1)]);
    assert_eq!([0, 1, 30, 61, 62].map(|state| next(state, 1)), [(0, 0), (0, 1), (23, 1), (38, 1), (38, 1)]);
}

#[test]
fn ranges_of_symbols_keep_what_the_kernel_assumes() {
    for (state, ranges) in RANGE_LPS.iter().enumerate().take(63) {
        for (quarter, &lps) in ranges.iter().enumerate() {
            let (lps, least) = (u32::from(lps), 256 + 64 * quarter as u32);
            assert!((6..=240).contains(&lps) && least - lps >= 128, "state {state}");
        }
    }
}

#[test]
fn the_tables_follow_their_probabilities() {
    // State n stands for a probability of the less probable symbol of 0.5 · a^n, and a^63 is 0.01875 / 0.5.
    let a = (0.01875f64 / 0.5).powf(1.0 / 63.0);
    for (state, &next_state) in NEXT_LPS.iter().enumerate().take(63) {
        let probability = 0.5 * a.powf(state as f64);
        // After that symbol the probability is a · p + 1 - a.
        let next = ((a * probability + 1.0 - a).min(0.5) / 0.5).ln() / a.ln();
        assert!((f64::from(next_state) - next).abs() < 0.7, "state {state}");
        for (quarter, &range) in RANGE_LPS[state].iter().enumerate() {
            // The middle of the quarter; the first is bounded so that the other symbol keeps 128.
            let middle = probability * (288.0 + 64.0 * quarter as f64);
            let expected = if quarter == 0 { middle.min(128.0) } else { middle }.max(6.0);
            assert!((f64::from(range) - expected).abs() < 1.0, "state {state}, quarter {quarter}");
        }
    }
}

#[test]
fn bits_behind_the_data_are_noticed() {
    let mut encoder = Encoder::new(26);
    (0..100).for_each(|bin| encoder.bypass(bin & 1));
    encoder.terminate(true);
    let data = encoder.bytes();
    let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
    (0..100).for_each(|bin| assert_eq!(cabac.bypass(), bin & 1));
    assert!(cabac.terminate() && !cabac.is_exhausted());
    let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
    let before_end = (0..200).take_while(|_| !cabac.is_exhausted() && cabac.bypass() < 2).count();
    assert!((100..=110).contains(&before_end), "{before_end}");
}
