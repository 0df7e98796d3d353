//! PNG's zlib streams against the crates `fdeflate` and `miniz_oxide`.
#![no_main]

use image_ingest_fuzz::checks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| checks::inflate_against_others(data));
