//! Splits an item's data into NAL units and picks what a decoder needs of them for one picture (ISO/IEC 14496-15 § 4.3.3,
//! ITU-T H.265 § 7.3.1): the parameter sets that its slices name, the slices, and a few supplements.

use memchr::memmem;

use image_ingest_samples::DecodeError;

use crate::config::{DecoderConfiguration, NAL_SPS, NAL_VPS, nal_type};
use crate::rbsp::RbspReader;
use crate::result::Result;

/// The NAL units of one picture, as a decoder may see them.
#[derive(Debug)]
pub struct CodedPicture<'d> {
    /// The sequence parameter set, and the one picture parameter set that the slices name.
    ///
    /// Others would cost the decoder tables of the picture's size for each. A video parameter set describes layers, and
    /// no picture.
    pub(crate) sets: [&'d [u8]; 2],
    /// Slices and supplements, in the file's order.
    pub(crate) nals: Vec<&'d [u8]>,
}

impl<'d> CodedPicture<'d> {
    /// Reads the data of an item.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `limit_exceeded`.
    pub fn read(config: &DecoderConfiguration<'d>, data: &'d [u8]) -> Result<Self> {
        let sets = config.parameter_sets()?;
        let nals = checked(data, config.length_bytes, &sets)?;
        let sequence = sets.iter().find(|set| nal_type(set) == Some(NAL_SPS));
        let sequence = sequence.ok_or_else(|| DecodeError::malformed("no sequence parameter set"))?;
        let used = [sequence, picture_set(&sets, &nals)?];
        check_moved(&used, MAX_MOVED_IN_SETS)?;
        check_moved(&nals, MAX_MOVED)?;
        Ok(Self { sets: used, nals })
    }

    /// All of them, the parameter sets first.
    pub fn units(&self) -> impl Iterator<Item = &'d [u8]> {
        self.sets.iter().chain(&self.nals).copied()
    }
}

/// The NAL units of an item but for the parameter sets, and without what decides nothing.
fn checked<'d>(data: &'d [u8], length_bytes: u8, sets: &[&[u8]]) -> Result<Vec<&'d [u8]>> {
    let mut checked = Vec::new();
    let (mut pictures, mut slices, mut supplements) = (0, 0, 0);
    for nal in nal_units(data, length_bytes) {
        let nal = nal?;
        let Some(kind) = nal_type(nal) else { continue };
        // Parameter sets of an `hvc1` item are those of `hvcC`, whose size was checked (ISO/IEC 14496-15 § 8.4.1).
        if (NAL_VPS..=NAL_VPS + 2).contains(&kind) {
            if sets.contains(&nal) {
                continue;
            }
            return Err(DecodeError::unsupported("parameter sets beside those of hvcC"));
        }
        // The decoder keeps every NAL unit until the picture is done, 300 bytes at least, and of these uses the checksum.
        supplements += u64::from(NAL_SEI.contains(&kind));
        let is_supplement = NAL_SEI.contains(&kind) && supplements <= MAX_SUPPLEMENTS;
        if !is_base_layer(nal) || (kind > NAL_VPS && !is_supplement) {
            continue;
        }
        if kind < NAL_VPS {
            // The decoder makes up every other picture that a slice refers to: memory for sixteen instead of one.
            if !NAL_IDR.contains(&kind) {
                return Err(DecodeError::unsupported("a coded picture that may refer to others"));
            }
            pictures += u32::from(starts_picture(nal));
            slices += 1;
            DecodeError::check_limit("slices", slices, MAX_SLICES)?;
        }
        if pictures > 1 {
            return Err(DecodeError::unsupported("several coded pictures in one item"));
        }
        checked.push(without_zero_words(nal));
    }
    Ok(checked)
}

/// The picture parameter set that all slices of the picture name (ITU-T H.265 § 7.4.7.1); of several with its number, the
/// last is in force.
fn picture_set<'d>(sets: &[&'d [u8]], nals: &[&[u8]]) -> Result<&'d [u8]> {
    let slices = nals.iter().filter(|nal| nal_type(nal).is_some_and(|kind| kind < NAL_VPS));
    let mut names = slices.map(|slice| named_set(slice).ok_or_else(|| DecodeError::malformed("a slice header is cut")));
    let name = names.next().unwrap_or_else(|| Err(DecodeError::malformed("an item without a coded picture")))?;
    for other in names {
        if other? != name {
            return Err(DecodeError::malformed("slices of one picture that name different parameter sets"));
        }
    }
    let is_named =
        |set: &&&[u8]| nal_type(set) == Some(NAL_SPS + 1) && RbspReader::of_nal(set).unsigned() == Some(name);
    sets.iter()
        .rev()
        .find(is_named)
        .copied()
        .ok_or_else(|| DecodeError::malformed("a slice without its picture parameter set"))
}

/// `slice_pic_parameter_set_id` of a slice of an IDR picture (§ 7.3.6.1).
fn named_set(slice: &[u8]) -> Option<u32> {
    let mut bits = RbspReader::of_nal(slice);
    bits.skip(2);
    bits.unsigned()
}

/// A NAL unit without the `cabac_zero_words` at its end (§ 7.3.2.9, § 7.4.2): each is `00 00 03`, and a NAL unit ends so
/// in no other way, since its last byte but for them has the stop bit.
fn without_zero_words(mut nal: &[u8]) -> &[u8] {
    while let Some(rest) = nal.strip_suffix(&STUFFED) {
        nal = rest;
    }
    nal
}

/// Refuses NAL units whose stuffing bytes are an attack on libde265, which moves all that follows each of them.
fn check_moved(nals: &[&[u8]], limit: u64) -> Result<()> {
    let moved = |nal: &&[u8]| memmem::find_iter(nal, &STUFFED).map(|at| (nal.len() - at) as u64).sum::<u64>();
    DecodeError::check_limit("bytes behind stuffing bytes", nals.iter().map(moved).sum(), limit)
}

/// What an emulation prevention byte ends (§ 7.4.2).
const STUFFED: [u8; 3] = [0, 0, 3];

/// Some 50 ms in libde265. A camera's picture of 12 megapixels comes to a twentieth of it.
const MAX_MOVED: u64 = 1 << 31;

/// Parameter sets are handed over for each tile; real ones have ten stuffing bytes in a hundred.
const MAX_MOVED_IN_SETS: u64 = 1 << 20;

/// `nal_unit_type` of supplemental enhancement information, before and after slices (ITU-T H.265 § 7.4.2.2).
const NAL_SEI: [u8; 2] = [39, 40];

/// Far more than the one checksum, and the few descriptions, that encoders write.
const MAX_SUPPLEMENTS: u64 = 64;

/// Slice segments of a picture at the highest level (ITU-T H.265, table A.8).
const MAX_SLICES: u64 = 600;

/// `nal_unit_type` of instantaneous decoding refresh pictures, which have no reference picture set (ITU-T H.265 § 7.3.6.1).
const NAL_IDR: [u8; 2] = [19, 20];

/// `first_slice_segment_in_pic_flag` (ITU-T H.265 § 7.3.6.1).
fn starts_picture(nal: &[u8]) -> bool {
    nal.get(2).is_some_and(|b| b >> 7 == 1)
}

/// `nuh_layer_id` 0 (ITU-T H.265 § 7.3.1.2).
fn is_base_layer(nal: &[u8]) -> bool {
    matches!(nal, [a, b, ..] if a & 1 == 0 && b >> 3 == 0)
}

/// NAL units, each after its length (ISO/IEC 14496-15 § 4.3.3).
fn nal_units(data: &[u8], length_bytes: u8) -> impl Iterator<Item = Result<&[u8]>> {
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
    let length = length.iter().fold(0u64, |value, &b| value << 8 | u64::from(b));
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_words_end_a_slice_and_are_cut_off() {
        let bare = [19 << 1, 1, 0x80, 0, 0, 3, 0, 0x80];
        let stuffed = [&bare[..], &[0, 0, 3].repeat(1000)].concat();
        assert_eq!(without_zero_words(&stuffed), bare);
        assert_eq!(without_zero_words(&bare), bare);
    }

    #[test]
    fn stuffing_is_bounded_by_what_follows_it() {
        let nal = [0, 0, 3].repeat(1000);
        let moved: u64 = (1..=1000).map(|n| n * 3).sum();
        assert!(check_moved(&[&nal], moved).is_ok());
        let error = check_moved(&[&nal], moved - 1).unwrap_err();
        assert!(
            matches!(error, DecodeError::LimitExceeded { limit, actual, .. } if (limit, actual) == (moved - 1, moved))
        );
    }

    #[test]
    fn only_the_named_picture_parameter_set_is_used() {
        // Numbers 0 (code 1) and 1 (code 010); the second of number 0 is in force.
        let sets: [&[u8]; 3] = [&[34 << 1, 1, 0x80], &[34 << 1, 1, 0x40], &[34 << 1, 1, 0xC0]];
        let used = |slices: &[&[u8]]| {
            picture_set(&sets, slices).map_err(|error| matches!(error, DecodeError::Malformed { .. }))
        };
        // Slices that name 0, 1 and 2, after two flags.
        let [zero, one, two] = [0b1010_0000, 0b1001_0000, 0b1001_1000].map(|header| [19 << 1, 1, header, 0xFF]);
        assert_eq!(used(&[&zero]), Ok(sets[2]));
        assert_eq!(used(&[&one, &one]), Ok(sets[1]));
        assert_eq!(used(&[&zero, &one]), Err(true));
        assert_eq!(used(&[&two]), Err(true));
        assert_eq!(used(&[]), Err(true));
    }
}
