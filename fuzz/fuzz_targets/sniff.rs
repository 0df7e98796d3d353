//! More bytes never change a decision.
#![no_main]

use image_ingest::stages::sniff;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let decided = (0..data.len().min(64)).find_map(|n| sniff(&data[..n]));
    if let Some(format) = decided {
        assert_eq!(sniff(data), Some(format));
    }
});
