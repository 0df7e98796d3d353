//! Reads the header of a HEIF file.

use image_ingest_samples::{CpuTimer, Size};

use super::image::PrimaryPicture;
use super::mosaic::Leaf;
use super::picture::{HeifPicture, LayeredPicture, PictureContent};
use crate::error::Result;
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of the primary item.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let picture = PrimaryPicture::read(bytes, limits, timer)?;
    let tile_size = picture.leaves().map(Leaf::coded_size).max_by_key(|size| size.pixels());
    let layout = PictureLayout::of(&picture.content);
    Ok(Header {
        format: Format::Heic,
        coded_size: picture.size,
        crop: picture.transform.crop,
        orientation: picture.transform.orientation,
        exif_orientation_ignored: picture.exif_orientation_ignored(),
        coding: Coding::Hevc {
            tiles: u32::try_from(layout.tiles).unwrap_or(u32::MAX),
            item: picture.item,
            tile_size: tile_size.unwrap_or(Size::new(0, 0)),
            largest_layer: layout.largest_layer,
            subsampling: layout.subsampling,
            joined_bytes: picture.joined_bytes,
        },
        bit_depth: layout.bit_depth,
        channels: layout.channels,
        has_alpha: layout.has_alpha,
        color: picture.color,
        frames: None,
    })
}

/// What a header says of how a picture is stored.
struct PictureLayout {
    tiles: usize,
    largest_layer: Option<Size>,
    subsampling: Option<(u8, u8)>,
    bit_depth: u8,
    channels: Channels,
    has_alpha: bool,
}

impl PictureLayout {
    fn of(content: &PictureContent<'_>) -> Self {
        match content {
            PictureContent::Picture(HeifPicture { whole, alpha, .. }) => Self {
                tiles: whole.leaves.len(),
                largest_layer: None,
                subsampling: whole.subsampling(),
                bit_depth: whole.bit_depth(),
                channels: if whole.subsampling().is_some() { Channels::Ycbcr } else { Channels::Gray },
                has_alpha: alpha.is_some(),
            },
            PictureContent::Layers(LayeredPicture { fill, layers }) => Self {
                tiles: layers.iter().map(|layer| layer.picture.whole.leaves.len()).sum(),
                largest_layer: layers.iter().map(|layer| layer.picture.whole.size).max_by_key(|size| size.pixels()),
                subsampling: Some((1, 1)),
                bit_depth: layers.iter().map(|layer| layer.picture.whole.bit_depth()).max().unwrap_or(8),
                channels: Channels::Rgb,
                has_alpha: fill[3] != u16::MAX,
            },
        }
    }
}
