//! Any split of the same bytes has the same outcome, and more bytes never change a decision.
#![no_main]

use image_ingest_fuzz::checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::upload(data));
