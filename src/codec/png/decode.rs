//! Decodes a PNG's `IDAT` image to interleaved samples, row by row.

use image_ingest_png::Picture;
use image_ingest_resize::RasterReducer;
use image_ingest_samples::{CpuTimer, DecodeError, Raster};

use super::structure::Structure;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Decodes the primary image: gray, RGB or RGBA, 8 bits, or 16 where the file has 16; reduced row by row, unless it is
/// interlaced.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    timer: &CpuTimer<'_>,
) -> Result<Pixels> {
    let Structure { header: stored, data, notes } = Structure::read(bytes, |size| limits.check_size(size))?;
    let picture = Picture::new(stored, notes.pixel_chunks(), data);
    let (size, layout) = (stored.size, picture.layout());
    if size != header.coded_size || header.has_alpha != (layout.channels() == 4) {
        return Err(Error::internal("PNG header and decoder disagree on the picture"));
    }
    Limits::check("memory bytes", u64::from(size.width) * MAX_PIXEL_BYTES, limits.max_memory_bytes)?;
    let refusal = |error: DecodeError| Error::in_format(Format::Png, error);
    if stored.interlaced {
        let samples = picture.decode_interlaced(timer).map_err(refusal)?;
        return Ok(Pixels::Interleaved(Raster::new(size, layout, samples)?));
    }
    let mut rows = RasterReducer::new(size, layout, stored.bit_depth, plan.crop, plan.target)?;
    picture.decode(&mut rows, timer).map_err(refusal)?;
    Ok(Pixels::ReducedInterleaved(rows.finish()?))
}

/// Four samples of 16 bits.
const MAX_PIXEL_BYTES: u64 = 8;
