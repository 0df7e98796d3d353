//! HEIF with HEVC pictures: turns a file into a [`Header`] by a reader of boxes in safe Rust, and into samples by a decoder
//! of our own or by libde265.
//!
//! Boxes follow ISO/IEC 14496-12, items and their properties ISO/IEC 23008-12. Only the primary item is looked at.
//! Orientation is said by `irot` and `imir`; Exif turns nothing, and is read only to tell where it asks for a turn.

use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Channels, Coding, Header};
use crate::limits::Limits;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::size::Size;
use crate::workers::Workers;

mod agreement;
mod alpha;
mod bits;
mod boxes;
mod canvas;
mod ffi;
mod grid;
mod hevc;
mod image;
mod intra;
mod items;
mod nal;
mod planes;
mod properties;
mod strips;
#[cfg(test)]
mod tests;
mod transform;

pub(crate) use self::agreement::decoders_agree;
use self::image::{Leaf, Picture};

/// Reads the header of the primary item.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let picture = Picture::read(bytes, limits)?;
    let tile_size = picture.leaves().map(Leaf::coded_size).max_by_key(|size| size.pixels());
    let subsampling = picture.whole.subsampling();
    Ok(Header {
        format: Format::Heic,
        coded_size: picture.whole.size,
        crop: picture.transform.crop,
        orientation: picture.transform.orientation,
        exif_orientation_ignored: picture.exif_orientation_ignored(),
        coding: Coding::Hevc {
            tiles: u32::try_from(picture.whole.leaves.len()).unwrap_or(u32::MAX),
            item: picture.item,
            tile_size: tile_size.unwrap_or(Size::new(0, 0)),
            subsampling,
        },
        bit_depth: picture.whole.bit_depth(),
        channels: if subsampling.is_some() { Channels::Ycbcr } else { Channels::Gray },
        has_alpha: picture.alpha.is_some(),
        color: picture.color,
        animation: None,
    })
}

/// Decodes the primary item at its coded size; crop and turn are the header's.
///
/// Planes come as stored; a picture with alpha comes as RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    workers: Workers<'_>,
) -> Result<Pixels> {
    let picture = Picture::read(bytes, limits)?;
    if picture.whole.size != header.coded_size {
        return Err(Error::internal("HEIF header and decoder disagree on the size"));
    }
    planes::decode(&picture, plan, workers)
}
