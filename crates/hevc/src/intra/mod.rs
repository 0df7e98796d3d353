//! Decodes intra pictures without their in-loop filters (ITU-T H.265 § 7.3.8, § 8.4, § 8.6, § 9.3).
//!
//! An intra picture without in-loop filters needs no more than arithmetic decoding, prediction and transforms.
//! Prediction uses samples from before the filters (§ 8.4.4.2), so no error spreads from block to block without them.
//! Whether they are left out is not decided here. image-ingest does so where it reduces the picture, which hides the
//! edges of blocks.
//!
//! What cameras and usual encoders write is known: one picture of intra slices, 4:0:0, 4:2:0 or 4:2:2 of 8 to 12 bits,
//! without tiles, dependent slices, PCM blocks, blocks that bypass the transform, or range extensions. Anything else
//! that parameter sets and slice headers say is [`DecodeError::Unsupported`], and left to libde265.
//!
//! A picture from here is complete: every coding tree was read, and every substream ended where its bits do. What is
//! known and is not so is [`DecodeError::Malformed`] at once. libde265 would decode it from the start again, and take
//! some damage for a picture: 24 of 1500 single-byte changes to the slices of three files.
//!
//! The samples are those of libde265 without its in-loop filters. Tests of image-ingest compare them, and so does the
//! fuzz target `hevc_against_libde265`.

#![expect(clippy::cast_possible_truncation, reason = "parameter sets bound places and levels, depths bound samples")]

mod border;
pub(crate) mod cabac;
pub(crate) mod contexts;
mod dequantise;
pub(crate) mod format;
mod plane;
mod predict;
mod residual;
mod slice_header;
mod transform;
mod tree;

use image_ingest_samples::{CpuTimer, DecodeError, Samples};

use crate::coded_picture::CodedPicture;
use crate::decoded_picture::{DecodedPicture, DecodedPlane};
use crate::intra::format::IntraFormat;
use crate::intra::plane::PlaneSample;
use crate::intra::slice_header::SliceHeader;
use crate::intra::tree::state::PictureDecoder;
use crate::nal::{has_plain_header, is_slice};
use crate::parameters::picture::PictureParameterSet;
use crate::parameters::sequence::SequenceParameterSet;
use crate::result::Result;

/// Decodes one picture, without in-loop filters.
///
/// The picture has its coded size, before the conformance window. `timer` ends the work at the next row of coding
/// trees.
///
/// # Errors
///
/// - [`DecodeError::Unsupported`]: the parameter sets or a slice header say what is not known here. Another decoder may
///   know it.
/// - [`DecodeError::Malformed`]: the slices of a picture that is known do not hold all of it, or are damaged.
/// - [`DecodeError::Work`]: there is no memory for the planes, or `timer` has ended the work.
///
/// ```
/// use image_ingest_hevc::{CodedPicture, DecodedPicture, DecoderConfiguration, decode};
/// use image_ingest_samples::{CpuTimer, DecodeError};
///
/// /// The payload of `hvcC` and the data of the item.
/// fn decoded(config: &[u8], data: &[u8]) -> Result<DecodedPicture, DecodeError> {
///     let config = DecoderConfiguration::read(config)?;
///     decode(&CodedPicture::read(&config, data)?, &CpuTimer::default())
/// }
/// # assert!(decoded(&[], &[]).is_err());
/// ```
pub fn decode(coded: &CodedPicture<'_>, timer: &CpuTimer<'_>) -> Result<DecodedPicture> {
    let format = format_of(coded).ok_or_else(unknown)?;
    let slices = || coded.nals.iter().copied().filter(|nal| is_slice(nal));
    if slices().count() > MAX_SLICES || !coded.units().all(has_plain_header) {
        return Err(unknown());
    }
    let planes = if format.bit_depth == 8 {
        planes(&format, slices(), timer, Samples::U8)?
    } else {
        planes(&format, slices(), timer, Samples::U16)?
    };
    Ok(DecodedPicture { bit_depth: format.bit_depth as u8, planes })
}

/// The most slices of a picture: each has a number from 1 on in a byte.
const MAX_SLICES: usize = u8::MAX as usize;

fn format_of(coded: &CodedPicture<'_>) -> Option<IntraFormat> {
    let [sequence, picture] = coded.sets;
    IntraFormat::of(&SequenceParameterSet::read(sequence)?, PictureParameterSet::read(picture)?)
}

fn planes<'a, T: PlaneSample>(
    format: &IntraFormat,
    slices: impl Iterator<Item = &'a [u8]>,
    timer: &CpuTimer<'_>,
    wrap: impl Fn(Vec<T>) -> Samples,
) -> Result<Vec<DecodedPlane>> {
    let mut decoder = PictureDecoder::<T>::new(format)?;
    for slice in slices {
        let slice = SliceHeader::read(slice, format).ok_or_else(unknown)?;
        if decoder.slice(&slice, timer).is_none() {
            timer.check()?;
            return Err(DecodeError::malformed("damaged HEVC data"));
        }
    }
    let planes =
        decoder.finish().ok_or_else(|| DecodeError::malformed("a coded picture with blocks missing"))?.into_iter();
    Ok(planes.map(|p| DecodedPlane { width: p.width, height: p.height, samples: wrap(p.samples) }).collect())
}

fn unknown() -> DecodeError {
    DecodeError::unsupported("an HEVC picture other than of plain intra slices")
}
