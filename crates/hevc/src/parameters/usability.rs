//! Reads the video usability information of a sequence parameter set (ITU-T H.265 § E.2.1).

use image_ingest_samples::Cicp;

use crate::parameters::references::skip_buffers;
use crate::rbsp::RbspReader;

/// What colour needs of the video usability information (ITU-T H.265 § E.3.1). A field is `None` where the bitstream
/// says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usability {
    /// `video_full_range_flag`: whether samples use the full range of their depth.
    pub full_range: Option<bool>,
    /// The colour description.
    pub cicp: Option<Cicp>,
    /// `chroma_sample_loc_type_top_field`, 0 to 5 by the standard, but any coded value is kept.
    pub chroma_location: Option<u32>,
}

impl Usability {
    /// Reads the fields up to the chroma location of the top field.
    pub(crate) fn read(bits: &mut RbspReader) -> Option<Self> {
        // The aspect ratio, with a width and a height where its code is 255.
        if bits.bit()? && bits.bits(8)? == 255 {
            bits.skip(32);
        }
        // Overscan.
        if bits.bit()? {
            bits.skip(1);
        }
        let mut usability = Self::default();
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
}

/// `min_spatial_segmentation_idc`, `max_bytes_per_pic_denom`, `max_bits_per_min_cu_denom`, and the logarithms of the
/// longest motion vector across and down have these ranges (§ E.3.1), and libde265 refuses others.
const MOST_RESTRICTIONS: [u32; 5] = [4095, 16, 16, 15, 15];

/// Skips what follows the fields of [`Usability::read`]; `None` where it is cut or a restriction is out of range.
pub(crate) fn skip_rest(bits: &mut RbspReader, read: Usability, max_sub_layer: u32) -> Option<()> {
    // The chroma location of the bottom field.
    if read.chroma_location.is_some() {
        bits.unsigned()?;
    }
    bits.skip(3);
    // The default display window.
    if bits.bit()? {
        bits.skip_unsigned(4)?;
    }
    // Timing, and behind it the description of buffers.
    if bits.bit()? {
        bits.skip(64);
        if bits.bit()? {
            bits.unsigned()?;
        }
        if bits.bit()? {
            skip_buffers(bits, max_sub_layer)?;
        }
    }
    // Restrictions of the bitstream.
    if bits.bit()? {
        bits.skip(3);
        for most in MOST_RESTRICTIONS {
            bits.unsigned().filter(|&value| value <= most)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::Writer;

    #[test]
    fn restrictions_have_ranges() {
        let read = |values: [u32; 5]| {
            // No field before the restrictions.
            let nal = Writer::default().bits(0, 5).bits(1, 1).bits(0, 3).unsigned(&values).bits(1, 1).nal();
            skip_rest(&mut RbspReader::of_nal(&nal), Usability::default(), 0)
        };
        assert_eq!(read(MOST_RESTRICTIONS), Some(()));
        for index in 0..5 {
            let mut above = MOST_RESTRICTIONS;
            above[index] += 1;
            assert_eq!(read(above), None, "{above:?}");
        }
    }
}
