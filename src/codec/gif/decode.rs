//! Decodes a GIF's first frame and puts its rows on the canvas.

use image_ingest_gif::{FirstFrame, held_indices};
use image_ingest_resize::RasterReducer;
use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleRows, WorkError, zeroed};

use super::probe::refusal;
use crate::codec::canvas::CanvasRows;
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
    let held = held_indices(frame.place().size, frame.interlaced);
    Limits::check("memory bytes", held + 2 * bytes.len() as u64, limits.max_memory_bytes)?;
    let reducer = RasterReducer::new(frame.canvas, layout, 8, plan.crop, plan.target)?;
    let mut rows = ReducedRaster::new(reducer, layout, false, rows)?;
    if layout == Layout::Rgb {
        decode_frame(&frame, |[r, g, b, _]| [r, g, b], &mut rows, timer)?;
    } else if frame.covers_canvas() {
        decode_frame(&frame, |color| color, &mut rows, timer)?;
    } else {
        let mut on_canvas = CanvasRows::new(&mut rows, frame.canvas, frame.place(), timer)?;
        decode_frame(&frame, |color| color, &mut on_canvas, timer)?;
        on_canvas.finish()?;
    }
    Ok(rows.finish(timer)?)
}

/// Hands on the frame's rows, of which `pixel` says what becomes of a colour.
fn decode_frame<const N: usize>(
    frame: &FirstFrame<'_>,
    pixel: impl Fn([u8; 4]) -> [u8; N],
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    let colors = frame.colors(timer).map_err(refusal)?.map(pixel);
    let row = zeroed(usize::from(frame.width) * N)?;
    frame.decode(&mut ColorRows { colors, row, sink }, timer).map_err(refusal)
}

/// Takes rows of indices and hands on their colours.
struct ColorRows<'s, const N: usize, S> {
    colors: [[u8; N]; 256],
    row: Vec<u8>,
    sink: &'s mut S,
}

impl<const N: usize, S: RowSink> RowSink for ColorRows<'_, N, S> {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        for indices in rows.bytes()?.chunks(rows.stride) {
            timer.check()?;
            let pixels = self.row.as_chunks_mut().0;
            pixels.iter_mut().zip(indices).for_each(|(pixel, &index)| *pixel = self.colors[usize::from(index)]);
            self.sink.take_rows(plane, SampleRows::u8(&self.row, self.row.len()), timer)?;
        }
        Ok(())
    }
}
