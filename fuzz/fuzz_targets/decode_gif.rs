//! Every file that is decoded becomes a canonical image of the planned size, with and without reduction.
#![no_main]

use image_ingest::Format;
use image_ingest_fuzz::checks;
use image_ingest_fuzz::structure::{Structure, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| checks::decode(data, Format::Gif));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::File(Format::Gif), data, size, max_size, seed, fuzzer_mutate)
});
