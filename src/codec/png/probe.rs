//! Reads a PNG's header: `IHDR`, and what the ancillary chunks say about colour, transparency and orientation.

use image_ingest_color::ColorDescription;
use image_ingest_png::ColorType;
use image_ingest_samples::Rect;

use super::inflated::inflated;
use super::structure::{Notes, Structure, read_cicp};
use crate::error::Result;
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a PNG.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `out_of_memory`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let Structure { header, notes, .. } = Structure::read(bytes, |size| limits.check_size(size))?;
    Ok(Header {
        format: Format::Png,
        coded_size: header.size,
        crop: Rect::whole(header.size),
        orientation: notes.orientation()?,
        exif_orientation_ignored: None,
        coding: Coding::Png { interlaced: header.interlaced },
        bit_depth: header.bit_depth,
        channels: channels(header.color_type),
        has_alpha: header.color_type.has_alpha() || notes.transparency.is_some(),
        frames: notes.frames,
        color: color(&notes, limits)?,
    })
}

fn channels(color_type: ColorType) -> Channels {
    match color_type {
        ColorType::Gray | ColorType::GrayAlpha => Channels::Gray,
        ColorType::Palette => Channels::Palette,
        ColorType::Rgb | ColorType::Rgba => Channels::Rgb,
    }
}

/// The strongest statement (§ 4.3): `cICP`, `iCCP`, `sRGB`, then `gAMA` with or without `cHRM`.
fn color(notes: &Notes<'_>, limits: &Limits) -> Result<ColorDescription> {
    if let Some(cicp) = notes.cicp.and_then(read_cicp) {
        return Ok(ColorDescription::Cicp(cicp));
    }
    if let Some(stream) = notes.iccp.and_then(profile_stream)
        && let Some(profile) = inflated(stream, limits.max_icc_bytes)?
    {
        return Ok(ColorDescription::Icc(profile.into()));
    }
    Ok(match notes.gamma.and_then(|data| data.try_into().ok()) {
        Some(gamma) if !notes.srgb => ColorDescription::Gamma {
            gamma: u32::from_be_bytes(gamma),
            chromaticities: notes.chromaticities.and_then(read_chromaticities),
        },
        _ => ColorDescription::Srgb,
    })
}

fn read_chromaticities(data: &[u8]) -> Option<[(u32, u32); 4]> {
    let data: &[u8; 32] = data.try_into().ok()?;
    let mut points = [(0, 0); 4];
    for (point, &[x0, x1, x2, x3, y0, y1, y2, y3]) in points.iter_mut().zip(data.as_chunks::<8>().0) {
        *point = (u32::from_be_bytes([x0, x1, x2, x3]), u32::from_be_bytes([y0, y1, y2, y3]));
    }
    Some(points)
}

/// The zlib stream of `iCCP` (§ 11.3.2.3), behind a name, a zero byte and method 0.
fn profile_stream(data: &[u8]) -> Option<&[u8]> {
    let name_len = data.iter().take(80).position(|&b| b == 0)?;
    data.get(name_len + 1..)?.strip_prefix(&[0])
}
