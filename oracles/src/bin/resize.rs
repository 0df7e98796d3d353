//! Compares our reducer with fast_image_resize on whole frames, sample by sample.
//!
//! ```text
//! resize --random SECONDS [--seed N]   rasters and planes of any size, crop and target
//! resize --hashes                      the lines of crates/resize/src/tests/reduced.txt
//! ```
//!
//! Ours are reduced at once and a few rows at a time. The program ends with 1 where either differs.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::random::Random;
use image_ingest_oracles::resize::ResizeCase;
use image_ingest_samples::Samples;

/// Random cases with a committed hash.
const HASHED: usize = 400;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let mut random = Random::new(arguments.seed);
    if arguments.hashes {
        for case in ResizeCase::long() {
            println!("{case} {:016x}", hash(&case.theirs()));
        }
        for _ in 0..HASHED {
            let case = ResizeCase::random(&mut random);
            println!("{case} {:016x}", hash(&case.theirs()));
        }
        return ExitCode::SUCCESS;
    }
    let (mut compared, mut differences) = (0, 0);
    let mut compare = |case: ResizeCase, random: &mut Random| {
        let theirs = case.theirs();
        for (way, ours) in [("at once", case.ours()), ("by rows", case.ours_by_rows(random))] {
            if ours.as_ref().ok() != Some(&theirs) {
                println!("DIFFERENT: {case}, {way}");
                differences += 1;
            }
        }
        compared += 1;
    };
    ResizeCase::long().for_each(|case| compare(case, &mut random));
    let end = Instant::now() + Duration::from_secs(arguments.random.unwrap_or(0));
    while Instant::now() < end {
        compare(ResizeCase::random(&mut random), &mut random);
    }
    println!("{compared} reductions, {differences} differences");
    if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// FNV-1a of the samples, 16-bit ones in little-endian order.
fn hash(samples: &Samples) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    let start = 0xCBF2_9CE4_8422_2325;
    match samples {
        Samples::U8(v) => v.iter().fold(start, |hash, &byte| fold(hash, byte)),
        Samples::U16(v) => v.iter().flat_map(|sample| sample.to_le_bytes()).fold(start, fold),
    }
}
