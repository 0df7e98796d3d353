//! Decodes a GIF's first frame and puts its rows on the canvas.

use image_ingest_gif::FirstFrame;
use image_ingest_resize::RasterReducer;
use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleRows, zeroed};

use super::probe::refusal;
use crate::codec::reduced::ReducedRaster;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::upload::limits::Limits;

/// Decodes the first frame: RGB when it is opaque and covers the canvas, RGBA otherwise.
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
    let frame = FirstFrame::read(bytes, timer).map_err(refusal)?;
    if frame.canvas != header.coded_size {
        return Err(Error::internal("GIF header and decoder disagree on the size"));
    }
    let layout = if header.has_alpha { Layout::Rgba } else { Layout::Rgb };
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    Limits::check("memory bytes", pixels + 2 * bytes.len() as u64, limits.max_memory_bytes)?;
    let indices = frame.indices(timer).map_err(refusal)?;
    let reducer = RasterReducer::new(frame.canvas, layout, 8, plan.crop, plan.target)?;
    let mut rows = ReducedRaster::new(reducer, layout, false, rows)?;
    match layout {
        Layout::Rgb => hand_on(&frame, &indices, |[r, g, b, _]| [r, g, b], &mut rows, timer)?,
        _ => hand_on(&frame, &indices, |color| color, &mut rows, timer)?,
    }
    Ok(rows.finish(timer)?)
}

/// Hands on the rows of the canvas, which holds the frame whole and is transparent around it.
fn hand_on<const N: usize>(
    frame: &FirstFrame<'_>,
    indices: &[u8],
    pixel: impl Fn([u8; 4]) -> [u8; N],
    rows: &mut ReducedRaster<'_>,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    let colors = frame.colors(indices, timer)?.map(pixel);
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let mut stored_at = zeroed(height)?;
    frame.stored_rows().enumerate().for_each(|(stored, row)| stored_at[row] = stored);
    let canvas_width = frame.canvas.width as usize;
    let mut canvas = zeroed(canvas_width * N)?;
    for y in 0..frame.canvas.height as usize {
        timer.check()?;
        match y.checked_sub(top).and_then(|row| stored_at.get(row)) {
            Some(stored) => {
                let indices = indices.get(stored * width..).unwrap_or_default();
                let inside = canvas.as_chunks_mut::<N>().0.iter_mut().skip(left).take(width);
                inside.zip(indices).for_each(|(pixel, &index)| *pixel = colors[usize::from(index)]);
            }
            None => canvas.fill(0),
        }
        rows.take_rows(0, SampleRows::u8(&canvas, canvas_width * N), timer)?;
    }
    Ok(())
}
