//! Decodes a GIF's first frame and composes it on its canvas.

use image_ingest_gif::FirstFrame;
use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, sample_count, zeroed};

use super::probe::refusal;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::Pixels;
use crate::upload::limits::Limits;

/// Decodes the first frame: RGB when it is opaque and covers the canvas, RGBA otherwise.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits, timer: &CpuTimer<'_>) -> Result<Pixels> {
    let frame = FirstFrame::read(bytes, timer).map_err(refusal)?;
    if frame.canvas != header.coded_size {
        return Err(Error::internal("GIF header and decoder disagree on the size"));
    }
    let layout = if header.has_alpha { Layout::Rgba } else { Layout::Rgb };
    let out_len = sample_count(frame.canvas, layout.channels()).ok_or(Error::OutOfMemory { bytes: 0 })?;
    Limits::check("memory bytes", out_len as u64 + 2 * bytes.len() as u64, limits.max_memory_bytes)?;
    let indices = frame.indices(timer).map_err(refusal)?;
    let colors = frame.colors(&indices);
    let mut samples = zeroed(out_len)?;
    match layout {
        Layout::Rgb => compose(&frame, &indices, &mut samples, timer, |index| {
            let [r, g, b, _] = colors[usize::from(index)];
            [r, g, b]
        })?,
        _ => compose(&frame, &indices, &mut samples, timer, |index| colors[usize::from(index)])?,
    }
    Ok(Pixels::Interleaved(Raster::new(frame.canvas, layout, Samples::U8(samples))?))
}

/// Writes the frame's pixels to their places on the canvas, which holds the frame whole.
fn compose<const N: usize>(
    frame: &FirstFrame<'_>,
    indices: &[u8],
    out: &mut [u8],
    timer: &CpuTimer<'_>,
    color: impl Fn(u8) -> [u8; N],
) -> Result<()> {
    let canvas_width = usize::try_from(frame.canvas.width).unwrap_or(usize::MAX);
    let (left, top, width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
    let canvas = out.as_chunks_mut::<N>().0;
    for (row, indices) in frame.stored_rows().zip(indices.chunks_exact(width)) {
        timer.check()?;
        let pixels = canvas[(top + row) * canvas_width + left..][..width].iter_mut();
        pixels.zip(indices).for_each(|(pixel, &index)| *pixel = color(index));
    }
    Ok(())
}
