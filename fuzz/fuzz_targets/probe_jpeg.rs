//! A header is within the limits and its crop within the picture.
#![no_main]

use image_ingest::stages::probe;
use image_ingest::{Format, Limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    if let Ok(header) = probe(data, Format::Jpeg, &limits) {
        assert!(header.coded_size.pixels() > 0 && header.coded_size.pixels() <= limits.max_pixels);
        assert!(header.coded_size.longer() <= limits.max_side);
        assert!(header.size().pixels() > 0 && header.size().pixels() <= header.coded_size.pixels());
    }
});
