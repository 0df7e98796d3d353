//! Reads a WebP's header from its container and the first bytes of its bitstream.

use image_ingest_color::ColorDescription;
use image_ingest_samples::{DecodeError, Rect, Size, joined};
use image_ingest_webp::{Bitstream, CodedImage, Container, LosslessLayout};

use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a WebP.
///
/// # Errors
///
/// `malformed`, `truncated`, `too_many_pixels`, `out_of_memory`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let container = Container::read(bytes).map_err(refusal)?;
    limits.check_size(container.canvas)?;
    let exif = container.exif.map(Exif::read).unwrap_or_default();
    let profile = container.icc.filter(|icc| icc.len() as u64 <= limits.max_icc_bytes);
    let color = match profile {
        Some(icc) => ColorDescription::Icc(joined(&[icc])?.into()),
        None if exif.interop_r03 => ColorDescription::AdobeRgb,
        None => ColorDescription::Srgb,
    };
    let coding = coding(&container.image)?;
    Ok(Header {
        format: Format::Webp,
        coded_size: container.canvas,
        crop: Rect::whole(container.canvas),
        orientation: exif.orientation,
        exif_orientation_ignored: None,
        bit_depth: 8,
        channels: match container.image.bitstream {
            Bitstream::Vp8 => Channels::Ycbcr,
            Bitstream::Vp8l => Channels::Rgb,
        },
        has_alpha: container.image.alpha || container.place != Rect::whole(container.canvas),
        color,
        frames: container.frames,
        coding,
    })
}

/// How the image is coded, and what libwebp holds for that in addition to its pixels.
fn coding(image: &CodedImage<'_>) -> Result<Coding> {
    if image.bitstream == Bitstream::Vp8l {
        let table_bytes = layout(image.vp8l_data(), image.size)?.table_bytes();
        return Ok(Coding::WebpLossless { table_bytes });
    }
    let Some(alpha) = image.alpha_chunk() else { return Ok(Coding::WebpLossy { alpha_bytes: 0 }) };
    let pixels = image.size.pixels();
    Ok(Coding::WebpLossy {
        alpha_bytes: match alpha.split_first() {
            // RFC 9649 § 2.7.1.2: compressed as VP8L is, without its header.
            Some((method, data)) if method & 3 == 1 => {
                let layout = layout(data, image.size)?;
                pixels + pixels * if layout.is_indexed { 1 } else { 4 } + layout.table_bytes()
            }
            _ => pixels,
        },
    })
}

fn layout(data: &[u8], size: Size) -> Result<LosslessLayout> {
    LosslessLayout::read(data, size).map_err(refusal)
}

fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Webp, error)
}
