//! Decodes a WebP's primary image: planes where it is VP8 alone, interleaved samples otherwise.

use image_ingest_resize::{PlanesFormat, PlanesReducer, RasterReducer};
use image_ingest_samples::{CpuTimer, DecodeError, Layout, Matrix, Range, Rect, RowSink, Siting};
use image_ingest_webp::{Bitstream, CodedImage, Container, Vp8Decoder, decode_lossless, decode_lossy_rgba};

use crate::codec::canvas::CanvasRows;
use crate::codec::reduced::{ReducedPlanes, ReducedRaster};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::upload::format::Format;

/// Decodes the primary image.
///
/// Opaque VP8 gives planes of limited-range BT.601 (RFC 6386 § 2, § 9.2), opaque VP8L gives RGB. Everything else, and a
/// frame that does not fill its canvas, gives RGBA. All of it is reduced row by row.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    timer: &CpuTimer<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let container = Container::read(bytes, timer).map_err(in_webp)?;
    if container.canvas != header.coded_size {
        return Err(Error::internal("WebP header and decoder disagree on the size"));
    }
    timer.check()?;
    match container.image.bitstream {
        Bitstream::Vp8 if !header.has_alpha => decode_planes(&container, plan, timer, rows),
        _ => decode_interleaved(&container, header, plan, timer, rows),
    }
}

fn decode_planes(
    container: &Container<'_>,
    plan: &Plan,
    timer: &CpuTimer<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let (size, range, matrix) = (container.canvas, Range::Limited, Matrix::Bt601);
    let subsampling = Some((2, 2));
    let format = PlanesFormat { size, bit_depth: 8, subsampling, siting: Siting::Centred, range, matrix };
    let planes = PlanesReducer::new(format, plan.crop, plan.target, plan.chroma_grid(8, matrix))?;
    let mut planes = ReducedPlanes::new(planes, &format, rows)?;
    let decoder = Vp8Decoder::new(container.image.frame().map_err(in_webp)?).map_err(in_webp)?;
    if decoder.size() != size {
        return Err(Error::internal("WebP container and frame disagree on the size"));
    }
    decoder.decode(&mut planes, timer).map_err(in_webp)?;
    Ok(planes.finish(timer)?)
}

/// Reduces interleaved rows as they come. A frame that does not fill its canvas lies on a transparent one.
fn decode_interleaved(
    container: &Container<'_>,
    header: &Header,
    plan: &Plan,
    timer: &CpuTimer<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let (canvas, image) = (container.canvas, &container.image);
    let layout = if header.has_alpha { Layout::Rgba } else { Layout::Rgb };
    let reducer = RasterReducer::new(canvas, layout, 8, plan.crop, plan.target)?;
    let mut rows = ReducedRaster::new(reducer, layout, false, rows)?;
    if container.place == Rect::whole(canvas) {
        decode_image(image, layout, &mut rows, timer)?;
    } else {
        let mut on_canvas = CanvasRows::new(&mut rows, canvas, container.place, timer)?;
        decode_image(image, layout, &mut on_canvas, timer)?;
        on_canvas.finish()?;
    }
    Ok(rows.finish(timer)?)
}

fn decode_image(image: &CodedImage<'_>, layout: Layout, sink: &mut impl RowSink, timer: &CpuTimer<'_>) -> Result<()> {
    let decoded = match image.bitstream {
        Bitstream::Vp8l => decode_lossless(image.vp8l_data(), image.size, layout, sink, timer),
        Bitstream::Vp8 => image.frame().and_then(|frame| decode_lossy_rgba(frame, image.alpha_chunk(), sink, timer)),
    };
    decoded.map_err(in_webp)
}

fn in_webp(error: DecodeError) -> Error {
    Error::in_format(Format::Webp, error)
}
