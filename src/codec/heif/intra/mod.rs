//! Decodes intra pictures of HEVC without their in-loop filters (ITU-T H.265 § 7.3.8, § 8.4, § 8.6, § 9.3), in safe Rust
//! in two thirds of the time of libde265 and less.
//!
//! Only what cameras and usual encoders write is known: one picture of intra slices, 4:0:0, 4:2:0 or 4:2:2 of 8 to 12 bits,
//! without tiles, dependent slices, PCM blocks, blocks that bypass the transform, or range extensions. Anything else is
//! libde265's: [`decode`] says `None`. A picture that comes from here is complete: every coding tree was read, and every
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

use self::params::{PictureSet, Sequence, Slice};
use self::tree::Decoder;
use super::boxes::malformed;
use super::hevc::{NAL_VPS, nal_type};
use super::nal::CodedPicture;
use crate::error::Result;
use crate::pixels::Samples;
use crate::watch::Meter;

/// A decoded picture at its coded size.
pub(super) struct Decoded {
    pub(super) bit_depth: u8,
    pub(super) planes: Vec<Plane>,
}

/// One plane; rows tight.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Samples,
}

/// Slices of a picture that have a number of their own.
const MAX_SLICES: usize = u8::MAX as usize;

/// Decodes one picture; `None` for what is not known here.
///
/// # Errors
///
/// `malformed` when the slices of a picture that is known do not hold it; `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn decode(coded: &CodedPicture<'_>, meter: &Meter<'_>) -> Result<Option<Decoded>> {
    let Some((sequence, set)) = parameter_sets(coded) else { return Ok(None) };
    let slices = || coded.nals.iter().copied().filter(|nal| nal_type(nal).is_some_and(|kind| kind < NAL_VPS));
    // No bit that must be 0, the base layer, the only temporal one (§ 7.3.1.2).
    let plain = |nal: &[u8]| matches!(nal, [kind, 1, ..] if kind & 0x81 == 0);
    if slices().count() > MAX_SLICES || !coded.units().all(plain) {
        return Ok(None);
    }
    let planes = if sequence.bit_depth == 8 {
        planes(&sequence, &set, slices(), meter, Samples::U8)?
    } else {
        planes(&sequence, &set, slices(), meter, Samples::U16)?
    };
    Ok(planes.map(|planes| Decoded { bit_depth: sequence.bit_depth as u8, planes }))
}

fn parameter_sets(coded: &CodedPicture<'_>) -> Option<(Sequence, PictureSet)> {
    let [sequence, set] = coded.sets;
    let sequence = Sequence::read(sequence)?;
    let set = PictureSet::read(set, &sequence)?;
    Some((sequence, set))
}

fn planes<'a, T: picture::Sample>(
    sequence: &Sequence,
    set: &PictureSet,
    slices: impl Iterator<Item = &'a [u8]>,
    meter: &Meter<'_>,
    wrap: impl Fn(Vec<T>) -> Samples,
) -> Result<Option<Vec<Plane>>> {
    let mut decoder = Decoder::<T>::new(sequence, set)?;
    for slice in slices {
        let Some(slice) = Slice::read(slice, sequence, set) else { return Ok(None) };
        if decoder.slice(&slice, meter).is_none() {
            meter.check()?;
            return Err(malformed("damaged HEVC data"));
        }
    }
    let planes = decoder.finish().ok_or_else(|| malformed("a coded picture with blocks missing"))?.into_iter();
    Ok(Some(planes.map(|p| Plane { width: p.width, height: p.height, samples: wrap(p.samples) }).collect()))
}
