//! Exif blocks and ICC profiles.

use image_ingest::header::Channels;
use image_ingest::stages::{exif_orientation, through_icc};

/// Every block has an orientation from 1 to 8.
pub fn exif(data: &[u8]) {
    assert!((1..=8).contains(&exif_orientation(data)));
}

/// Every profile is ignored or converts each pixel to three bytes of sRGB, and gray to one. The last byte of the
/// preferred CMM, which no code reads, selects the bit depth of the samples.
pub fn icc(data: &[u8]) {
    const PIXELS: usize = 60;
    let samples: Vec<u8> = (0..=255).step_by(3).chain([0, 0, 0, 255, 255, 255]).cycle().take(PIXELS * 4 * 2).collect();
    let deep = data.get(7).is_some_and(|b| b & 1 == 1);
    for (channels, stored, made) in [(Channels::Gray, 1, 1), (Channels::Rgb, 3, 3), (Channels::Cmyk, 4, 3)] {
        let samples = &samples[..PIXELS * stored * if deep { 2 } else { 1 }];
        let converted = through_icc(data, channels, deep, samples).expect("memory for a few tables");
        assert!(converted.is_none_or(|converted| converted.len() == PIXELS * made), "{channels:?}");
    }
}
