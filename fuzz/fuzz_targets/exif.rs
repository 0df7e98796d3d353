//! Any block has an orientation from 1 to 8.
#![no_main]

use image_ingest::stages::exif_orientation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert!((1..=8).contains(&exif_orientation(data)));
});
