//! Any profile is ignored or converts every pixel.
#![no_main]

use image_ingest_fuzz::checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::icc(data));
