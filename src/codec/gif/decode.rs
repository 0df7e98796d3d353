//! Decodes a GIF's first frame and composes it on its canvas.

use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size, sample_count, zeroed};

use super::blocks::FirstFrame;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::Pixels;
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Decodes the first frame: RGB when it is opaque and covers the canvas, RGBA otherwise.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits, timer: &CpuTimer<'_>) -> Result<Pixels> {
    let frame = FirstFrame::read(bytes)?;
    if frame.canvas != header.coded_size {
        return Err(Error::internal("GIF header and decoder disagree on the size"));
    }
    let layout = if header.has_alpha { Layout::Rgba } else { Layout::Rgb };
    let out_len = sample_count(frame.canvas, layout.channels()).ok_or(Error::OutOfMemory { bytes: 0 })?;
    Limits::check("memory bytes", out_len as u64 + 2 * bytes.len() as u64, limits.max_memory_bytes)?;
    let indices = read_indices(&frame, timer)?;
    let colors = colors(&frame, &indices);
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

/// The frame's indices, rows in the order in which they are stored.
fn read_indices(frame: &FirstFrame<'_>, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let mut indices =
        zeroed(sample_count(Size::new(frame.width.into(), frame.height.into()), 1).unwrap_or(usize::MAX))?;
    image_ingest_gif::decode(frame.min_code_size, frame.data.clone(), &mut indices, timer)
        .map_err(|error| Error::in_format(Format::Gif, error))?;
    Ok(indices)
}

/// The rows of an interlaced frame, as they are stored (GIF89a appendix E).
fn interlaced_rows(height: usize) -> impl Iterator<Item = usize> {
    [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(move |(first, step)| (first..height).step_by(step))
}

/// RGBA for all 256 indices.
fn colors(frame: &FirstFrame<'_>, indices: &[u8]) -> [[u8; 4]; 256] {
    let mut colors = [[0, 0, 0, 255]; 256];
    match frame.palette {
        Some(palette) => {
            for (color, &[r, g, b]) in colors.iter_mut().zip(palette.as_chunks().0) {
                *color = [r, g, b, 255];
            }
        }
        // GIF89a § 18 leaves the colours to the decoder, and recommends black and white for monochrome pictures.
        None if indices.iter().all(|&index| index <= 1) => colors[1] = [255; 4],
        None => colors.iter_mut().zip(0..=255).for_each(|(color, gray)| *color = [gray, gray, gray, 255]),
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
    timer: &CpuTimer<'_>,
    color: impl Fn(u8) -> [u8; N],
) -> Result<()> {
    let canvas_width = usize::try_from(frame.canvas.width).unwrap_or(usize::MAX);
    let (left, top, width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
    let canvas = out.as_chunks_mut::<N>().0;
    let stored = indices.chunks_exact(width);
    let mut put = |row: usize, indices: &[u8]| {
        timer.check()?;
        let pixels = canvas[(top + row) * canvas_width + left..][..width].iter_mut();
        pixels.zip(indices).for_each(|(pixel, &index)| *pixel = color(index));
        Ok(())
    };
    if frame.interlaced {
        interlaced_rows(frame.height.into()).zip(stored).try_for_each(|(row, indices)| put(row, indices))
    } else {
        stored.enumerate().try_for_each(|(row, indices)| put(row, indices))
    }
}
