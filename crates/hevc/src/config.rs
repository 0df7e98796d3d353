//! Reads what an HEVC decoder configuration says of a picture: `hvcC` (ISO/IEC 14496-15 § 8.3.3) and the sequence
//! parameter set in it (ITU-T H.265 § 7.3.2.2), with its video usability information (annex E).

use image_ingest_samples::{Cicp, DecodeError, Size};

use crate::rbsp::RbspReader;
use crate::result::Result;

/// `hvcC`: the fixed fields, and the parameter sets unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecoderConfiguration<'a> {
    /// 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub chroma_format: u8,
    /// Bits per sample, of luma and of chroma.
    pub bit_depth: u8,
    /// Bytes of the length before each NAL unit of an item: 1, 2 or 4.
    pub length_bytes: u8,
    arrays: &'a [u8],
}

impl<'a> DecoderConfiguration<'a> {
    /// Reads the fixed fields.
    ///
    /// # Errors
    ///
    /// `malformed`, `unsupported`, and `limit_exceeded` for parameter sets that are an attack by their length.
    pub fn read(payload: &'a [u8]) -> Result<Self> {
        if payload.len() > MAX_CONFIG_BYTES {
            let (limit, actual) = (MAX_CONFIG_BYTES as u64, payload.len() as u64);
            return Err(DecodeError::LimitExceeded { what: "decoder configuration bytes", limit, actual });
        }
        let mut fields = Fields(payload);
        fields.take(16)?;
        let (chroma_format, luma, chroma) = (fields.u8()? & 3, fields.u8()? & 7, fields.u8()? & 7);
        fields.take(2)?;
        let length_bytes = (fields.u8()? & 3) + 1;
        if length_bytes == 3 {
            return Err(DecodeError::malformed("NAL unit lengths of three bytes"));
        }
        if luma != chroma && chroma_format != 0 {
            return Err(DecodeError::unsupported("luma and chroma of different bit depths"));
        }
        Ok(Self { chroma_format, bit_depth: luma + 8, length_bytes, arrays: fields.0 })
    }

    /// The parameter sets, in the file's order, and what else is no part of a picture.
    ///
    /// # Errors
    ///
    /// `malformed`, as for a slice, which would escape here what is asked of those of the item; `limit_exceeded`.
    pub fn parameter_sets(&self) -> Result<Vec<&'a [u8]>> {
        let mut fields = Fields(self.arrays);
        let mut sets = Vec::new();
        for _ in 0..fields.u8()? {
            fields.u8()?;
            for _ in 0..fields.u16()? {
                let len = fields.u16()?;
                let set = fields.take(usize::from(len))?;
                if nal_type(set).is_some_and(|kind| kind < NAL_VPS) {
                    return Err(DecodeError::malformed("a slice among the parameter sets"));
                }
                sets.push(set);
                DecodeError::check_limit("parameter sets", sets.len() as u64, MAX_PARAMETER_SETS)?;
            }
        }
        Ok(sets)
    }

    /// The sequence parameter set.
    ///
    /// # Errors
    ///
    /// `malformed` without exactly one of them, when it disagrees with the fixed fields, or when its pictures are coded
    /// much larger than they are shown; `unsupported`.
    pub fn sequence(&self) -> Result<CodedFormat> {
        let sets = self.parameter_sets()?;
        let mut found = sets.iter().filter(|set| nal_type(set) == Some(NAL_SPS));
        let (Some(only), None) = (found.next(), found.next()) else {
            return Err(DecodeError::malformed("not exactly one sequence parameter set"));
        };
        let sequence =
            CodedFormat::read(only).ok_or_else(|| DecodeError::malformed("the sequence parameter set is cut"))?;
        if sequence.chroma_format != u32::from(self.chroma_format) || sequence.bit_depth != u32::from(self.bit_depth) {
            return Err(DecodeError::malformed("hvcC disagrees with its sequence parameter set"));
        }
        if sequence.hides_too_much() {
            return Err(DecodeError::malformed("a conformance window that cuts more than a coding tree block"));
        }
        // libde265 counts the window's offset in bytes instead of samples.
        if sequence.shifted && self.bit_depth > 8 {
            return Err(DecodeError::unsupported("a conformance window off the corner of a deep picture"));
        }
        Ok(sequence)
    }
}

/// What is left of the payload, big-endian.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let too_short = || DecodeError::malformed("a box ends before its fields do");
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(too_short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Result<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}

/// A real configuration has a few hundred bytes; each of a grid's tiles hands it to the decoder again.
const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// All numbers that parameter sets of the three kinds may have (ITU-T H.265 § 7.4.3) are 96; files of cameras have 3 to 5.
const MAX_PARAMETER_SETS: u64 = 128;

/// The largest side of a coding tree block (ITU-T H.265 § 7.4.3.2.1). Encoders fill up to whole coding blocks and cut the
/// rest off again; a window that cuts more hides the memory that the picture takes.
const MAX_CODING_BLOCK: u32 = 64;

/// `nal_unit_type` of a video parameter set; sequence and picture parameter sets follow, and slices are below.
pub(crate) const NAL_VPS: u8 = 32;

pub(crate) const NAL_SPS: u8 = NAL_VPS + 1;

/// `nal_unit_type` (§ 7.3.1.2).
pub(crate) fn nal_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|b| b >> 1 & 0x3f)
}

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedFormat {
    /// What the decoder makes.
    pub coded: Size,
    /// After the conformance window.
    pub size: Size,
    /// Whether the conformance window cuts at the left or at the top.
    pub shifted: bool,
    chroma_format: u32,
    bit_depth: u32,
    /// The video usability information.
    pub usability: Usability,
}

/// The parts of the video usability information that colour needs; `None` where it is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usability {
    /// Whether samples use the full range of their depth.
    pub full_range: Option<bool>,
    /// Set when the colour description is present.
    pub cicp: Option<Cicp>,
    /// `chroma_sample_loc_type_top_field`.
    pub chroma_location: Option<u32>,
}

impl CodedFormat {
    fn read(nal: &[u8]) -> Option<Self> {
        let (mut bits, sub_layers, _) = sequence_bits(nal)?;
        let chroma_format = bits.unsigned().filter(|&c| c <= 3)?;
        if chroma_format == 3 {
            bits.skip(1);
        }
        let coded = Size::new(bits.unsigned()?, bits.unsigned()?);
        let (size, shifted) = if bits.bit()? { windowed(&mut bits, coded, chroma_format)? } else { (coded, false) };
        let bit_depth = bits.unsigned()?.checked_add(8)?;
        bits.unsigned()?;
        // Colour has a default, so a fault from here on is left to the decoder.
        let usability = read_usability(&mut bits, sub_layers).unwrap_or_default();
        Some(Self { coded, size, shifted, chroma_format, bit_depth, usability })
    }

    fn hides_too_much(&self) -> bool {
        let cut = |coded: u32, shown: u32| coded.saturating_sub(shown) > MAX_CODING_BLOCK;
        cut(self.coded.width, self.size.width) || cut(self.coded.height, self.size.height)
    }
}

fn windowed(bits: &mut RbspReader, coded: Size, chroma_format: u32) -> Option<(Size, bool)> {
    let (horizontal, vertical) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
    let across = left.checked_add(right)?.checked_mul(horizontal)?;
    let down = top.checked_add(bottom)?.checked_mul(vertical)?;
    let size = Size::new(coded.width.checked_sub(across)?, coded.height.checked_sub(down)?);
    Some((size, left > 0 || top > 0))
}

/// A sequence parameter set from `chroma_format_idc` on, `sps_max_sub_layers_minus1`, and its number (ITU-T H.265
/// § 7.3.2.2.1).
pub(crate) fn sequence_bits(nal: &[u8]) -> Option<(RbspReader, u32, u32)> {
    let mut bits = RbspReader::of_nal(nal);
    bits.skip(4);
    let sub_layers = bits.bits(3)?;
    bits.skip(1);
    skip_profile_tier_level(&mut bits, sub_layers)?;
    let id = bits.unsigned()?;
    Some((bits, sub_layers, id))
}

/// § 7.3.3.
pub(crate) fn skip_profile_tier_level(bits: &mut RbspReader, sub_layers: u32) -> Option<()> {
    bits.skip(96);
    let present = (0..sub_layers).map(|_| Some((bits.bit()?, bits.bit()?))).collect::<Option<Vec<_>>>()?;
    if sub_layers > 0 {
        bits.skip(2 * (8usize.checked_sub(present.len())?));
    }
    for (profile, level) in present {
        bits.skip(usize::from(profile) * 88 + usize::from(level) * 8);
    }
    Some(())
}

/// The rest of the parameter set, up to the chroma location.
fn read_usability(bits: &mut RbspReader, sub_layers: u32) -> Option<Usability> {
    let order_count_bits = bits.unsigned()?.checked_add(4)?;
    let ordering = if bits.bit()? { sub_layers + 1 } else { 1 };
    bits.skip_unsigned(3 * ordering + 6)?;
    if bits.bit()? && bits.bit()? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2);
    if bits.bit()? {
        bits.skip(8);
        bits.skip_unsigned(2)?;
        bits.skip(1);
    }
    skip_reference_sets(bits)?;
    if bits.bit()? {
        let long_term = bits.unsigned().filter(|&n| n <= 32)?;
        bits.skip(usize::try_from(long_term.checked_mul(order_count_bits.checked_add(1)?)?).ok()?);
    }
    bits.skip(2);
    if bits.bit()? { read_signal(bits) } else { Some(Usability::default()) }
}

/// § E.2.1.
fn read_signal(bits: &mut RbspReader) -> Option<Usability> {
    if bits.bit()? && bits.bits(8)? == 255 {
        bits.skip(32);
    }
    if bits.bit()? {
        bits.skip(1);
    }
    let mut usability = Usability::default();
    if bits.bit()? {
        bits.skip(3);
        let full_range = bits.bit()?;
        usability.full_range = Some(full_range);
        if bits.bit()? {
            let mut code = || u16::try_from(bits.bits(8)?).ok();
            usability.cicp = Some(Cicp { primaries: code()?, transfer: code()?, matrix: code()?, full_range });
        }
    }
    if bits.bit()? {
        usability.chroma_location = Some(bits.unsigned()?);
    }
    Some(usability)
}

/// § 7.3.4.
fn skip_scaling_lists(bits: &mut RbspReader) -> Option<()> {
    for size in 0..4u32 {
        for _ in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if bits.bit()? {
                // Signed codes are as long as unsigned ones.
                bits.skip_unsigned((1 << (4 + 2 * size)).min(64) + u32::from(size > 1))?;
            } else {
                bits.unsigned()?;
            }
        }
    }
    Some(())
}

/// § 7.3.7.
pub(crate) fn skip_reference_sets(bits: &mut RbspReader) -> Option<()> {
    let count = bits.unsigned().filter(|&n| n <= 64)?;
    let mut pictures = 0u32;
    for index in 0..count {
        if index > 0 && bits.bit()? {
            bits.skip(1);
            bits.unsigned()?;
            let mut kept = 0;
            for _ in 0..=pictures {
                let used = bits.bit()?;
                kept += u32::from(used || bits.bit()?);
            }
            pictures = kept;
        } else {
            let (before, after) = (bits.unsigned().filter(|&n| n <= 16)?, bits.unsigned().filter(|&n| n <= 16)?);
            pictures = before + after;
            for _ in 0..pictures {
                bits.unsigned()?;
                bits.skip(1);
            }
        }
    }
    Some(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes a parameter set bit by bit.
    #[derive(Default)]
    pub(crate) struct Writer(Vec<bool>);

    impl Writer {
        pub(crate) fn bits(&mut self, value: u32, count: u32) -> &mut Self {
            self.0.extend((0..count).rev().map(|i| u64::from(value) >> i & 1 == 1));
            self
        }

        pub(crate) fn unsigned(&mut self, values: &[u32]) -> &mut Self {
            for value in values {
                let length = (value + 1).ilog2();
                self.bits(0, length).bits(value + 1, length + 1);
            }
            self
        }

        pub(crate) fn nal(&self) -> Vec<u8> {
            let bytes =
                self.0.chunks(8).map(|c| c.iter().enumerate().fold(0, |b, (i, &set)| b | u8::from(set) << (7 - i)));
            let mut nal = vec![NAL_SPS << 1, 1];
            let mut zeros = 0;
            for b in bytes {
                if zeros == 2 && b <= 3 {
                    nal.push(3);
                    zeros = 0;
                }
                zeros = if b == 0 { zeros + 1 } else { 0 };
                nal.push(b);
            }
            nal
        }
    }

    /// 100 × 60 in 4:2:0 at 10 bits, with every optional part before the usability information.
    pub(crate) fn parameter_set() -> Writer {
        let mut w = Writer::default();
        w.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
        w.unsigned(&[0, 1, 104, 64]).bits(1, 1).unsigned(&[0, 2, 0, 2]).unsigned(&[2, 2]);
        w.unsigned(&[4]).bits(1, 1).unsigned(&[1, 0, 0]).unsigned(&[0, 2, 0, 3, 0, 0]);
        w.bits(1, 1).bits(1, 1);
        for _ in 0..20 {
            w.bits(0, 1).unsigned(&[0]);
        }
        w.bits(0, 2).bits(1, 1).bits(0x77, 8).unsigned(&[0, 0]).bits(0, 1);
        // One set of two pictures, and one predicted from it.
        w.unsigned(&[2]).unsigned(&[1, 1]).unsigned(&[0]).bits(1, 1).unsigned(&[0]).bits(1, 1);
        w.bits(1, 1).bits(0, 1).unsigned(&[0]).bits(1, 1).bits(0b01, 2).bits(1, 1);
        w.bits(1, 1).unsigned(&[1]).bits(0, 9);
        w.bits(0, 2);
        w
    }

    #[test]
    fn usability_is_found_behind_every_optional_part() {
        let mut w = parameter_set();
        w.bits(1, 1).bits(1, 1).bits(255, 8).bits(0, 32).bits(1, 1).bits(0, 1);
        w.bits(1, 1).bits(5, 3).bits(1, 1).bits(1, 1).bits(12, 8).bits(13, 8).bits(6, 8);
        w.bits(1, 1).unsigned(&[2, 2]).bits(1, 8);
        let sequence = CodedFormat::read(&w.nal()).unwrap();
        assert_eq!((sequence.size, sequence.shifted), (Size::new(100, 60), false));
        assert_eq!((sequence.chroma_format, sequence.bit_depth), (1, 10));
        let cicp = Cicp { primaries: 12, transfer: 13, matrix: 6, full_range: true };
        let expected = Usability { full_range: Some(true), cicp: Some(cicp), chroma_location: Some(2) };
        assert_eq!(sequence.usability, expected);
    }

    #[test]
    fn usability_may_be_absent_or_cut() {
        let mut absent = parameter_set();
        absent.bits(0, 1).bits(1, 8);
        assert_eq!(CodedFormat::read(&absent.nal()).unwrap().usability, Usability::default());
        let mut cut = parameter_set();
        cut.bits(1, 1).bits(1, 1);
        assert_eq!(CodedFormat::read(&cut.nal()).unwrap().usability, Usability::default());
    }

    #[test]
    fn every_prefix_is_read_or_refused() {
        let nal = parameter_set().nal();
        let read = (0..nal.len()).filter(|&len| CodedFormat::read(&nal[..len]).is_some()).count();
        assert!((1..nal.len()).contains(&read));
    }

    #[test]
    fn codes_that_never_end_are_refused() {
        assert_eq!(RbspReader::of_nal(&[0; 64]).unsigned(), None);
    }

    #[test]
    fn a_window_hides_at_most_a_coding_tree_block() {
        let hidden = |cut: u32| {
            let shown = Size::new(100, 60);
            let coded = Size::new(shown.width + cut, shown.height);
            let rest = CodedFormat { coded, size: shown, ..CodedFormat::read(&parameter_set().nal()).unwrap() };
            rest.hides_too_much()
        };
        assert_eq!([0, 64, 65].map(hidden), [false, false, true]);
    }

    #[test]
    fn a_long_configuration_is_over_its_limit() {
        let error = DecoderConfiguration::read(&[0; MAX_CONFIG_BYTES + 1]).unwrap_err();
        assert!(matches!(error, DecodeError::LimitExceeded { limit: 65_536, actual: 65_537, .. }));
    }
}
