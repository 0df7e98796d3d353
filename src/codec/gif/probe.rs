//! Reads a GIF's header: the canvas, the first frame's descriptor, the number of frames.

use image_ingest_color::ColorDescription;
use image_ingest_samples::Rect;

use super::blocks::FirstFrame;
use crate::error::Result;
use crate::header::{Channels, Coding, Header, Orientation};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a GIF.
///
/// # Errors
///
/// `malformed`, `truncated`, `too_many_pixels`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let frame = FirstFrame::read(bytes)?;
    limits.check_size(frame.canvas)?;
    let frames = frame.count_frames();
    Ok(Header {
        format: Format::Gif,
        coded_size: frame.canvas,
        crop: Rect::whole(frame.canvas),
        orientation: Orientation::Upright,
        exif_orientation_ignored: None,
        coding: Coding::Gif { interlaced: frame.interlaced },
        bit_depth: frame.palette.map_or(frame.min_code_size.min(8), index_bits),
        channels: Channels::Palette,
        has_alpha: frame.transparent.is_some() || !frame.covers_canvas(),
        color: ColorDescription::Srgb,
        frames: (frames > 1).then_some(frames),
    })
}

/// Bits of an index into a colour table of 2, 4, … 256 entries.
fn index_bits(palette: &[u8]) -> u8 {
    u8::try_from((palette.len() / 3).ilog2()).unwrap_or(8)
}
