//! HEIF with HEVC pictures: turns a file into a [`Header`] by a reader of boxes in safe Rust, and into samples by a decoder
//! of our own or libde265, or by libheif where pictures lie over each other.
//!
//! Boxes follow ISO/IEC 14496-12, items and their properties ISO/IEC 23008-12. Only the primary item is looked at;
//! Exif is never read, since orientation is said by `irot` and `imir`.

use libheif_rs::LibHeif;

use crate::error::Result;
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
mod planes;
mod properties;
mod rgb;
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
        coding: Coding::Hevc {
            tiles: u32::try_from(picture.whole.leaves.len()).unwrap_or(u32::MAX),
            item: picture.item,
            tile_size: tile_size.unwrap_or(Size::new(0, 0)),
            subsampling,
            composed: picture.is_composed(),
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
/// Planes come as stored, with alpha as RGBA; an overlay or an unusual matrix comes as RGB or RGBA.
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
    match picture.matrix() {
        Some(matrix) if !picture.is_composed() => planes::decode(&picture, matrix, plan, workers),
        _ => rgb::decode(bytes, &picture, header.coded_size, limits, &workers.meter()),
    }
}

/// The codecs in the linked libheif that were found on the building machine against this library's will: all but the
/// decoder `libde265` and the encoder `mask`, which is part of libheif and needs no library.
pub(crate) fn foreign_codecs() -> Vec<String> {
    let library = LibHeif::new();
    let decoders = library.decoder_descriptors(64, None).into_iter().map(|d| d.id().to_owned());
    let encoders = library.encoder_descriptors(64, None, None).into_iter().map(|e| e.id().to_owned());
    decoders.filter(|id| id != "libde265").chain(encoders.filter(|id| id != "mask")).collect()
}
