//! Decodes intra pictures (ITU-T H.265 § 7.3.8, § 8.4, § 8.6, § 8.7, § 9.3).
//!
//! An intra picture needs no more than arithmetic decoding, prediction, transforms and in-loop filters. Prediction uses
//! samples from before the filters (§ 8.4.4.2), so no error spreads from block to block without them. Whether they are
//! left out is not decided here. image-ingest does so where it reduces the picture, which hides the edges of blocks.
//!
//! A picture from here is complete: every coding tree was read, and every substream ended where its bits do. What is not
//! so is [`DecodeError::Malformed`].

#![expect(clippy::cast_possible_truncation, reason = "parameter sets bound places and levels, depths bound samples")]

#[cfg(any(test, feature = "recorder"))]
mod arithmetic_encoder;
#[cfg(feature = "recorder")]
mod bin_recorder;
mod border;
pub(crate) mod cabac;
mod chroma_qp;
pub(crate) mod contexts;
pub(crate) mod dequantise;
mod filters;
pub(crate) mod format;
pub(crate) mod plane;
mod predict;
mod probability;
#[cfg(feature = "recorder")]
pub mod recorder;
mod registers;
pub(crate) mod residual;
mod slice_header;
mod tiles;
#[cfg(feature = "recorder")]
pub(crate) mod tools_in_use;
pub(crate) mod transform;
mod tree;
mod units;

use image_ingest_samples::{Avx2, CpuTimer, DecodeError, Samples};

use crate::coded_format::CodedFormat;
use crate::coded_picture::CodedPicture;
use crate::decoded_picture::{DecodedPicture, DecodedPlane};
use crate::intra::format::IntraFormat;
use crate::intra::plane::{Plane, PlaneSample};
use crate::intra::slice_header::SliceSegment;
use crate::intra::tree::state::PictureDecoder;
use crate::nal::{has_plain_header, is_slice};
use crate::parameters::picture::PictureParameterSet;
use crate::parameters::sequence::SequenceParameterSet;
use crate::picture_hash;
use crate::rbsp::payload;
use crate::result::Result;

/// Whether a picture is decoded with its in-loop filters: deblocking and sample adaptive offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InLoopFilters {
    /// The picture is as its encoder has seen it. Where it comes with a hash of its samples, that is checked.
    Applied,
    /// Edges of blocks stay visible. The hash is not looked at, since it is of filtered samples.
    LeftOut,
}

/// Decodes one picture, with or without its in-loop filters.
///
/// The picture is cut to its conformance window. `timer` ends the work within a coding tree.
///
/// # Errors
///
/// - [`DecodeError::Unsupported`]: the parameter sets use what is not known here, by the name of its flag.
/// - [`DecodeError::Malformed`]: the parameter sets are cut or out of range, or the slices do not hold all of the
///   picture or are damaged, or the samples are not those of the picture's hash.
/// - [`DecodeError::Work`]: there is no memory for the planes, or `timer` has ended the work.
///
/// ```
/// use image_ingest_hevc::{CodedPicture, DecodedPicture, DecoderConfiguration, InLoopFilters, decode};
/// use image_ingest_samples::{Avx2, CpuTimer, DecodeError};
///
/// /// The payload of `hvcC` and the data of the item.
/// fn decoded(config: &[u8], data: &[u8]) -> Result<DecodedPicture, DecodeError> {
///     let config = DecoderConfiguration::read(config)?;
///     decode(&CodedPicture::read(&config, data, &CpuTimer::default())?, InLoopFilters::Applied, &CpuTimer::default())
/// }
/// # assert!(decoded(&[], &[]).is_err());
/// ```
pub fn decode(coded: &CodedPicture<'_>, filters: InLoopFilters, timer: &CpuTimer<'_>) -> Result<DecodedPicture> {
    PictureMemory::default().decode(coded, filters, timer)
}

/// The memory of the samples of one picture, for the next one: fresh memory costs more than to write it.
pub struct PictureMemory {
    planes: Vec<Samples>,
    avx2: Option<Avx2>,
}

impl Default for PictureMemory {
    /// Nothing yet.
    fn default() -> Self {
        Self { planes: Vec::new(), avx2: Avx2::find() }
    }
}

impl PictureMemory {
    /// Decodes without code for AVX2, on any machine.
    #[cfg(test)]
    pub(crate) fn portable() -> Self {
        Self { planes: Vec::new(), avx2: None }
    }

    /// Decodes a picture as [`decode`] does, in the memory of the last one that was kept.
    ///
    /// # Errors
    ///
    /// Those of [`decode`].
    pub fn decode(
        &mut self,
        coded: &CodedPicture<'_>,
        filters: InLoopFilters,
        timer: &CpuTimer<'_>,
    ) -> Result<DecodedPicture> {
        let (format, shown) = format_of(coded, timer)?;
        if !coded.units().all(has_plain_header) {
            return Err(DecodeError::malformed("a NAL unit of another layer"));
        }
        let bit_depth = format.bit_depth as u8;
        let filtered = filters == InLoopFilters::Applied;
        let kept = std::mem::take(&mut self.planes).into_iter();
        let planes = if bit_depth == 8 {
            let kept = kept.filter_map(|plane| if let Samples::U8(samples) = plane { Some(samples) } else { None });
            let decoder = PictureDecoder::new(&format, filtered, kept.collect(), self.avx2, timer)?;
            planes(&format, coded, decoder, timer, Samples::U8)?
        } else {
            let kept = kept.filter_map(|plane| if let Samples::U16(samples) = plane { Some(samples) } else { None });
            let decoder = PictureDecoder::new(&format, filtered, kept.collect(), self.avx2, timer)?;
            planes(&format, coded, decoder, timer, Samples::U16)?
        };
        let mut picture = DecodedPicture { bit_depth, planes };
        if filtered {
            picture_hash::check(&coded.nals, &picture, timer)?;
        }
        picture.crop(&shown, format.shifts(), timer)?;
        Ok(picture)
    }

    /// Takes the memory of a picture that nobody needs any more.
    pub fn keep(&mut self, picture: DecodedPicture) {
        self.planes = picture.planes.into_iter().map(|plane| plane.samples).collect();
    }
}

fn format_of(coded: &CodedPicture<'_>, timer: &CpuTimer<'_>) -> Result<(IntraFormat, CodedFormat)> {
    let [sequence, picture] = coded.sets;
    let cut = || DecodeError::malformed("the sequence parameter set is cut");
    let sequence = SequenceParameterSet::read(sequence).ok_or_else(cut)?;
    let shown = CodedFormat::of(&sequence).ok_or_else(cut)?;
    Ok((IntraFormat::of(sequence, PictureParameterSet::read(picture)?, timer)?, shown))
}

fn planes<T: PlaneSample>(
    format: &IntraFormat,
    coded: &CodedPicture<'_>,
    mut decoder: PictureDecoder<'_, T>,
    timer: &CpuTimer<'_>,
    wrap: impl Fn(Vec<T>) -> Samples,
) -> Result<Vec<DecodedPlane>> {
    let mut header = None;
    for nal in coded.nals.iter().filter(|nal| is_slice(nal)) {
        timer.check()?;
        let damaged = || DecodeError::malformed("damaged HEVC data");
        let segment = SliceSegment::read(nal, format, header.as_ref()).ok_or_else(damaged)?;
        let data = payload(nal.get(2..).unwrap_or_default(), timer)?;
        let decoded = decoder.segment(&segment, data.get(segment.start..).unwrap_or_default(), timer);
        if decoded.is_none() {
            timer.check()?;
            return Err(damaged());
        }
        header = Some(segment.header);
    }
    let decoded = decoder.finish().ok_or_else(|| DecodeError::malformed("a coded picture with blocks missing"))?;
    let mut planes = decoded.planes;
    if let Some(maps) = &decoded.maps {
        filters::filter(format, &mut planes, &decoded.units, maps, timer)?;
    }
    let wrapped = |Plane { samples, width, height, .. }| DecodedPlane { width, height, samples: wrap(samples) };
    Ok(planes.into_iter().map(wrapped).collect())
}
