//! Picks the NAL units that a decoder needs for one picture: the parameter sets that its slices name, the slices, and
//! the hashes behind them.
//!
//! What decides nothing is left out: delimiters, filler data, other layers, descriptions, and parameter sets that no
//! slice names. What is kept is bounded: 600 slices, and 64 messages behind them.

use std::collections::BTreeSet;

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::config::DecoderConfiguration;
use crate::nal::{
    NAL_PPS, NAL_RANDOM_ACCESS, NAL_SPS, NAL_SUFFIX_SEI, NAL_VPS, is_base_layer, is_slice, nal_type, nal_units,
    starts_picture,
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
    /// Slices, and supplements behind them, in the order of the item.
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
    /// - [`DecodeError::LimitExceeded`]: there are more than 600 slices.
    /// - [`DecodeError::Work`]: the budget of `timer` ends.
    pub fn read(config: &DecoderConfiguration<'d>, data: &'d [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let sets = config.parameter_sets()?;
        let nals = checked(data, config.length_bytes, &sets, timer)?;
        let sequence = sets.iter().find(|set| nal_type(set) == Some(NAL_SPS));
        let sequence = sequence.ok_or_else(|| DecodeError::malformed("no sequence parameter set"))?;
        Ok(Self { sets: [sequence, picture_set(&sets, &nals)?], nals })
    }

    /// All NAL units for a decoder: the parameter sets, then slices and supplements in the order of the item. None
    /// contains its length.
    pub fn units(&self) -> impl Iterator<Item = &'d [u8]> {
        self.sets.iter().chain(&self.nals).copied()
    }
}

/// The slices and supplements of an item, without what decides nothing.
fn checked<'d>(data: &'d [u8], length_bytes: u8, sets: &[&[u8]], timer: &CpuTimer<'_>) -> Result<Vec<&'d [u8]>> {
    let mut checked = Vec::new();
    // Ordered, since millions of NAL units may have to be looked for.
    let sets: BTreeSet<&[u8]> = sets.iter().copied().collect();
    let (mut pictures, mut slices, mut supplements) = (0, 0, 0);
    for nal in nal_units(data, length_bytes) {
        timer.step()?;
        let nal = nal?;
        let Some(kind) = nal_type(nal) else { continue };
        // Parameter sets of an `hvc1` item are those of `hvcC`, whose size was checked (ISO/IEC 14496-15 § 8.4.1).
        if (NAL_VPS..=NAL_VPS + 2).contains(&kind) {
            if sets.contains(nal) {
                continue;
            }
            return Err(DecodeError::unsupported("parameter sets beside those of hvcC"));
        }
        supplements += u64::from(kind == NAL_SUFFIX_SEI);
        let is_supplement = kind == NAL_SUFFIX_SEI && supplements <= MAX_SUPPLEMENTS;
        if !is_base_layer(nal) || (kind > NAL_VPS && !is_supplement) {
            continue;
        }
        if kind < NAL_VPS {
            if !NAL_RANDOM_ACCESS.contains(&kind) {
                return Err(DecodeError::unsupported("a coded picture that may refer to others"));
            }
            pictures += u32::from(starts_picture(nal));
            slices += 1;
            DecodeError::check_limit("slices", slices, MAX_SLICES)?;
        }
        if pictures > 1 {
            return Err(DecodeError::unsupported("several coded pictures in one item"));
        }
        checked.push(nal);
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

/// Encoders write one hash.
const MAX_SUPPLEMENTS: u64 = 64;

/// Slice segments of a picture at the highest level (ITU-T H.265, table A.8).
const MAX_SLICES: u64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

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
