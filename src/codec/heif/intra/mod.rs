//! Decodes intra pictures of HEVC without their in-loop filters (ITU-T H.265 § 7.3.8, § 8.4, § 8.6, § 9.3), in safe Rust
//! in two thirds of the time of libde265 and less.
//!
//! Only what cameras and usual encoders write is known: one picture of intra slices, 4:0:0, 4:2:0 or 4:2:2 of 8 to 12 bits,
//! without tiles, dependent slices, PCM blocks, blocks that bypass the transform, or range extensions. Anything else, and
//! anything that is not as it has to be, is `None`: libde265 has the last word on it. So a picture that comes from here is
//! complete: every coding tree was read, and every substream ended where its bits do.

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
use super::hevc::{NAL_SPS, NAL_VPS, nal_type};
use crate::pixels::Samples;

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

/// Decodes the NAL units of one picture, with the parameter sets that its configuration gives.
pub(super) fn decode(sets: &[&[u8]], nals: &[&[u8]]) -> Option<Decoded> {
    let only = |kind: u8| {
        let mut found = sets.iter().filter(|set| nal_type(set) == Some(kind));
        found.next().filter(|_| found.next().is_none())
    };
    let sequence = Sequence::read(only(NAL_SPS)?)?;
    let set = PictureSet::read(only(NAL_SPS + 1)?, &sequence)?;
    // No bit that must be 0, the base layer, the only temporal one (§ 7.3.1.2); a set after the one that it refers to.
    let plain = |nal: &&[u8]| matches!(nal, [kind, 1, ..] if kind & 0x81 == 0);
    if !sets.iter().chain(nals).all(plain) || !sets.is_sorted_by_key(|set| nal_type(set)) {
        return None;
    }
    let slices = nals.iter().copied().filter(|nal| nal_type(nal).is_some_and(|kind| kind < NAL_VPS));
    let bit_depth = u8::try_from(sequence.bit_depth).ok()?;
    let planes = if bit_depth == 8 {
        planes(&sequence, &set, slices, Samples::U8)?
    } else {
        planes(&sequence, &set, slices, Samples::U16)?
    };
    Some(Decoded { bit_depth, planes })
}

fn planes<'a, T: picture::Sample>(
    sequence: &Sequence,
    set: &PictureSet,
    slices: impl Iterator<Item = &'a [u8]>,
    wrap: impl Fn(Vec<T>) -> Samples,
) -> Option<Vec<Plane>> {
    let mut decoder = Decoder::<T>::new(sequence, set)?;
    for slice in slices {
        decoder.slice(&Slice::read(slice, sequence, set)?)?;
    }
    let planes = decoder.finish()?.into_iter();
    Some(planes.map(|p| Plane { width: p.width, height: p.height, samples: wrap(p.samples) }).collect())
}
