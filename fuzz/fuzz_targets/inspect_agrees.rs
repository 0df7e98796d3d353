//! What inspecting refuses, ingesting refuses alike; what both accept has the size that was announced.
#![no_main]

use image_ingest::{Ingest, Limits, Profile, Source};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 18;
    let ingest = Ingest::new(Profile::default(), limits).unwrap();
    let Ok(source) = Source::new(data.to_vec(), ingest.limits()) else { return };
    match (ingest.inspect(source.clone()), ingest.ingest(source)) {
        (Ok(inspection), Ok(background)) => assert_eq!(inspection.canonical_size, background.size),
        (Err(a), Err(b)) => assert_eq!(a.code(), b.code()),
        (Ok(_), Err(_)) => {}
        (Err(e), Ok(_)) => panic!("inspect alone refuses: {e}"),
    }
});
