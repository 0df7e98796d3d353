//! Checks the hash that a picture may carry of its own samples (ITU-T H.265 § D.2.19, § D.3.19).
//!
//! It is a message of supplemental enhancement information behind the slices. An encoder writes it over the samples that
//! it has seen, so a picture with another hash was damaged after it was encoded.

use image_ingest_samples::{CpuTimer, DecodeError, Samples, WorkError, reserve};

use crate::decoded_picture::{DecodedPicture, DecodedPlane};
use crate::md5::Md5;
use crate::nal::{NAL_SUFFIX_SEI, nal_type};
use crate::rbsp::payload;
use crate::result::Result;

/// Compares a filtered picture with each of its hashes in `nals`.
///
/// # Errors
///
/// [`DecodeError::Malformed`] where one differs or is cut, and when `timer` ends the work.
pub(crate) fn check(nals: &[&[u8]], picture: &DecodedPicture, timer: &CpuTimer<'_>) -> Result<()> {
    // Each kind is computed once, however often it is there.
    let mut computed: [Option<Vec<u8>>; 3] = [None, None, None];
    for nal in nals.iter().filter(|nal| nal_type(nal) == Some(NAL_SUFFIX_SEI)) {
        let bytes = payload(nal.get(2..).unwrap_or_default(), timer)?;
        for message in hashes(&bytes, timer) {
            let message = message?;
            let Some((&kind, expected)) = message.split_first() else { return Err(wrong()) };
            let Some(slot) = computed.get_mut(usize::from(kind)) else { continue };
            let actual = match slot {
                Some(actual) => actual,
                None => slot.insert(hash_of(picture, kind, timer)?),
            };
            if !expected.starts_with(actual) {
                return Err(wrong());
            }
        }
    }
    Ok(())
}

fn wrong() -> DecodeError {
    DecodeError::malformed("other samples than the picture's hash says")
}

/// The payloads of all messages of `payloadType` 132 (§ 7.3.5). A message that is cut ends with the bytes.
fn hashes<'b>(mut bytes: &'b [u8], timer: &CpuTimer<'_>) -> impl Iterator<Item = Result<&'b [u8], WorkError>> {
    std::iter::from_fn(move || {
        loop {
            if let Err(error) = timer.step() {
                return Some(Err(error));
            }
            let (kind, size) = (number(&mut bytes)?, number(&mut bytes)?);
            let (message, rest) = bytes.split_at_checked(size).unwrap_or((bytes, &[]));
            bytes = rest;
            if kind == PICTURE_HASH {
                return Some(Ok(message));
            }
        }
    })
}

/// A number of a message's head: bytes of 255, and one that is less, added up. `None` at the end: a stop bit alone is
/// no head.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut sum = 0usize;
    loop {
        if **bytes == [0x80] {
            return None;
        }
        let byte = *bytes.split_off_first()?;
        sum = sum.checked_add(byte.into())?;
        if byte < 255 {
            return Some(sum);
        }
    }
}

/// `payloadType` of a hash of the decoded picture.
const PICTURE_HASH: usize = 132;

/// The hash of each plane, one after another: MD5 (0), a cyclic redundancy check of 16 bits (1), a checksum of 32 (2).
fn hash_of(picture: &DecodedPicture, kind: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let mut hashes = Vec::new();
    for plane in &picture.planes {
        match kind {
            0 => hashes.extend(md5_of(plane, timer)?),
            1 => hashes.extend(crc_of(plane, timer)?.to_be_bytes()),
            _ => hashes.extend(checksum_of(plane, timer)?.to_be_bytes()),
        }
    }
    Ok(hashes)
}

/// Hands the bytes of each row to `take`, the lower byte of a sample of 16 bits first.
fn each_row(plane: &DecodedPlane, timer: &CpuTimer<'_>, mut take: impl FnMut(usize, &[u8])) -> Result<()> {
    let mut bytes = Vec::new();
    for y in 0..plane.height {
        timer.check()?;
        let row = y * plane.width..(y + 1) * plane.width;
        match &plane.samples {
            Samples::U8(samples) => take(y, &samples[row]),
            Samples::U16(samples) => {
                bytes.clear();
                reserve(&mut bytes, 2 * plane.width)?;
                bytes.extend(samples[row].iter().flat_map(|sample| sample.to_le_bytes()));
                take(y, &bytes);
            }
        }
    }
    Ok(())
}

fn md5_of(plane: &DecodedPlane, timer: &CpuTimer<'_>) -> Result<[u8; 16]> {
    let mut md5 = Md5::new();
    each_row(plane, timer, |_, row| md5.update(row))?;
    Ok(md5.finish())
}

/// The polynomial is x¹⁶ + x¹² + x⁵ + 1, and the first value is all ones. Sixteen zero bits follow the last sample.
fn crc_of(plane: &DecodedPlane, timer: &CpuTimer<'_>) -> Result<u16> {
    let mut crc = 0xFFFFu16;
    let mut take = |byte: u8| {
        for bit in (0..8).rev() {
            let overflows = crc >> 15 == 1;
            crc = crc << 1 | u16::from(byte >> bit & 1);
            crc ^= if overflows { 0x1021 } else { 0 };
        }
    };
    each_row(plane, timer, |_, row| row.iter().for_each(|&byte| take(byte)))?;
    take(0);
    take(0);
    Ok(crc)
}

/// The sum of all bytes, each mixed with the place of its sample.
fn checksum_of(plane: &DecodedPlane, timer: &CpuTimer<'_>) -> Result<u32> {
    let bytes_per_sample = if matches!(plane.samples, Samples::U8(_)) { 1 } else { 2 };
    let mut sum = 0u32;
    each_row(plane, timer, |y, row| {
        for (x, sample) in row.chunks(bytes_per_sample).enumerate() {
            let mask = (x & 0xFF) ^ (y & 0xFF) ^ (x >> 8) ^ (y >> 8);
            for &byte in sample {
                // A side has at most 16 bits where a picture has one, so only the lower byte of the mask is used.
                sum = sum.wrapping_add(u32::from(byte ^ mask.to_le_bytes()[0]));
            }
        }
    })?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(samples: Samples, width: usize) -> DecodedPlane {
        DecodedPlane { width, height: samples.len() / width, samples }
    }

    #[test]
    fn a_cyclic_redundancy_check_is_that_of_the_polynomial() {
        // Of "123456789" by CRC-16 with the polynomial 0x1021, all ones at first, and zeros appended.
        let digits = plane(Samples::U8(b"123456789".to_vec()), 3);
        assert_eq!(crc_of(&digits, &CpuTimer::default()).unwrap(), 0xE5CC);
    }

    #[test]
    fn a_checksum_knows_the_place_of_a_sample() {
        let sum = |samples: Samples| checksum_of(&plane(samples, 2), &CpuTimer::default()).unwrap();
        // 1 ^ 0, 2 ^ 1, 4 ^ 1, 8 ^ (1 ^ 1).
        assert_eq!(sum(Samples::U8(vec![1, 2, 4, 8])), 1 + 3 + 5 + 8);
        assert_eq!(sum(Samples::U16(vec![0x101, 2, 4, 8])), (1 + 1) + (3 + 1) + (5 + 1) + 8);
    }

    #[test]
    fn messages_are_found_behind_others() {
        // A message of type 300 with 2 bytes, then the hash of 3 bytes, then the stop bit.
        let bytes = [255, 45, 2, 9, 9, 132, 3, 7, 8, 9, 0x80];
        let found = |bytes| hashes(bytes, &CpuTimer::default()).map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(found(&bytes), [&[7, 8, 9][..]]);
        assert_eq!(found(&[132, 9, 7]), [&[7][..]]);
        assert!(found(&[0x80]).is_empty());
    }

    #[test]
    fn a_picture_with_another_hash_is_malformed() {
        let gray = DecodedPicture { bit_depth: 8, planes: vec![plane(Samples::U8(vec![128; 4]), 2)] };
        let read = |kind: u8, hash: &[u8]| {
            let head = [NAL_SUFFIX_SEI << 1, 1, 132, u8::try_from(hash.len() + 1).unwrap(), kind];
            let nal = [&head[..], hash, &[0x80]].concat();
            check(&[&nal], &gray, &CpuTimer::default())
        };
        let sum = 128u32 + 129 + 129 + 128;
        assert!(read(2, &sum.to_be_bytes()).is_ok());
        assert!(matches!(read(2, &(sum + 1).to_be_bytes()), Err(DecodeError::Malformed { .. })));
        assert!(matches!(read(0, &[0; 16]), Err(DecodeError::Malformed { .. })));
        assert!(matches!(read(1, &[]), Err(DecodeError::Malformed { .. })));
        // Other kinds are reserved.
        assert!(read(3, &[0; 16]).is_ok());
    }
}
