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

/// Skips what follows the fields of [`Usability::read`]; `None` where it is cut.
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
        bits.skip_unsigned(5)?;
    }
    Some(())
}
