//! Writes the marker segments before the entropy-coded data (ITU-T T.81 annex B, JFIF in ITU-T T.871).

use image_ingest_samples::{Size, WorkError, joined};

use crate::encode::quantiser::in_zigzag;
use crate::segments::{DHT, DQT, SOF0, SOS};
use crate::standard;

/// The end of the image.
pub(crate) const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// The file up to the entropy-coded data of its only scan.
///
/// # Errors
///
/// [`WorkError::Internal`] for a side of 0 or over [`MAX_SIDE`]; [`WorkError::OutOfMemory`].
pub(crate) fn headers(size: Size, tables: &[[u8; 64]; 2]) -> Result<Vec<u8>, WorkError> {
    let mut out = joined::<u8>(&[&[0xFF, 0xD8], &JFIF])?;
    for (number, table) in (0..).zip(tables) {
        segment(&mut out, DQT, &[&[number], &in_zigzag(table)]);
    }
    let side = |side: u32| match u16::try_from(side) {
        Ok(side @ 1..=MAX_SIDE) => Ok(side.to_be_bytes()),
        _ => Err(WorkError::internal("a side that JPEG cannot carry")),
    };
    segment(&mut out, SOF0, &[&[8], &side(size.height)?, &side(size.width)?, &[3], &COMPONENTS]);
    for (number, (dc, ac)) in (0..).zip(standard::DC.iter().zip(&standard::AC)) {
        segment(&mut out, DHT, &[&[number], dc]);
        segment(&mut out, DHT, &[&[0x10 | number], ac]);
    }
    segment(&mut out, SOS, &[&SCAN]);
    Ok(out)
}

/// Version 1.01, no unit, an aspect of 1 : 1, no thumbnail.
const JFIF: [u8; 18] = *b"\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";

/// Of each component its number, its sampling factors and its quantisation table.
const COMPONENTS: [u8; 9] = [1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];

/// Three components with their numbers and Huffman tables; all 64 coefficients, with all their bits.
const SCAN: [u8; 10] = [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];

/// The longest side that libjpeg writes.
pub(crate) const MAX_SIDE: u16 = 65_500;

/// A marker, and its segment of `parts`, which have less than 200 bytes.
fn segment(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let len: usize = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&[0xFF, marker, 0, u8::try_from(len).unwrap_or(u8::MAX)]);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}
