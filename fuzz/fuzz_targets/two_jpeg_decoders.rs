//! What our JPEG decoder accepts, libjpeg-turbo accepts, at every scale.
#![no_main]

use image_ingest::stages::{Planned, sniff};
use image_ingest::{Format, Profile};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if sniff(data) != Some(Format::Jpeg) {
        return;
    }
    let Ok(planned) = Planned::new(data, &Profile::default()) else { return };
    if planned.header().coded_size.pixels() > 1 << 18 {
        return;
    }
    for divisor in [1, 2, 4, 8] {
        let planned = planned.clone().at_scale(divisor);
        if planned.decode().is_ok() {
            planned.decode_by_libjpeg_turbo().unwrap_or_else(|e| panic!("at 1/{divisor}: {e}"));
        }
    }
});
