//! Reads the header of a HEIF file.

use image_ingest_samples::Size;

use super::image::{Leaf, PrimaryPicture};
use crate::error::Result;
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of the primary item.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let picture = PrimaryPicture::read(bytes, limits)?;
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
        frames: None,
    })
}
