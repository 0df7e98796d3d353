//! Any block has an orientation from 1 to 8.
#![no_main]

use image_ingest_fuzz::checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::exif(data));
