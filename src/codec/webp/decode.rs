//! Decodes a WebP's primary image: planes where it is VP8 alone, interleaved samples otherwise.

use super::container::Container;
use super::ffi::{self, Output, Status};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Coding, Header};
use crate::pixels::{
    Chroma, Layout, Matrix, Pixels, Planes, Range, Raster, Samples, Siting, chroma_size, count, zeroed,
};
use crate::size::{Rect, Size};

/// Decodes the primary image.
///
/// Opaque VP8 gives 4:2:0 planes of limited-range BT.601 (RFC 6386 § 2, § 9.2), opaque VP8L gives RGB. Everything else,
/// and a frame that does not fill its canvas, gives RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`.
pub(crate) fn decode(bytes: &[u8], header: &Header) -> Result<Pixels> {
    let container = Container::read(bytes)?;
    if container.canvas != header.coded_size {
        return Err(Error::internal("WebP header and decoder disagree on the size"));
    }
    let whole = container.place == Rect::whole(container.canvas);
    match &container.image.coding {
        _ if container.image.alpha || !whole => decode_rgba(&container),
        Coding::WebpLossy => decode_planes(&container),
        _ => decode_rgb(&container),
    }
}

fn decode_planes(container: &Container<'_>) -> Result<Pixels> {
    let size = container.canvas;
    let chroma_len = samples(chroma_size(size, (2, 2)), 1)?;
    let (mut luma, mut cb, mut cr) = (zeroed(samples(size, 1)?)?, zeroed(chroma_len)?, zeroed(chroma_len)?);
    run(container, Output::Ycbcr { luma: &mut luma, cb: &mut cb, cr: &mut cr })?;
    let (cb, cr) = (Samples::U8(cb), Samples::U8(cr));
    let chroma = Some(Chroma { cb, cr, subsampling: (2, 2), siting: Siting::Centred });
    let (luma, range, matrix) = (Samples::U8(luma), Range::Limited, Matrix::Bt601);
    Ok(Pixels::Ycbcr(Planes { size, bit_depth: 8, luma, chroma, range, matrix }.checked()?))
}

fn decode_rgb(container: &Container<'_>) -> Result<Pixels> {
    let mut rgb = zeroed(samples(container.canvas, 3)?)?;
    run(container, Output::Rgb(&mut rgb))?;
    Ok(Pixels::Interleaved(Raster::new(container.canvas, Layout::Rgb, Samples::U8(rgb))?))
}

/// Lets libwebp write the frame straight to its place on a transparent canvas.
fn decode_rgba(container: &Container<'_>) -> Result<Pixels> {
    let canvas = container.canvas;
    let mut rgba = zeroed(samples(canvas, 4)?)?;
    let stride = samples(Size::new(canvas.width, 1), 4)?;
    let above = samples(Size::new(canvas.width, container.place.top), 4)?;
    let start = above + samples(Size::new(container.place.left, 1), 4)?;
    let target = rgba.get_mut(start..).unwrap_or_default();
    run(container, Output::Rgba { samples: target, stride })?;
    Ok(Pixels::Interleaved(Raster::new(canvas, Layout::Rgba, Samples::U8(rgba))?))
}

fn run(container: &Container<'_>, output: Output<'_>) -> Result<()> {
    ffi::decode(container.image.data, container.image.size, output).map_err(|status| match status {
        Status::VP8_STATUS_NOT_ENOUGH_DATA | Status::VP8_STATUS_SUSPENDED => {
            Error::truncated(Format::Webp, "image data ends before the picture does")
        }
        Status::VP8_STATUS_OUT_OF_MEMORY => Error::OutOfMemory { bytes: 0 },
        Status::VP8_STATUS_UNSUPPORTED_FEATURE => Error::unsupported(Format::Webp, "a bitstream feature"),
        Status::VP8_STATUS_INVALID_PARAM => Error::internal("libwebp refused its parameters"),
        _ => Error::malformed(Format::Webp, "image data"),
    })
}

fn samples(size: Size, channels: usize) -> Result<usize> {
    count(size, channels).ok_or(Error::OutOfMemory { bytes: 0 })
}
