//! Our JPEG encoder against libjpeg-turbo, byte by byte.
#![no_main]

use image_ingest_oracles::jpeg_encode::{EncoderPicture, compare};
use image_ingest_oracles::random::Random;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((picture, quality)) = EncoderPicture::of_bytes(data) else { return };
    let differences = compare(&picture, quality, &mut Random::new(data.len() as u64));
    assert!(differences.is_empty(), "{differences:?}");
});
