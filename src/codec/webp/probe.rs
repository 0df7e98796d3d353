//! Reads a WebP's header from its container and the first bytes of its bitstream.

use super::container::Container;
use crate::error::Result;
use crate::exif::Exif;
use crate::format::Format;
use crate::header::{Animation, Channels, Coding, ColorDescription, Header};
use crate::limits::Limits;
use crate::pixels::joined;
use crate::size::Rect;

/// Reads the header of a WebP.
///
/// # Errors
///
/// `malformed`, `truncated`, `too_many_pixels`, `out_of_memory`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let container = Container::read(bytes)?;
    limits.check_size(container.canvas)?;
    let exif = container.exif.map(Exif::read).unwrap_or_default();
    let profile = container.icc.filter(|icc| icc.len() as u64 <= limits.max_icc_bytes);
    let color = match profile {
        Some(icc) => ColorDescription::Icc(joined(&[icc])?.into()),
        None if exif.interop_r03 => ColorDescription::AdobeRgb,
        None => ColorDescription::Srgb,
    };
    let lossy = container.image.coding == Coding::WebpLossy;
    Ok(Header {
        format: Format::Webp,
        coded_size: container.canvas,
        crop: Rect::whole(container.canvas),
        orientation: exif.orientation,
        bit_depth: 8,
        channels: if lossy { Channels::Ycbcr } else { Channels::Rgb },
        has_alpha: container.image.alpha || container.place != Rect::whole(container.canvas),
        color,
        animation: container.frames.map(|frames| Animation { frames }),
        coding: container.image.coding,
    })
}
