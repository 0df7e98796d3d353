//! Our HEVC decoder against libde265, sample by sample, without and with in-loop filters.
#![no_main]

use image_ingest_fuzz::structure::{Structure, hevc, mutate};
use image_ingest_hevc::InLoopFilters;
use image_ingest_oracles::hevc::{HevcOutcome, compare, is_of_libde265};
use image_ingest_oracles::hevc_pictures::HevcInput;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| {
    let Some((config, item)) = hevc::config_and_item(data) else { return };
    let input = HevcInput { config: config.to_vec(), item: item.to_vec() };
    for filters in [InLoopFilters::LeftOut, InLoopFilters::Applied] {
        if !is_of_libde265(&input, filters, 1 << 15) {
            continue;
        }
        if let HevcOutcome::Different(difference) = compare(&input, filters) {
            panic!("{filters:?}: {difference}");
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::Hevc, data, size, max_size, seed, fuzzer_mutate)
});
