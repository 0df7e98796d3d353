//! Our JPEG decoder against `image`.
#![no_main]

use image_ingest::Format;
use image_ingest_fuzz::checks;
use image_ingest_fuzz::structure::{Structure, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| checks::jpeg_against_others(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::File(Format::Jpeg), data, size, max_size, seed, fuzzer_mutate)
});
