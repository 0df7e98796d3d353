//! Every split of the same bytes into chunks has the same outcome, and later bytes never change a decision.
#![no_main]

use image_ingest_fuzz::checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::upload(data));
