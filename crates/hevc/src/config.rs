//! Reads an HEVC decoder configuration: the payload of `hvcC` (ISO/IEC 14496-15 § 8.3.3).

use image_ingest_samples::DecodeError;

use crate::coded_format::CodedFormat;
use crate::nal::{NAL_SPS, is_slice, nal_type};
use crate::parameters::sequence::SequenceParameterSet;
use crate::result::Result;

/// The decoder configuration of a coded picture: its fixed fields, and the parameter sets unread.
///
/// ```
/// use image_ingest_hevc::DecoderConfiguration;
///
/// let mut payload = [0; 23];
/// payload[16] = 0b1111_1100 | 1; // 4:2:0
/// payload[17] = 0b1111_1000 | 2; // 10 bits of luma
/// payload[18] = 0b1111_1000 | 2; // 10 bits of chroma
/// payload[21] = 3; // NAL unit lengths of four bytes
/// let config = DecoderConfiguration::read(&payload)?;
/// assert_eq!((config.chroma_format, config.bit_depth, config.length_bytes), (1, 10, 4));
/// assert!(config.parameter_sets()?.is_empty());
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecoderConfiguration<'a> {
    /// `chromaFormat`: 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub chroma_format: u8,
    /// Bits per sample, of luma and of chroma: 8 to 15.
    pub bit_depth: u8,
    /// Bytes of the length before each NAL unit of an item: 1, 2 or 4.
    pub length_bytes: u8,
    /// The arrays of parameter sets, behind the fixed fields.
    arrays: &'a [u8],
}

impl<'a> DecoderConfiguration<'a> {
    /// Reads the fixed fields of a payload.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::LimitExceeded`]: the payload is longer than 64 KiB.
    /// - [`DecodeError::Malformed`]: the fixed fields are cut, or the length of NAL units takes three bytes.
    /// - [`DecodeError::Unsupported`]: luma and chroma have different bit depths.
    pub fn read(payload: &'a [u8]) -> Result<Self> {
        if payload.len() > MAX_CONFIG_BYTES {
            let (limit, actual) = (MAX_CONFIG_BYTES as u64, payload.len() as u64);
            return Err(DecodeError::LimitExceeded { what: "decoder configuration bytes", limit, actual });
        }
        let mut fields = ConfigFields(payload);
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

    /// The NAL units of the configuration in their order: parameter sets, and others that are no part of a picture.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Malformed`]: a field is cut, or a NAL unit is a slice. Slices belong into the item, where
    ///   [`CodedPicture::read`](crate::CodedPicture::read) checks them.
    /// - [`DecodeError::LimitExceeded`]: there are more than 128 NAL units.
    pub fn parameter_sets(&self) -> Result<Vec<&'a [u8]>> {
        let mut fields = ConfigFields(self.arrays);
        let mut sets = Vec::new();
        for _ in 0..fields.u8()? {
            fields.u8()?;
            for _ in 0..fields.u16()? {
                let len = fields.u16()?;
                let set = fields.take(usize::from(len))?;
                if is_slice(set) {
                    return Err(DecodeError::malformed("a slice among the parameter sets"));
                }
                sets.push(set);
                DecodeError::check_limit("parameter sets", sets.len() as u64, MAX_PARAMETER_SETS)?;
            }
        }
        Ok(sets)
    }

    /// Reads the sequence parameter set, as far as the header of an image needs it.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Malformed`]: there is not exactly one, or it is cut, or it disagrees with the fixed fields, or
    ///   its pictures are coded larger than they are shown by more than a coding tree block.
    /// - The errors of [`Self::parameter_sets`].
    pub fn sequence(&self) -> Result<CodedFormat> {
        let sets = self.parameter_sets()?;
        let mut found = sets.iter().filter(|set| nal_type(set) == Some(NAL_SPS));
        let (Some(only), None) = (found.next(), found.next()) else {
            return Err(DecodeError::malformed("not exactly one sequence parameter set"));
        };
        let sequence = SequenceParameterSet::read(only).and_then(|set| CodedFormat::of(&set));
        let sequence = sequence.ok_or_else(|| DecodeError::malformed("the sequence parameter set is cut"))?;
        if sequence.chroma_format != u32::from(self.chroma_format) || sequence.bit_depth != u32::from(self.bit_depth) {
            return Err(DecodeError::malformed("hvcC disagrees with its sequence parameter set"));
        }
        if sequence.hides_too_much() {
            return Err(DecodeError::malformed("a conformance window that cuts more than a coding tree block"));
        }
        Ok(sequence)
    }
}

/// The fields of the payload that are not read yet, big-endian.
struct ConfigFields<'a>(&'a [u8]);

impl<'a> ConfigFields<'a> {
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

/// A real configuration has a few hundred bytes. It is handed to the decoder again for each tile of a grid.
const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// The parameter sets of the three kinds have 96 numbers together (ITU-T H.265 § 7.4.3). Files of cameras have 3 to 5
/// sets.
const MAX_PARAMETER_SETS: u64 = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::parameter_set;

    /// A configuration of `nals`, in one array.
    fn payload(depth: u8, nals: &[&[u8]]) -> Vec<u8> {
        let mut payload = vec![0; 16];
        payload.extend([
            0xFD,
            0xF8 | (depth - 8),
            0xF8 | (depth - 8),
            0,
            0,
            3,
            1,
            33,
            0,
            u8::try_from(nals.len()).unwrap(),
        ]);
        for nal in nals {
            payload.extend(u16::try_from(nal.len()).unwrap().to_be_bytes());
            payload.extend_from_slice(nal);
        }
        payload
    }

    #[test]
    fn a_long_configuration_is_over_its_limit() {
        let error = DecoderConfiguration::read(&[0; MAX_CONFIG_BYTES + 1]).unwrap_err();
        assert!(matches!(error, DecodeError::LimitExceeded { limit: 65_536, actual: 65_537, .. }));
    }

    #[test]
    fn fixed_fields_are_checked() {
        let error = |at: usize, value: u8| {
            let mut payload = payload(8, &[]);
            payload[at] = value;
            DecoderConfiguration::read(&payload).unwrap_err()
        };
        assert!(matches!(error(21, 2), DecodeError::Malformed { .. }));
        assert!(matches!(error(18, 1), DecodeError::Unsupported { .. }));
        assert!(matches!(DecoderConfiguration::read(&[0; 21]), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn the_sequence_set_has_to_agree_with_the_fixed_fields() {
        let set = parameter_set().nal();
        let read = |depth: u8, sets: &[&[u8]]| DecoderConfiguration::read(&payload(depth, sets)).unwrap().sequence();
        assert_eq!(read(10, &[&set]).unwrap().size.width, 100);
        for (depth, sets) in [(8, &[&set[..]][..]), (10, &[]), (10, &[&set[..], &set[..]])] {
            assert!(matches!(read(depth, sets), Err(DecodeError::Malformed { .. })), "{depth} {}", sets.len());
        }
    }

    #[test]
    fn slices_and_many_sets_are_no_parameter_sets() {
        let sets = |nals: &[&[u8]]| {
            DecoderConfiguration::read(&payload(8, nals)).unwrap().parameter_sets().map(|sets| sets.len())
        };
        assert!(matches!(sets(&[&[66, 1][..]; 128]), Ok(128)));
        assert!(matches!(sets(&[&[66, 1][..]; 129]), Err(DecodeError::LimitExceeded { limit: 128, actual: 129, .. })));
        assert!(matches!(sets(&[&[19 << 1, 1]]), Err(DecodeError::Malformed { .. })));
    }
}
