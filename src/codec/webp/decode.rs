//! Decodes a WebP's primary image: planes where it is VP8 alone, interleaved samples otherwise.

use image_ingest_c_decoders::webp_decode::{self, VpStop, WebpOutput, WebpStatus};
use image_ingest_resize::{PlanesFormat, PlanesReducer};
use image_ingest_samples::{
    CpuTimer, DecodeError, Layout, Matrix, Range, Raster, Rect, RowSink, SampleSlice, Samples, Siting, Size,
    sample_count, zeroed,
};
use image_ingest_webp::{Bitstream, Container};

use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::upload::format::Format;

/// Decodes the primary image.
///
/// Opaque VP8 gives planes of limited-range BT.601 (RFC 6386 § 2, § 9.2), reduced row by row. Opaque VP8L gives RGB.
/// Everything else, and a frame that does not fill its canvas, gives RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, plan: &Plan, timer: &CpuTimer<'_>) -> Result<Pixels> {
    let container = Container::read(bytes).map_err(in_webp)?;
    if container.canvas != header.coded_size {
        return Err(Error::internal("WebP header and decoder disagree on the size"));
    }
    let whole = container.place == Rect::whole(container.canvas);
    timer.check()?;
    match container.image.bitstream {
        _ if container.image.alpha || !whole => decode_rgba(&container),
        Bitstream::Vp8 => decode_planes(&container, plan, timer),
        Bitstream::Vp8l => decode_rgb(&container),
    }
}

fn decode_planes(container: &Container<'_>, plan: &Plan, timer: &CpuTimer<'_>) -> Result<Pixels> {
    let (size, range, matrix) = (container.canvas, Range::Limited, Matrix::Bt601);
    let subsampling = Some((2, 2));
    let format = PlanesFormat { size, bit_depth: 8, subsampling, siting: Siting::Centred, range, matrix };
    let mut planes = PlanesReducer::new(format, plan.crop, plan.target, plan.chroma_grid(8, matrix))?;
    let frame = container.image.frame().map_err(in_webp)?;
    webp_decode::decode_rows(frame, size, |rows| {
        timer.check()?;
        planes.take_rows(0, SampleSlice::U8(rows.luma), rows.luma_stride)?;
        planes.take_rows(1, SampleSlice::U8(rows.cb), rows.chroma_stride)?;
        planes.take_rows(2, SampleSlice::U8(rows.cr), rows.chroma_stride)
    })
    .map_err(|stop| match stop {
        VpStop::Decoder(status) => refusal(status),
        VpStop::Taker(error) => error.into(),
    })?;
    Ok(Pixels::ReducedYcbcr(planes.finish()?))
}

fn decode_rgb(container: &Container<'_>) -> Result<Pixels> {
    let mut rgb = zeroed(samples(container.canvas, 3)?)?;
    run(container, WebpOutput::Rgb(&mut rgb))?;
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
    match run(container, WebpOutput::Rgba { samples: target, stride }) {
        Err(Error::OutOfMemory { .. }) => {
            drop(rgba);
            return Err(refusal(alpha_fault(container)?));
        }
        done => done?,
    }
    Ok(Pixels::Interleaved(Raster::new(canvas, Layout::Rgba, Samples::U8(rgba))?))
}

fn run(container: &Container<'_>, output: WebpOutput<'_>) -> Result<()> {
    webp_decode::decode(container.image.data, container.image.size, output).map_err(refusal)
}

/// What is wrong where libwebp says that it has no memory. It also says so of an alpha plane whose header is damaged
/// (`VP8DecompressAlphaRows`). The plane is VP8L without that format's own header, so it is decoded once more as VP8L
/// alone, whose status tells which of the two it was.
fn alpha_fault(container: &Container<'_>) -> Result<WebpStatus> {
    let (size, no_memory) = (container.image.size, WebpStatus::VP8_STATUS_OUT_OF_MEMORY);
    let Some(chunk) = container.image.alpha_chunk() else { return Ok(no_memory) };
    let Some((&header, data)) = chunk.split_first() else { return Ok(WebpStatus::VP8_STATUS_NOT_ENOUGH_DATA) };
    match header & 3 {
        // RFC 9649 § 2.7.1.2: reserved bits, a level of preprocessing from 0 to 1, a filter, the way of compression.
        _ if header >> 5 != 0 => Ok(WebpStatus::VP8_STATUS_BITSTREAM_ERROR),
        0 if (data.len() as u64) < size.pixels() => Ok(WebpStatus::VP8_STATUS_NOT_ENOUGH_DATA),
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
            Ok(webp_decode::decode(&stream, size, WebpOutput::Rgb(&mut rgb)).err().unwrap_or(no_memory))
        }
        _ => Ok(WebpStatus::VP8_STATUS_BITSTREAM_ERROR),
    }
}

fn refusal(status: WebpStatus) -> Error {
    match status {
        WebpStatus::VP8_STATUS_NOT_ENOUGH_DATA | WebpStatus::VP8_STATUS_SUSPENDED => {
            Error::truncated(Format::Webp, "image data ends before the picture does")
        }
        WebpStatus::VP8_STATUS_OUT_OF_MEMORY => Error::OutOfMemory { bytes: 0 },
        WebpStatus::VP8_STATUS_UNSUPPORTED_FEATURE => Error::unsupported(Format::Webp, "a bitstream feature"),
        WebpStatus::VP8_STATUS_INVALID_PARAM => Error::internal("libwebp refused its parameters"),
        _ => Error::malformed(Format::Webp, "image data"),
    }
}

fn in_webp(error: DecodeError) -> Error {
    Error::in_format(Format::Webp, error)
}

fn samples(size: Size, channels: usize) -> Result<usize> {
    sample_count(size, channels).ok_or(Error::OutOfMemory { bytes: 0 })
}
