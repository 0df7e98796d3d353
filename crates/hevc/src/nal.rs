//! Splits data into NAL units and tells their type and layer (ITU-T H.265 § 7.3.1, ISO/IEC 14496-15 § 4.3.3).

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// `nal_unit_type` of a video parameter set (§ 7.4.2.2, table 7-1). Slices have smaller numbers.
pub(crate) const NAL_VPS: u8 = 32;

/// `nal_unit_type` of a sequence parameter set.
pub(crate) const NAL_SPS: u8 = 33;

/// `nal_unit_type` of a picture parameter set.
pub(crate) const NAL_PPS: u8 = 34;

/// `nal_unit_type` of the slices of random access pictures, of which all slices are intra: broken link access (16 to
/// 18), instantaneous decoding refresh (19 and 20), clean random access (21).
pub(crate) const NAL_RANDOM_ACCESS: std::ops::RangeInclusive<u8> = 16..=21;

/// `nal_unit_type` of supplemental enhancement information behind the slices.
pub(crate) const NAL_SUFFIX_SEI: u8 = 40;

/// Whether a slice is of an instantaneous decoding refresh picture. Its header names no reference pictures (§ 7.3.6.1).
pub(crate) fn is_idr(slice: &[u8]) -> bool {
    nal_type(slice).is_some_and(|kind| (19..=20).contains(&kind))
}

/// `nal_unit_type` (§ 7.3.1.2); `None` for an empty NAL unit.
pub(crate) fn nal_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|byte| byte >> 1 & 0x3f)
}

/// Whether a NAL unit is part of a coded picture.
pub(crate) fn is_slice(nal: &[u8]) -> bool {
    nal_type(nal).is_some_and(|kind| kind < NAL_VPS)
}

/// `first_slice_segment_in_pic_flag` of a slice (§ 7.3.6.1).
pub(crate) fn starts_picture(slice: &[u8]) -> bool {
    slice.get(2).is_some_and(|byte| byte >> 7 == 1)
}

/// Whether `nuh_layer_id` is 0 (§ 7.3.1.2).
pub(crate) fn is_base_layer(nal: &[u8]) -> bool {
    matches!(nal, [a, b, ..] if a & 1 == 0 && b >> 3 == 0)
}

/// Whether the NAL unit header says no more than the type: `forbidden_zero_bit` is 0, the layer is the base layer, and
/// the temporal layer is the only one (§ 7.3.1.2).
pub(crate) fn has_plain_header(nal: &[u8]) -> bool {
    matches!(nal, [kind, 1, ..] if kind & 0x81 == 0)
}

/// The NAL units of an item's data, each of which follows its length in `length_bytes` bytes, big-endian.
///
/// A NAL unit that ends behind the data is `truncated`, and the iterator ends with it.
pub(crate) fn nal_units(data: &[u8], length_bytes: u8) -> impl Iterator<Item = Result<&[u8]>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((nal, after)) = split_nal(rest, usize::from(length_bytes)) else {
            rest = &[];
            return Some(Err(DecodeError::truncated("a NAL unit ends beyond its item")));
        };
        rest = after;
        Some(Ok(nal))
    })
}

fn split_nal(data: &[u8], length_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_at_checked(length_bytes)?;
    let length = length.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_split_by_their_lengths() {
        let units = |data, bytes| nal_units(data, bytes).map(|unit| unit.ok()).collect::<Vec<_>>();
        assert_eq!(units(&[0, 2, 7, 8, 0, 1, 9], 2), [Some(&[7, 8][..]), Some(&[9])]);
        assert_eq!(units(&[1, 7, 0, 3, 8], 1), [Some(&[7][..]), Some(&[]), None]);
        assert_eq!(units(&[0, 0, 0], 4), [None]);
        assert_eq!(units(&[], 4), []);
    }

    #[test]
    fn headers_are_read_bit_by_bit() {
        let idr = [19 << 1, 1, 0x80];
        assert_eq!((nal_type(&idr), nal_type(&[])), (Some(19), None));
        assert!(is_slice(&idr) && starts_picture(&idr) && is_base_layer(&idr) && has_plain_header(&idr));
        assert!(!is_slice(&[NAL_VPS << 1, 1]));
        // Layer 32 and layer 1, temporal layer 1, a forbidden bit.
        assert!(!is_base_layer(&[19 << 1 | 1, 1]) && !is_base_layer(&[19 << 1, 1 << 3 | 1]));
        assert!(is_base_layer(&[19 << 1, 2]) && !has_plain_header(&[19 << 1, 2]));
        assert!(!has_plain_header(&[0x80 | 19 << 1, 1]));
    }
}
