//! Decodes a GIF's first frame and composes it on its canvas.

use std::io::Read;
use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::blocks::FirstFrame;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Raster, Samples, count, zeroed};
use crate::size::Size;
use crate::watch::Meter;

/// Decodes the first frame: RGB when it is opaque and covers the canvas, RGBA otherwise.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits, meter: &Meter<'_>) -> Result<Pixels> {
    let frame = FirstFrame::read(bytes)?;
    if frame.canvas != header.coded_size {
        return Err(Error::internal("GIF header and decoder disagree on the size"));
    }
    let layout = if header.has_alpha { Layout::Rgba } else { Layout::Rgb };
    let out_len = count(frame.canvas, layout.channels()).ok_or(Error::OutOfMemory { bytes: 0 })?;
    Limits::check("memory bytes", out_len as u64 + 2 * bytes.len() as u64, limits.max_memory_bytes)?;
    let indices = read_indices(&frame, limits, meter)?;
    let colors = colors(&frame);
    let mut samples = zeroed(out_len)?;
    match layout {
        Layout::Rgb => compose(&frame, &indices, &mut samples, meter, |index| {
            let [r, g, b, _] = colors[usize::from(index)];
            [r, g, b]
        })?,
        _ => compose(&frame, &indices, &mut samples, meter, |index| colors[usize::from(index)])?,
    }
    Ok(Pixels::Interleaved(Raster::new(frame.canvas, layout, Samples::U8(samples))?))
}

/// The frame's indices, rows in order whether interlaced or not.
///
/// The decoder sees the screen descriptor and this one image: no extension can fail it or cost anything. (Its
/// `FrameDecoder`, which would take the data alone, never returns when the end code comes early.)
fn read_indices(frame: &FirstFrame<'_>, limits: &Limits, meter: &Meter<'_>) -> Result<Vec<u8>> {
    let mut indices = zeroed(count(Size::new(frame.width.into(), frame.height.into()), 1).unwrap_or(usize::MAX))?;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(limits.max_memory_bytes).unwrap_or(NonZeroU64::MIN)));
    let mut decoder = options.read_info(frame.head.chain(frame.image)).map_err(refusal)?;
    decoder.next_frame_info().map_err(refusal)?.ok_or_else(missing_pixels)?;
    let mut fill = |rows: &mut [u8]| {
        meter.check()?;
        if decoder.fill_buffer(rows).map_err(refusal)? { Ok(()) } else { Err(missing_pixels()) }
    };
    let width = usize::from(frame.width);
    if frame.interlaced {
        for row in interlaced_rows(frame.height.into()) {
            fill(&mut indices[row * width..][..width])?;
        }
    } else {
        indices.chunks_mut(width * ROWS).try_for_each(fill)?;
    }
    Ok(indices)
}

/// Rows that are decoded at a time.
const ROWS: usize = 64;

/// The rows of an interlaced frame, as they are stored (GIF89a appendix E).
fn interlaced_rows(height: usize) -> impl Iterator<Item = usize> {
    [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(move |(first, step)| (first..height).step_by(step))
}

/// RGBA for all 256 indices.
fn colors(frame: &FirstFrame<'_>) -> [[u8; 4]; 256] {
    let mut colors = [[0, 0, 0, 255]; 256];
    for (color, &[r, g, b]) in colors.iter_mut().zip(frame.palette.as_chunks().0) {
        *color = [r, g, b, 255];
    }
    if let Some(index) = frame.transparent {
        colors[usize::from(index)] = [0; 4];
    }
    colors
}

/// Writes the frame's pixels to their place on the canvas.
fn compose<const N: usize>(
    frame: &FirstFrame<'_>,
    indices: &[u8],
    out: &mut [u8],
    meter: &Meter<'_>,
    color: impl Fn(u8) -> [u8; N],
) -> Result<()> {
    let canvas_width = usize::try_from(frame.canvas.width).unwrap_or(usize::MAX);
    let rows = out.as_chunks_mut::<N>().0.chunks_exact_mut(canvas_width).skip(frame.top.into());
    for (row, indices) in rows.zip(indices.chunks_exact(frame.width.into())) {
        meter.check()?;
        let pixels = row.iter_mut().skip(frame.left.into());
        pixels.zip(indices).for_each(|(pixel, &index)| *pixel = color(index));
    }
    Ok(())
}

fn missing_pixels() -> Error {
    Error::truncated(Format::Gif, "frame data ends before the last pixel")
}

fn refusal(error: DecodingError) -> Error {
    match error {
        DecodingError::OutOfMemory => Error::OutOfMemory { bytes: 0 },
        // The form was checked by `FirstFrame`: what is left for the crate to miss is indices.
        DecodingError::Format(_) | DecodingError::UnexpectedEof => missing_pixels(),
        e => Error::malformed_by(Format::Gif, "frame data", e),
    }
}
