//! HEIF with HEVC pictures: turns a file into a [`Header`] by a reader of boxes in safe Rust, and into samples by libde265,
//! or by libheif where a picture must be composed.
//!
//! Boxes follow ISO/IEC 14496-12, items and their properties ISO/IEC 23008-12. Only the primary item is looked at;
//! Exif is never read, since orientation is said by `irot` and `imir`.

use libheif_rs::LibHeif;

use crate::error::Result;
use crate::format::Format;
use crate::header::{Channels, Coding, Header};
use crate::limits::Limits;
use crate::pixels::Pixels;
use crate::size::Size;

mod bits;
mod boxes;
mod ffi;
mod grid;
mod hevc;
mod image;
mod items;
mod planes;
mod properties;
mod rgb;
#[cfg(test)]
mod tests;
mod transform;

use self::image::{Form, Picture};

/// Reads the header of the primary item.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let picture = Picture::read(bytes, limits)?;
    let tile_size = picture.leaves.iter().map(|leaf| leaf.size).max_by_key(|size| size.pixels());
    let subsampling = picture.subsampling();
    Ok(Header {
        format: Format::Heic,
        coded_size: picture.size,
        crop: picture.transform.crop,
        orientation: picture.transform.orientation,
        coding: Coding::Hevc {
            tiles: u32::try_from(picture.leaves.len()).unwrap_or(u32::MAX),
            item: picture.item,
            tile_size: tile_size.unwrap_or(Size::new(0, 0)),
            subsampling,
        },
        bit_depth: picture.bit_depth(),
        channels: if subsampling.is_some() { Channels::Ycbcr } else { Channels::Gray },
        has_alpha: !picture.alpha.is_empty(),
        color: picture.color,
        animation: None,
    })
}

/// Decodes the primary item at its coded size; crop and turn are the header's.
///
/// Planes come as stored; a picture with alpha, an overlay, or an unusual matrix comes as RGB or RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`.
pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Pixels> {
    let picture = Picture::read(bytes, limits)?;
    let matrix = planes::matrix(picture.signal.matrix);
    match (picture.form, matrix) {
        (Form::Single | Form::Grid(_), Some(matrix)) if picture.alpha.is_empty() => {
            planes::decode(&picture, matrix, limits)
        }
        _ => rgb::decode(bytes, &picture, header.coded_size, limits),
    }
}

/// The ids of the decoders in the linked libheif, for the self-test: anything but `libde265` was found on the building
/// machine against this library's will.
pub(crate) fn registered_decoders() -> Vec<String> {
    LibHeif::new().decoder_descriptors(64, None).iter().map(|d| d.id().to_owned()).collect()
}
