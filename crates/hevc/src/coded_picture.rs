//! Picks the NAL units that a decoder needs for one picture: the parameter sets that its slices name, the slices, and a
//! few supplements.
//!
//! The limits here keep memory and time in proportion to the picture where libde265 decodes it:
//!
//! - NAL units that decide nothing never reach it: delimiters, filler data, other layers, and supplements behind the
//!   64th. libde265 keeps each NAL unit until the picture is done, in 300 bytes at least. A million took 320 MB.
//! - Parameter sets that no slice names never reach it: each picture parameter set costs tables of the picture's size.
//! - Stuffing bytes are bounded. libde265 takes each out of a NAL unit by moving all that follows it. Zero words at the
//!   end of a slice are cut off before, and what would be moved for the others is limited. Real files come to a
//!   twentieth of the limit.

use memchr::memmem;

use image_ingest_samples::DecodeError;

use crate::config::DecoderConfiguration;
use crate::nal::{
    NAL_IDR, NAL_PPS, NAL_SEI, NAL_SPS, NAL_VPS, is_base_layer, is_slice, nal_type, nal_units, starts_picture,
};
use crate::parameters::picture::{number_in_slice, set_number};
use crate::result::Result;

/// The NAL units of one picture, as a decoder may see them (ITU-T H.265 § 7.3.1).
///
/// It borrows the parameter sets from the decoder configuration and the slices from the item's data.
#[derive(Debug)]
pub struct CodedPicture<'d> {
    /// The sequence parameter set, and the picture parameter set that the slices name. A video parameter set is left
    /// out: it describes layers and no picture.
    pub(crate) sets: [&'d [u8]; 2],
    /// Slices and supplements, in the order of the item.
    pub(crate) nals: Vec<&'d [u8]>,
}

impl<'d> CodedPicture<'d> {
    /// Reads the data of an item (ISO/IEC 14496-15 § 4.3.3): NAL units, each behind its length.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Truncated`]: a NAL unit ends behind the data.
    /// - [`DecodeError::Malformed`]: there is no slice, or a slice names no parameter set of `config`, or two slices
    ///   name different ones.
    /// - [`DecodeError::Unsupported`]: the data hold several pictures, a picture that may refer to others, or a
    ///   parameter set that `config` lacks.
    /// - [`DecodeError::LimitExceeded`]: there are more than 600 slices, or more stuffing bytes than a decoder of
    ///   another crate can remove in a short time.
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

    /// All NAL units for a decoder: the parameter sets, then slices and supplements in the order of the item. None
    /// contains its length.
    pub fn units(&self) -> impl Iterator<Item = &'d [u8]> {
        self.sets.iter().chain(&self.nals).copied()
    }
}

/// The slices and supplements of an item, without what decides nothing.
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
        supplements += u64::from(NAL_SEI.contains(&kind));
        let is_supplement = NAL_SEI.contains(&kind) && supplements <= MAX_SUPPLEMENTS;
        if !is_base_layer(nal) || (kind > NAL_VPS && !is_supplement) {
            continue;
        }
        if kind < NAL_VPS {
            // libde265 makes up every other picture that a slice refers to: memory for sixteen instead of one.
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

/// The picture parameter set that all slices of the picture name (ITU-T H.265 § 7.4.7.1). Of several sets with the same
/// number the last is in force.
fn picture_set<'d>(sets: &[&'d [u8]], nals: &[&[u8]]) -> Result<&'d [u8]> {
    let slices = nals.iter().filter(|nal| is_slice(nal));
    let mut numbers =
        slices.map(|slice| number_in_slice(slice).ok_or_else(|| DecodeError::malformed("a slice header is cut")));
    let number = numbers.next().unwrap_or_else(|| Err(DecodeError::malformed("an item without a coded picture")))?;
    for other in numbers {
        if other? != number {
            return Err(DecodeError::malformed("slices of one picture that name different parameter sets"));
        }
    }
    sets.iter()
        .rev()
        .find(|set| nal_type(set) == Some(NAL_PPS) && set_number(set) == Some(number))
        .copied()
        .ok_or_else(|| DecodeError::malformed("a slice without its picture parameter set"))
}

/// A NAL unit without the `cabac_zero_words` at its end (§ 7.3.2.9, § 7.4.2). Each is `00 00 03`. Nothing else of a NAL
/// unit ends so, since the last byte before them holds the stop bit.
fn without_zero_words(mut nal: &[u8]) -> &[u8] {
    while let Some(rest) = nal.strip_suffix(&STUFFED) {
        nal = rest;
    }
    nal
}

/// Refuses NAL units whose stuffing bytes would make libde265 move more than `limit` bytes. For each it moves all that
/// follows.
fn check_moved(nals: &[&[u8]], limit: u64) -> Result<()> {
    let moved = |nal: &&[u8]| memmem::find_iter(nal, &STUFFED).map(|at| (nal.len() - at) as u64).sum::<u64>();
    DecodeError::check_limit("bytes behind stuffing bytes", nals.iter().map(moved).sum(), limit)
}

/// Two zero bytes and an emulation prevention byte (§ 7.4.2).
const STUFFED: [u8; 3] = [0, 0, 3];

/// libde265 moves as much in some 50 ms. A camera's picture of 12 megapixels comes to a twentieth of it.
const MAX_MOVED: u64 = 1 << 31;

/// The limit is lower for parameter sets, since they are handed over for each tile. Real ones have ten stuffing bytes
/// in a hundred.
const MAX_MOVED_IN_SETS: u64 = 1 << 20;

/// Encoders write one checksum and a few descriptions.
const MAX_SUPPLEMENTS: u64 = 64;

/// Slice segments of a picture at the highest level (ITU-T H.265, table A.8).
const MAX_SLICES: u64 = 600;

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
