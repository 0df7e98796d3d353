//! Whatever is accepted has the size that was planned and an id that is its hash; small limits keep runs short.
#![no_main]

use image_ingest::{ContentId, Ingest, Limits, Profile, Source};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 20;
    let ingest = Ingest::new(Profile::default(), limits).unwrap();
    let Ok(source) = Source::new(data.to_vec(), ingest.limits()) else { return };
    if let Ok(background) = ingest.ingest(source) {
        assert_eq!(background.id, ContentId::of(&background.bytes));
        assert!(background.size.longer() <= 2048 && background.size.pixels() > 0);
    }
});
