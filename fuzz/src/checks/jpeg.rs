//! Compares our JPEG decoder with libjpeg-turbo and with `image`.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder};
use image_ingest::header::Header;
use image_ingest::stages::{Decoded, Planned};
use image_ingest::{Format, Profile};

use super::{peer, small};

/// A file that we accept is accepted by libjpeg-turbo with the same luma, and by `image` with the same size.
pub fn jpeg_against_others(data: &[u8]) {
    // Only a JPEG goes on: probing does not check the format again.
    if !data.starts_with(&[0xFF, 0xD8]) {
        return;
    }
    let Ok(planned) = Planned::of(data, Format::Jpeg, &Profile::default(), &small(1 << 15)) else { return };
    let mut accepted = false;
    for divisor in [1, 2, 4, 8] {
        let planned = planned.clone().at_scale(divisor);
        let Ok(ours) = planned.decode() else { continue };
        accepted = true;
        match planned.decode_by_libjpeg_turbo() {
            Ok(theirs) => assert!(same_luma(&ours, &theirs, 8 / divisor as usize), "other luma at 1/{divisor}"),
            Err(error) => {
                let reason = error.to_string();
                assert!(LIBJPEG_IS_STRICTER.iter().any(|known| reason.contains(known)), "at 1/{divisor}: {reason}");
            }
        }
    }
    if accepted {
        against_image(data, planned.header());
    }
}

/// Whether blocks of `side` have the same samples. Coefficients beyond those of any real picture overflow differently
/// in the two decoders. The blocks of such coefficients have a black or a white sample, so blocks with one may differ.
fn same_luma(ours: &Decoded, theirs: &Decoded, side: usize) -> bool {
    let (Some((ours, width)), Some((theirs, _))) = (ours.luma(), theirs.luma()) else { return ours == theirs };
    if ours.len() != theirs.len() || width == 0 {
        return false;
    }
    let row = |plane: &'_ [u8], y: usize| plane[y * width..][..width].to_vec();
    (0..ours.len() / width).step_by(side).all(|top| {
        let rows = top..(top + side).min(ours.len() / width);
        (0..width).step_by(side).all(|left| {
            let across = left..(left + side).min(width);
            let block = |plane: &[u8]| rows.clone().flat_map(|y| row(plane, y)[across.clone()].to_vec()).collect();
            let (a, b): (Vec<u8>, Vec<u8>) = (block(ours), block(theirs));
            a == b || a.iter().chain(&b).any(|&sample| matches!(sample, 0 | 255))
        })
    })
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

/// The reasons for which libjpeg-turbo's picture may be refused while ours is complete.
const LIBJPEG_IS_STRICTER: [&str; 3] = [
    // Zero bytes before a restart marker, and the few bytes that may follow a scan's last code.
    "stray bytes",
    // Bytes appended to the scan: the message does not say which bytes were skipped.
    "a scan longer than the image",
    // Every coefficient was decoded, but EOI is missing.
    "the data ends before the last scan does",
];

/// The reasons for which `image` refuses a file that libjpeg-turbo and we accept.
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
