//! Reads a WebP's header from its container and the first bytes of its bitstream.

use image_ingest_color::ColorDescription;
use image_ingest_samples::{CpuTimer, DecodeError, Rect, joined};
use image_ingest_webp::{Bitstream, CodedImage, Container, LosslessLayout};

use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a WebP, and the prefix codes of VP8L, whose number decides how much memory decoding takes.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `too_many_pixels`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let container = Container::read(bytes, timer).map_err(refusal)?;
    limits.check_size(container.canvas)?;
    let exif = container.exif.map(Exif::read).unwrap_or_default();
    let profile = container.icc.filter(|icc| icc.len() as u64 <= ColorDescription::MAX_ICC_BYTES);
    let color = match profile {
        Some(icc) => ColorDescription::Icc(joined(&[icc])?.into()),
        None if exif.interop_r03 => ColorDescription::AdobeRgb,
        None => ColorDescription::Srgb,
    };
    let coding = coding(&container.image, timer)?;
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

/// How the image is coded, and what its prefix codes make a decoder hold.
fn coding(image: &CodedImage<'_>, timer: &CpuTimer<'_>) -> Result<Coding> {
    let table_bytes = |data| LosslessLayout::read(data, image.size, timer).map(|layout| layout.memory_bytes);
    Ok(match (image.bitstream, image.alpha_chunk()) {
        (Bitstream::Vp8l, _) => Coding::WebpLossless { table_bytes: table_bytes(image.vp8l_data()).map_err(refusal)? },
        // RFC 9649 § 2.7.1.2: alpha that is compressed is so as VP8L is, without its header.
        (Bitstream::Vp8, Some([method, data @ ..])) if method & 3 == 1 => {
            Coding::WebpLossy { alpha_bytes: table_bytes(data).map_err(refusal)? }
        }
        (Bitstream::Vp8, _) => Coding::WebpLossy { alpha_bytes: 0 },
    })
}

fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Webp, error)
}
