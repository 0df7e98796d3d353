//! Everything is reduced: scales, skipped filters and the decoders that only then come into play.
#![no_main]

use image_ingest::{Geometry, Ingest, Limits, Profile, Source};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 18;
    for max_edge in [16, 160] {
        let mut profile = Profile::default();
        profile.geometry = Geometry::Fit { max_edge };
        let ingest = Ingest::new(profile, limits.clone()).unwrap();
        let Ok(source) = Source::new(data.to_vec(), ingest.limits()) else { return };
        if let Ok(background) = ingest.ingest(source) {
            assert!(background.size.longer() <= max_edge && background.size.pixels() > 0);
        }
    }
});
