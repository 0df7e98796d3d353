//! Decodes a PNG's `IDAT` image to interleaved samples, row by row.

use image_ingest_resize::RasterReducer;
use image_ingest_samples::CpuTimer;

use super::probe::{read, refusal};
use crate::codec::reduced::ReducedRaster;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::upload::limits::Limits;

/// Decodes the primary image: gray, RGB or RGBA, 8 bits, or 16 where the file has 16; reduced row by row.
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
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let png = read(bytes, limits, timer)?;
    let picture = png.picture();
    let (stored, layout) = (png.header, picture.layout());
    if stored.size != header.coded_size || header.has_alpha != (layout.channels() == 4) {
        return Err(Error::internal("PNG header and decoder disagree on the picture"));
    }
    Limits::check("memory bytes", u64::from(stored.size.width) * MAX_PIXEL_BYTES, limits.max_memory_bytes)?;
    let reducer = RasterReducer::new(stored.size, layout, stored.bit_depth, plan.crop, plan.target)?;
    let mut rows = ReducedRaster::new(reducer, layout, stored.bit_depth == 16, rows)?;
    picture.decode(&mut rows, timer).map_err(refusal)?;
    Ok(rows.finish(timer)?)
}

/// Four samples of 16 bits.
const MAX_PIXEL_BYTES: u64 = 8;
