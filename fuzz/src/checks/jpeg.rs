//! Compares our JPEG decoder with `image`.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder};
use image_ingest::header::Header;
use image_ingest::stages::Planned;
use image_ingest::{Format, Profile};

use super::{peer, small};

/// A file that we accept at any scale is accepted by `image` with the same size.
pub fn jpeg_against_others(data: &[u8]) {
    // Only a JPEG goes on: probing does not check the format again.
    if !data.starts_with(&[0xFF, 0xD8]) {
        return;
    }
    let Ok(planned) = Planned::of(data, Format::Jpeg, &Profile::default(), &small(1 << 15)) else { return };
    if [1, 2, 4, 8].into_iter().any(|divisor| planned.clone().at_scale(divisor).decode().is_ok()) {
        against_image(data, planned.header());
    }
}

fn against_image(data: &[u8], header: &Header) {
    // It reads five bytes of an APP0 that has four, and so misses the marker after it.
    if data.windows(4).any(|segment| segment == [0xff, 0xe0, 0, 6]) {
        return;
    }
    let theirs = peer::ask(|| {
        let decoder = JpegDecoder::new(Cursor::new(data)).map_err(|e| e.to_string())?;
        let size = decoder.dimensions();
        DynamicImage::from_decoder(decoder).map_err(|e| e.to_string()).map(|_| size)
    });
    match theirs {
        Some(Ok(size)) => assert_eq!(size, (header.coded_size.width, header.coded_size.height)),
        Some(Err(reason)) => {
            assert!(STRICTER.iter().any(|known| reason.contains(known)), "accepted here alone: {reason}");
        }
        // It panics if a coefficient times its quantiser overflows.
        None => {}
    }
}

/// The reasons for which `image` refuses a file that we accept.
const STRICTER: [&str; 18] = [
    // Tables that are not in the file are those of ITU-T T.81 annex K, as in Motion JPEG.
    "table not found",
    "No AC table",
    "No DC table",
    // Fields that sequential scans do not have, or that no decoder needs.
    "Error parsing SOS Segment",
    "app1 length",
    "App14",
    "Adobe colorspace",
    "Bad Huffman Table",
    // Bytes before, between and after segments; TEM (FF 01), which has no length.
    "invalid length:0",
    "Illegal start bytes",
    "Marker missing",
    "Not enough bytes",
    "Exhausted data",
    "Premature End of image",
    // Features that it does not support; it skips the frame header of progressive arithmetic coding.
    "components cannot be zero",
    "not supported",
    "unsupported",
    "not a power of two",
];
