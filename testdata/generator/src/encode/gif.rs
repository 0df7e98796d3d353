//! GIF files by the `gif` crate, and the reduction of pictures to a palette.

use std::borrow::Cow;

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::raster::Rgb;

/// One frame to write.
#[derive(Clone, Default)]
pub(crate) struct Picture {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) indices: Vec<u8>,
    pub(crate) palette: Option<Vec<u8>>,
    pub(crate) transparent: Option<u8>,
    pub(crate) interlaced: bool,
    pub(crate) restore_background: bool,
}

/// A GIF with a global palette (which may be empty), repeating if it has several frames.
pub(crate) fn encode(width: u32, height: u32, palette: &[u8], frames: &[Picture]) -> Vec<u8> {
    let mut encoder =
        Encoder::new(Vec::new(), side(width), side(height), palette).expect("palettes have 256 colours at most");
    if frames.len() > 1 {
        encoder.set_repeat(Repeat::Infinite).expect("writing to memory does not fail");
    }
    for picture in frames {
        encoder.write_frame(&frame(picture)).expect("indices match the frame's size");
    }
    encoder.into_inner().expect("writing to memory does not fail")
}

/// The picture in the colour cube of [`cube`], with an ordered dither.
pub(crate) fn dithered(image: &Rgb) -> Vec<u8> {
    let place = (0u32..).map(|i| (i % image.width, i / image.width));
    let index = |([r, g, b], (x, y)): ([u8; 3], (u32, u32))| {
        let threshold = u32::from(BAYER[(y % 4 * 4 + x % 4) as usize]);
        let level =
            |value: u8, levels: u32| (u32::from(value) * (levels - 1) * 16 + threshold * 255 + 127) / (255 * 16);
        (level(r, 6) * 42 + level(g, 7) * 6 + level(b, 6)) as u8
    };
    image.pixels().zip(place).map(index).collect()
}

/// 6 × 7 × 6 colours, red slowest; indices 252 and up are free.
pub(crate) fn cube() -> Vec<u8> {
    let level = |i: u32, levels: u32| (i * 255 / (levels - 1)) as u8;
    (0..252).flat_map(|i| [level(i / 42, 6), level(i / 6 % 7, 7), level(i % 6, 6)]).collect()
}

fn frame(picture: &Picture) -> Frame<'static> {
    Frame {
        delay: 20,
        dispose: if picture.restore_background { DisposalMethod::Background } else { DisposalMethod::Keep },
        transparent: picture.transparent,
        left: side(picture.left),
        top: side(picture.top),
        width: side(picture.width),
        height: side(picture.height),
        interlaced: picture.interlaced,
        palette: picture.palette.clone(),
        buffer: Cow::Owned(if picture.interlaced { interlaced(picture) } else { picture.indices.clone() }),
        ..Frame::default()
    }
}

/// Rows in the four passes of GIF89a, appendix E.
fn interlaced(picture: &Picture) -> Vec<u8> {
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
    let rows: Vec<&[u8]> = picture.indices.chunks_exact(picture.width as usize).collect();
    let order = passes.iter().flat_map(|&(first, step)| (first..rows.len()).step_by(step));
    order.flat_map(|row| rows[row].iter().copied()).collect()
}

fn side(value: u32) -> u16 {
    u16::try_from(value).expect("GIF sides are below 65536")
}

const BAYER: [u8; 16] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
