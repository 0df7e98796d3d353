//! Our HEVC intra decoder against libde265, sample by sample.
#![no_main]

use image_ingest_fuzz::checks;
use image_ingest_fuzz::structure::{Structure, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| checks::hevc_against_libde265(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::Hevc, data, size, max_size, seed, fuzzer_mutate)
});
