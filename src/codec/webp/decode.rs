//! Decodes a WebP's primary image: planes where it is VP8 alone, interleaved samples otherwise.

use super::container::{Bitstream, Container};
use super::ffi::{self, Output, Status, Stop};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::pixels::{Chroma, Layout, Matrix, Pixels, Planes, Range, Raster, Samples, Siting, count, zeroed};
use crate::plan::Plan;
use crate::reduce::{Bands, Part};
use crate::size::{Rect, Size};
use crate::watch::Meter;

/// Decodes the primary image.
///
/// Opaque VP8 gives planes of limited-range BT.601 (RFC 6386 § 2, § 9.2), reduced row by row; opaque VP8L gives RGB. Everything else,
/// and a frame that does not fill its canvas, gives RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, plan: &Plan, meter: &Meter<'_>) -> Result<Pixels> {
    let container = Container::read(bytes)?;
    if container.canvas != header.coded_size {
        return Err(Error::internal("WebP header and decoder disagree on the size"));
    }
    let whole = container.place == Rect::whole(container.canvas);
    meter.check()?;
    match container.image.bitstream {
        _ if container.image.alpha || !whole => decode_rgba(&container),
        Bitstream::Vp8 => decode_planes(&container, plan, meter),
        Bitstream::Vp8l => decode_rgb(&container),
    }
}

fn decode_planes(container: &Container<'_>, plan: &Plan, meter: &Meter<'_>) -> Result<Pixels> {
    let (size, matrix, siting) = (container.canvas, Matrix::Bt601, Siting::Centred);
    let grid = plan.chroma_grid(8, matrix);
    let part = Part::chroma(size, (2, 2), siting, plan.crop, plan.target, grid)?;
    let (mut luma, mut cb, mut cr) =
        (Bands::new(Part::luma(size, plan.crop, plan.target)?)?, Bands::new(part)?, Bands::new(part)?);
    let frame = container.image.frame()?;
    ffi::decode_rows(frame, size, |rows| {
        meter.check()?;
        luma.push_strided(rows.luma, rows.luma_stride)?;
        cb.push_strided(rows.cb, rows.chroma_stride)?;
        cr.push_strided(rows.cr, rows.chroma_stride)
    })
    .map_err(|stop| match stop {
        Stop::Decoder(status) => refusal(status),
        Stop::Taker(error) => error,
    })?;
    let (cb, cr) = (Samples::U8(cb.finish()?), Samples::U8(cr.finish()?));
    let chroma = Some(Chroma { cb, cr, subsampling: (grid.factor(), grid.factor()), siting });
    let (luma, range) = (Samples::U8(luma.finish()?), Range::Limited);
    Ok(Pixels::ReducedYcbcr(Planes { size: plan.target, bit_depth: 8, luma, chroma, range, matrix }.checked()?))
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
    match run(container, Output::Rgba { samples: target, stride }) {
        Err(Error::OutOfMemory { .. }) => {
            drop(rgba);
            return Err(refusal(alpha_fault(container)?));
        }
        done => done?,
    }
    Ok(Pixels::Interleaved(Raster::new(canvas, Layout::Rgba, Samples::U8(rgba))?))
}

fn run(container: &Container<'_>, output: Output<'_>) -> Result<()> {
    ffi::decode(container.image.data, container.image.size, output).map_err(refusal)
}

/// What is wrong where libwebp says that memory is: it says so, too, of an alpha plane whose header is damaged
/// (`VP8DecompressAlphaRows`). The plane is VP8L without that format's own header, so it is decoded as VP8L alone.
fn alpha_fault(container: &Container<'_>) -> Result<Status> {
    let (size, no_memory) = (container.image.size, Status::VP8_STATUS_OUT_OF_MEMORY);
    let Some(chunk) = container.image.alpha_chunk() else { return Ok(no_memory) };
    let Some((&header, data)) = chunk.split_first() else { return Ok(Status::VP8_STATUS_NOT_ENOUGH_DATA) };
    match header & 3 {
        // RFC 9649 § 2.7.1.2: reserved bits, a level of preprocessing from 0 to 1, a filter, the way of compression.
        _ if header >> 5 != 0 => Ok(Status::VP8_STATUS_BITSTREAM_ERROR),
        0 if (data.len() as u64) < size.pixels() => Ok(Status::VP8_STATUS_NOT_ENOUGH_DATA),
        0 => Ok(no_memory),
        1 => {
            let (width, height) = (size.width.saturating_sub(1) & 0x3FFF, size.height.saturating_sub(1) & 0x3FFF);
            let mut stream = zeroed(data.len().saturating_add(5))?;
            if let Some((signature, rest)) = stream.split_first_chunk_mut::<5>() {
                let [b0, b1, b2, b3] = (width | height << 14).to_le_bytes();
                *signature = [0x2F, b0, b1, b2, b3];
                rest.copy_from_slice(data);
            }
            let mut rgb = zeroed(samples(size, 3)?)?;
            Ok(ffi::decode(&stream, size, Output::Rgb(&mut rgb)).err().unwrap_or(no_memory))
        }
        _ => Ok(Status::VP8_STATUS_BITSTREAM_ERROR),
    }
}

fn refusal(status: Status) -> Error {
    match status {
        Status::VP8_STATUS_NOT_ENOUGH_DATA | Status::VP8_STATUS_SUSPENDED => {
            Error::truncated(Format::Webp, "image data ends before the picture does")
        }
        Status::VP8_STATUS_OUT_OF_MEMORY => Error::OutOfMemory { bytes: 0 },
        Status::VP8_STATUS_UNSUPPORTED_FEATURE => Error::unsupported(Format::Webp, "a bitstream feature"),
        Status::VP8_STATUS_INVALID_PARAM => Error::internal("libwebp refused its parameters"),
        _ => Error::malformed(Format::Webp, "image data"),
    }
}

fn samples(size: Size, channels: usize) -> Result<usize> {
    count(size, channels).ok_or(Error::OutOfMemory { bytes: 0 })
}
