//! Decodes through libheif what must be composed or converted there: overlays and unusual matrices, with alpha or without.

use libheif_rs::{
    ColorSpace, DecodingOptions, HeifContext, HeifError, HeifErrorCode, HeifErrorSubCode, Image, LibHeif, RgbChroma,
    SecurityLimits,
};

use super::alpha::divide_by_alpha;
use super::boxes::{malformed, truncated, unsupported};
use super::image::Picture;
use super::planes;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Raster, Samples, zeroed};
use crate::size::Size;
use crate::watch::Meter;

/// Decodes the primary item as RGB, or RGBA when it has an alpha plane; alpha is not premultiplied.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn decode(
    bytes: &[u8],
    picture: &Picture<'_>,
    size: Size,
    limits: &Limits,
    meter: &Meter<'_>,
) -> Result<Pixels> {
    planes::verify(picture, meter)?;
    let layout = if picture.alpha.is_some() { Layout::Rgba } else { Layout::Rgb };
    let deep = picture.whole.bit_depth() > 8;
    let image = decode_image(bytes, chroma(layout, deep), limits).map_err(|e| refused(&e, limits))?;
    let plane = image.planes().interleaved.ok_or_else(|| Error::internal("libheif gave no interleaved plane"))?;
    if (plane.width, plane.height) != (size.width, size.height) {
        return Err(malformed("the picture decodes to another size"));
    }
    let row_len = usize::try_from(size.width).ok().and_then(|w| w.checked_mul(layout.channels()));
    let row_len = row_len.ok_or(Error::OutOfMemory { bytes: size.pixels() })?;
    let samples = if deep {
        Samples::U16(deep_rows(plane.data, plane.stride, row_len, plane.bits_per_pixel)?)
    } else {
        Samples::U8(rows(plane.data, plane.stride, row_len)?)
    };
    let mut raster = Raster::new(size, layout, samples)?;
    if picture.items.premultiplied && layout == Layout::Rgba {
        divide_by_alpha(&mut raster.samples);
    }
    Ok(Pixels::Interleaved(raster))
}

fn decode_image(bytes: &[u8], chroma: RgbChroma, limits: &Limits) -> Result<Image, HeifError> {
    let library = LibHeif::new();
    let mut context = HeifContext::new()?;
    context.set_security_limits(&security_limits(limits))?;
    // 0 decodes on this thread; 1 would start a thread.
    context.set_max_decoding_threads(0);
    context.read_bytes(bytes)?;
    let options = DecodingOptions::new().map(|mut options| {
        options.set_ignore_transformations(true);
        options.set_strict_decoding(true);
        // Colour is converted later, from the header's description.
        options.set_output_image_nclx_profile_passthrough(true);
        options
    });
    library.decode(&context.primary_image_handle()?, ColorSpace::Rgb(chroma), options)
}

fn chroma(layout: Layout, deep: bool) -> RgbChroma {
    match (layout, deep, cfg!(target_endian = "big")) {
        (Layout::Rgba, false, _) => RgbChroma::Rgba,
        (Layout::Rgba, true, false) => RgbChroma::HdrRgbaLe,
        (Layout::Rgba, true, true) => RgbChroma::HdrRgbaBe,
        (_, false, _) => RgbChroma::Rgb,
        (_, true, false) => RgbChroma::HdrRgbLe,
        (_, true, true) => RgbChroma::HdrRgbBe,
    }
}

/// Our own checks come first and are exact; libheif's stand behind them.
fn security_limits(limits: &Limits) -> SecurityLimits {
    let mut security = SecurityLimits::new();
    security.set_max_image_size_pixels(limits.max_pixels.saturating_mul(2));
    security.set_max_number_of_tiles(u64::from(limits.max_heif_tiles));
    security.set_max_items(limits.max_heif_items);
    security.set_max_iloc_extents_per_item(limits.max_heif_extents);
    security.set_max_children_per_box(limits.max_heif_items.saturating_mul(8));
    security.set_max_memory_block_size(limits.max_memory_bytes);
    security.set_max_total_memory(limits.max_memory_bytes);
    security
}

fn rows(data: &[u8], stride: usize, row_len: usize) -> Result<Vec<u8>> {
    let mut samples = zeroed(row_len.saturating_mul(data.len() / stride.max(1)))?;
    for (out, row) in samples.chunks_exact_mut(row_len.max(1)).zip(data.chunks(stride.max(1))) {
        out.copy_from_slice(row.get(..row_len).ok_or_else(|| Error::internal("a row longer than its stride"))?);
    }
    Ok(samples)
}

/// Rows of 16-bit samples, spread from `depth` bits to all 16.
fn deep_rows(data: &[u8], stride: usize, row_len: usize, depth: u8) -> Result<Vec<u16>> {
    let max = 1u32.checked_shl(u32::from(depth)).filter(|_| (9..=16).contains(&depth)).map(|m| m - 1);
    let max = max.ok_or_else(|| unsupported(format!("RGB of {depth} bits")))?;
    let mut samples = zeroed(row_len.saturating_mul(data.len() / stride.max(1)))?;
    for (out, row) in samples.chunks_exact_mut(row_len.max(1)).zip(data.chunks(stride.max(1))) {
        let (pairs, _) = row.as_chunks::<2>();
        for (o, &pair) in out.iter_mut().zip(pairs) {
            let value = u32::from(u16::from_ne_bytes(pair)).min(max);
            *o = u16::try_from((value * 65_535 + max / 2) / max).unwrap_or(u16::MAX);
        }
    }
    Ok(samples)
}

fn refused(error: &HeifError, limits: &Limits) -> Error {
    match (error.code, error.sub_code) {
        (_, HeifErrorSubCode::EndOfData) => truncated("libheif ran out of data"),
        (_, HeifErrorSubCode::SecurityLimitExceeded) => {
            // libheif does not say by how much.
            let limit = limits.max_memory_bytes;
            Error::LimitExceeded { what: "libheif's memory bytes", limit, actual: limit.saturating_add(1) }
        }
        (HeifErrorCode::MemoryAllocationError, _) => Error::OutOfMemory { bytes: 0 },
        (HeifErrorCode::UnsupportedFeature | HeifErrorCode::UnsupportedFileType, _) => {
            unsupported("a feature that libheif does not know")
        }
        _ => Error::malformed_by(Format::Heic, "libheif refused the picture", error.to_string()),
    }
}
