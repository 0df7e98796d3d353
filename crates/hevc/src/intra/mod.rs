//! Decodes intra pictures of HEVC without their in-loop filters (ITU-T H.265 § 7.3.8, § 8.4, § 8.6, § 9.3), in safe Rust
//! in two thirds of the time of libde265 and less.
//!
//! Only what cameras and usual encoders write is known: one picture of intra slices, 4:0:0, 4:2:0 or 4:2:2 of 8 to 12 bits,
//! without tiles, dependent slices, PCM blocks, blocks that bypass the transform, or range extensions. Anything else is
//! [`DecodeError::Unsupported`]. A picture that comes from here is complete: every coding tree was read, and every
//! substream ended where its bits do; one that is known and is not so is refused, where libde265 would take some damage for
//! a picture.

#![expect(clippy::cast_possible_truncation, reason = "parameter sets bound places and levels, depths bound samples")]

mod cabac;
mod params;
mod picture;
mod predict;
mod residual;
mod scan;
mod transform;
mod tree;

use image_ingest_samples::{CpuTimer, DecodeError, PictureView, PlaneView, Samples};

use crate::config::{NAL_VPS, nal_type};
use crate::intra::params::{PictureParameters, SequenceParameters, SliceHeader};
use crate::intra::tree::Decoder;
use crate::nal::CodedPicture;
use crate::result::Result;

/// A decoded picture at its coded size.
pub struct DecodedPicture {
    /// Bits per sample.
    pub bit_depth: u8,
    /// Luma, and Cb and Cr where the picture has them.
    pub planes: Vec<DecodedPlane>,
}

/// One plane of a [`DecodedPicture`], rows tight.
pub struct DecodedPlane {
    /// Samples across.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width × height` samples.
    pub samples: Samples,
}

impl DecodedPicture {
    /// The planes.
    #[must_use]
    pub fn view(&self) -> PictureView<'_> {
        std::array::from_fn(|channel| {
            let DecodedPlane { width, height, samples } = self.planes.get(channel)?;
            PlaneView::of(samples, *width, *height, self.bit_depth)
        })
    }
}

/// Slices of a picture that have a number of their own.
const MAX_SLICES: usize = u8::MAX as usize;

/// Decodes one picture, without in-loop filters.
///
/// # Errors
///
/// [`DecodeError::Unsupported`] for what is not known here; [`DecodeError::Malformed`] when the slices of a picture that is
/// known do not hold it; [`DecodeError::Work`].
pub fn decode(coded: &CodedPicture<'_>, timer: &CpuTimer<'_>) -> Result<DecodedPicture> {
    let (sequence, set) = parameter_sets(coded).ok_or_else(unknown)?;
    let slices = || coded.nals.iter().copied().filter(|nal| nal_type(nal).is_some_and(|kind| kind < NAL_VPS));
    // No bit that must be 0, the base layer, the only temporal one (§ 7.3.1.2).
    let plain = |nal: &[u8]| matches!(nal, [kind, 1, ..] if kind & 0x81 == 0);
    if slices().count() > MAX_SLICES || !coded.units().all(plain) {
        return Err(unknown());
    }
    let planes = if sequence.bit_depth == 8 {
        planes(&sequence, &set, slices(), timer, Samples::U8)?
    } else {
        planes(&sequence, &set, slices(), timer, Samples::U16)?
    };
    Ok(DecodedPicture { bit_depth: sequence.bit_depth as u8, planes })
}

fn parameter_sets(coded: &CodedPicture<'_>) -> Option<(SequenceParameters, PictureParameters)> {
    let [sequence, set] = coded.sets;
    let sequence = SequenceParameters::read(sequence)?;
    let set = PictureParameters::read(set, &sequence)?;
    Some((sequence, set))
}

fn planes<'a, T: picture::Sample>(
    sequence: &SequenceParameters,
    set: &PictureParameters,
    slices: impl Iterator<Item = &'a [u8]>,
    timer: &CpuTimer<'_>,
    wrap: impl Fn(Vec<T>) -> Samples,
) -> Result<Vec<DecodedPlane>> {
    let mut decoder = Decoder::<T>::new(sequence, set)?;
    for slice in slices {
        let slice = SliceHeader::read(slice, sequence, set).ok_or_else(unknown)?;
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
