//! Reads a PNG's header: `IHDR`, and what the other chunks say about colour, transparency and orientation.

use image_ingest_color::ColorDescription;
use image_ingest_png::{ColorType, Datastream, ImageHeader};
use image_ingest_samples::{CpuTimer, DecodeError, Rect};

use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header, Orientation};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a PNG.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let png = read(bytes, limits, timer)?;
    Ok(Header {
        format: Format::Png,
        coded_size: png.header.size,
        crop: Rect::whole(png.header.size),
        orientation: orientation(&png, timer)?,
        exif_orientation_ignored: None,
        coding: Coding::Png { interlaced: png.header.interlaced },
        bit_depth: png.header.bit_depth,
        channels: channels(png.header.color_type),
        has_alpha: png.has_alpha(),
        frames: png.chunks.frames,
        color: color(&png, timer)?,
    })
}

/// Reads all chunks of a PNG, after its size was found within the limits.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `deadline`, `cancelled`.
pub(super) fn read<'a>(bytes: &'a [u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Datastream<'a>> {
    limits.check_size(ImageHeader::read(bytes).map_err(refusal)?.size)?;
    Datastream::read(bytes, timer).map_err(refusal)
}

pub(super) fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Png, error)
}

fn orientation(png: &Datastream<'_>, timer: &CpuTimer<'_>) -> Result<Orientation> {
    Ok(png.exif(timer).map_err(refusal)?.map(|block| Exif::read(&block)).unwrap_or_default().orientation)
}

fn channels(color_type: ColorType) -> Channels {
    match color_type {
        ColorType::Gray | ColorType::GrayAlpha => Channels::Gray,
        ColorType::Palette => Channels::Palette,
        ColorType::Rgb | ColorType::Rgba => Channels::Rgb,
    }
}

/// The strongest statement (§ 4.3): `cICP`, `iCCP`, `sRGB`, then `gAMA` with or without `cHRM`.
fn color(png: &Datastream<'_>, timer: &CpuTimer<'_>) -> Result<ColorDescription> {
    let chunks = &png.chunks;
    if let Some(cicp) = chunks.cicp {
        return Ok(ColorDescription::Cicp(cicp));
    }
    if let Some(profile) = png.icc_profile(ColorDescription::MAX_ICC_BYTES, timer).map_err(refusal)? {
        return Ok(ColorDescription::Icc(profile.into()));
    }
    Ok(match chunks.gamma {
        Some(gamma) if !chunks.is_srgb => ColorDescription::Gamma { gamma, chromaticities: chunks.chromaticities },
        _ => ColorDescription::Srgb,
    })
}
