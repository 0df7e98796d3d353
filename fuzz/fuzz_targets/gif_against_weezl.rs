//! GIF's LZW codes against the `weezl` crate, index by index.
#![no_main]

use image_ingest_fuzz::checks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| checks::gif_against_weezl(data));
