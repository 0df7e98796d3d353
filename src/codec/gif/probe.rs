//! Reads a GIF's header: the canvas, the first frame's descriptor, the number of frames.

use image_ingest_color::ColorDescription;
use image_ingest_gif::FirstFrame;
use image_ingest_samples::{CpuTimer, DecodeError, Rect};

use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header, Orientation};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads the header of a GIF.
///
/// # Errors
///
/// `malformed`, `truncated`, `too_many_pixels`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let frame = FirstFrame::read(bytes, timer).map_err(refusal)?;
    limits.check_size(frame.canvas)?;
    let frames = frame.count_frames(timer)?;
    Ok(Header {
        format: Format::Gif,
        coded_size: frame.canvas,
        crop: Rect::whole(frame.canvas),
        orientation: Orientation::Upright,
        exif_orientation_ignored: None,
        coding: Coding::Gif { interlaced: frame.interlaced },
        bit_depth: frame.index_bits(),
        channels: Channels::Palette,
        has_alpha: frame.transparent.is_some() || !frame.covers_canvas(),
        color: ColorDescription::Srgb,
        frames: (frames > 1).then_some(frames),
    })
}

pub(super) fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Gif, error)
}
