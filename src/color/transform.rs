//! Converts a raster at canonical size to 8-bit sRGB.

use moxcms::{ColorProfile, DataColorSpace, TransformOptions};

use super::{Conversion, hdr, profile};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Channels;
use crate::pixels::{Layout, Raster, Samples, zeroed};

/// Converts to 8-bit sRGB: gray stays gray, alpha passes through, CMYK becomes RGB, 16 bits become 8 by rounding.
///
/// # Errors
///
/// `malformed` when the colour engine refuses a profile that parsed; `out_of_memory`.
pub(crate) fn to_srgb(raster: Raster, conversion: &Conversion, format: Format) -> Result<Raster> {
    match conversion {
        Conversion::Identity | Conversion::ProfileIgnored => plain(raster),
        Conversion::ToneMap(cicp) => hdr::tone_map(raster, *cicp),
        Conversion::Profile(description) => {
            let channels = match raster.layout {
                Layout::Gray => Channels::Gray,
                Layout::Rgb | Layout::Rgba => Channels::Rgb,
                Layout::Cmyk => Channels::Cmyk,
            };
            match profile::read(description, channels) {
                Some(profile) => through(raster, &profile, format),
                // A gray profile whose image came with alpha, and so as RGBA.
                None => match profile::read(description, Channels::Gray) {
                    Some(gray) => through(raster, &gray, format),
                    None => plain(raster),
                },
            }
        }
    }
}

/// Whether a profile gives what sRGB gives, within one level, over the whole cube of 8-bit colours.
pub(super) fn equals_srgb(profile: &ColorProfile) -> bool {
    let (from, to, channels) = match profile.color_space {
        DataColorSpace::Gray => (moxcms::Layout::Gray, moxcms::Layout::Gray, 1),
        _ => (moxcms::Layout::Rgb, moxcms::Layout::Rgb, 3),
    };
    let source = probes(channels);
    let mut result = vec![0; source.len()];
    let Ok(transform) = profile.create_transform_8bit(from, &target(profile), to, options()) else {
        return false;
    };
    transform.transform(&source, &mut result).is_ok() && source.iter().zip(&result).all(|(a, b)| a.abs_diff(*b) <= 1)
}

/// Every gray, and for three channels a grid of 16 levels a side.
fn probes(channels: usize) -> Vec<u8> {
    let grays = (0..=255).flat_map(|v| std::iter::repeat_n(v, channels));
    if channels == 1 {
        return grays.collect();
    }
    let level = |i: u16| u8::try_from(i * 17).unwrap_or(255);
    let grid = (0..4096u16).flat_map(|i| [level(i & 15), level(i >> 4 & 15), level(i >> 8)]);
    grays.chain(grid).collect()
}

fn target(profile: &ColorProfile) -> ColorProfile {
    match profile.color_space {
        DataColorSpace::Gray => {
            let srgb = ColorProfile::new_srgb();
            let mut gray = ColorProfile::new_gray_with_gamma(2.2);
            gray.gray_trc = srgb.red_trc;
            gray
        }
        _ => ColorProfile::new_srgb(),
    }
}

fn through(raster: Raster, profile: &ColorProfile, format: Format) -> Result<Raster> {
    let gray = profile.color_space == DataColorSpace::Gray;
    let layouts = match (raster.layout, gray) {
        (Layout::Gray, true) => Some((moxcms::Layout::Gray, moxcms::Layout::Gray, Layout::Gray)),
        (Layout::Rgb, false) => Some((moxcms::Layout::Rgb, moxcms::Layout::Rgb, Layout::Rgb)),
        (Layout::Rgba, false) => Some((moxcms::Layout::Rgba, moxcms::Layout::Rgba, Layout::Rgba)),
        (Layout::Cmyk, false) => Some((moxcms::Layout::Rgba, moxcms::Layout::Rgb, Layout::Rgb)),
        (Layout::Rgba, true) => return gray_with_alpha(raster, profile, format),
        _ => None,
    };
    let Some((from, to, layout)) = layouts else {
        return plain(raster);
    };
    let refused = |e: moxcms::CmsError| Error::malformed_by(format, "its ICC profile cannot be applied", e);
    let target = target(profile);
    let len = raster.samples.len() / raster.layout.channels() * layout.channels();
    let samples = match &raster.samples {
        Samples::U8(source) => {
            let mut out = zeroed(len)?;
            let transform = profile.create_transform_8bit(from, &target, to, options()).map_err(refused)?;
            transform.transform(source, &mut out).map_err(refused)?;
            Samples::U8(out)
        }
        Samples::U16(source) => {
            let mut out = zeroed(len)?;
            let transform = profile.create_transform_16bit(from, &target, to, options()).map_err(refused)?;
            transform.transform(source, &mut out).map_err(refused)?;
            Samples::U16(out)
        }
    };
    plain(Raster::new(raster.size, layout, samples)?)
}

/// Converts the gray of an RGBA raster whose colour channels are equal, and keeps its alpha.
fn gray_with_alpha(raster: Raster, profile: &ColorProfile, format: Format) -> Result<Raster> {
    let first_of_four = |samples: &Samples| match samples {
        Samples::U8(v) => Samples::U8(v.iter().copied().step_by(4).collect()),
        Samples::U16(v) => Samples::U16(v.iter().copied().step_by(4).collect()),
    };
    let gray = Raster::new(raster.size, Layout::Gray, first_of_four(&raster.samples))?;
    let gray = through(gray, profile, format)?;
    let mut raster = plain(raster)?;
    if let (Samples::U8(pixels), Samples::U8(gray)) = (&mut raster.samples, &gray.samples) {
        for (pixel, &g) in pixels.as_chunks_mut::<4>().0.iter_mut().zip(gray) {
            *pixel = [g, g, g, pixel[3]];
        }
    }
    Ok(raster)
}

/// To 8 bits, and CMYK without a profile to RGB by the usual inversion.
fn plain(raster: Raster) -> Result<Raster> {
    let samples = match raster.samples {
        Samples::U8(v) => v,
        Samples::U16(v) => v.into_iter().map(eight_bits).collect(),
    };
    if raster.layout != Layout::Cmyk {
        return Raster::new(raster.size, raster.layout, Samples::U8(samples));
    }
    let rgb = samples.as_chunks::<4>().0.iter().flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| light(ink, k))).collect();
    Raster::new(raster.size, Layout::Rgb, Samples::U8(rgb))
}

/// `(x + 128) / 257`: the nearest of 256 levels.
pub(super) fn eight_bits(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}

/// The light that an ink and black let through, rounded.
fn light(ink: u8, key: u8) -> u8 {
    let product = u32::from(255 - ink) * u32::from(255 - key);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

/// Perceptual where a profile has such a table, as the common engines default to; a matrix profile has one intent.
fn options() -> TransformOptions {
    TransformOptions {
        rendering_intent: moxcms::RenderingIntent::Perceptual,
        // The curves as written: CICP tags inside profiles are honoured by few readers.
        allow_use_cicp_transfer: false,
        prefer_fixed_point: true,
        ..TransformOptions::default()
    }
}
