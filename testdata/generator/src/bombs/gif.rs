//! GIF bombs (GIF89a): very many frames, large canvases, and long extensions and codes.

use super::bomb::{Bomb, NEARLY_ALL, filled};
use crate::encode::gif::{self, Picture};

pub(super) fn all() -> Vec<Bomb> {
    let mut bombs = frames();
    bombs.extend(data());
    bombs
}

fn frames() -> Vec<Bomb> {
    vec![
        Bomb::new("gif_40000_frames.gif", "accepted", "40000 frames of one pixel", || file(1, 1, &pixels(40_000)))
            .cheap(),
        Bomb::new("gif_2000_frames_64mp.gif", "accepted", "2000 frames of one pixel on 8000×8000", || {
            file(8000, 8000, &pixels(2000))
        }),
        Bomb::new("gif_canvas_65535.gif", "too_many_pixels", "a frame of one pixel on 65535×65535", || {
            file(65_535, 65_535, &pixels(1))
        }),
        Bomb::new("gif_canvas_14000.gif", "accepted", "a frame of one pixel on 14000×14000", || {
            file(14_000, 14_000, &pixels(1))
        }),
        Bomb::new("gif_frame_65535.gif", "too_many_pixels", "a frame of 65535×65535 on a canvas of one pixel", || {
            file(1, 1, &frame(65_535, 65_535, &[2, 2, 0x4C, 1, 0]))
        }),
        Bomb::new("gif_no_colours_192mp.gif", "accepted", "16000×12000 of index 0 without a colour table", || {
            let frame = Picture { width: 16_000, height: 12_000, indices: vec![0; 192_000_000], ..Picture::default() };
            without_colours(gif::encode(16_000, 12_000, &[0; 6], &[frame]))
        }),
        Bomb::new("gif_interlaced_100mp.gif", "accepted", "10000×10000 of one colour, interlaced", || {
            let frame = Picture {
                width: 10_000,
                height: 10_000,
                indices: vec![1; 100_000_000],
                interlaced: true,
                ..Picture::default()
            };
            gif::encode(10_000, 10_000, &[0, 0, 0, 90, 120, 150], &[frame])
        }),
        Bomb::new("gif_flat_16mp.gif", "accepted", "4000×4000 of one colour", || {
            let frame = Picture { width: 4000, height: 4000, indices: vec![1; 16_000_000], ..Picture::default() };
            gif::encode(4000, 4000, &[0, 0, 0, 90, 120, 150], &[frame])
        }),
    ]
}

fn data() -> Vec<Bomb> {
    vec![
        Bomb::new("gif_extensions.gif", "accepted", "3.5 million empty comments before the frame", || {
            file(1, 1, &[filled(&[0x21, 0xFE, 0], NEARLY_ALL), pixels(1)].concat())
        }),
        Bomb::new("gif_comment.gif", "accepted", "a comment of 10 MB before the frame", || {
            let blocks = filled(&[&[255][..], &[b'x'; 255]].concat(), NEARLY_ALL);
            file(1, 1, &[&[0x21, 0xFE][..], &blocks, &[0], &pixels(1)].concat())
        }),
        Bomb::new("gif_comment_alone.gif", "truncated", "a comment of 10 MB and no frame", || {
            let blocks = filled(&[&[255][..], &[b'x'; 255]].concat(), NEARLY_ALL);
            file(1, 1, &[&[0x21, 0xFE][..], &blocks].concat())
        }),
        Bomb::new("gif_clear_codes.gif", "truncated", "10 MB of clear codes for 4000×4000", || {
            let blocks = filled(&[&[240][..], &filled(&[0x24, 0x49, 0x92], 240)].concat(), NEARLY_ALL);
            file(4000, 4000, &frame(4000, 4000, &[&[2][..], &blocks, &[0]].concat()))
        }),
        Bomb::new("gif_small_blocks.gif", "accepted", "10 MB of blocks of one byte behind the end code", || {
            file(1, 1, &frame(1, 1, &[&[2, 2, 0x4C, 1][..], &filled(&[1, 0], NEARLY_ALL), &[0]].concat()))
        }),
        Bomb::new(
            "gif_open_blocks.gif",
            "truncated",
            "10 MB of blocks of one byte behind the last pixel, and no end",
            || file(1, 1, &frame(1, 1, &[&[2, 1, 0x0C][..], &filled(&[1, 0], NEARLY_ALL)].concat())),
        ),
        Bomb::new("gif_no_end_code.gif", "truncated", "image data that fills 10 MB and never ends", || {
            let blocks = filled(&[&[255][..], &[0x88; 255]].concat(), NEARLY_ALL);
            file(4000, 4000, &frame(4000, 4000, &[&[2][..], &blocks].concat()))
        }),
    ]
}

/// Header, canvas, two colours, `blocks`, trailer.
fn file(width: u16, height: u16, blocks: &[u8]) -> Vec<u8> {
    let colours = [0, 0, 0, 90, 120, 150];
    let screen = [&width.to_le_bytes()[..], &height.to_le_bytes(), &[0x80, 0, 0]].concat();
    [&b"GIF89a"[..], &screen, &colours, blocks, &[0x3B]].concat()
}

/// The file without its global colour table of two entries.
fn without_colours(mut file: Vec<u8>) -> Vec<u8> {
    file[10] &= 0x7F;
    file.drain(13..19);
    file
}

/// Frames of one pixel, with their graphic control extensions.
fn pixels(count: usize) -> Vec<u8> {
    let control = [0x21, 0xF9, 4, 0, 5, 0, 0, 0];
    let one = [&control[..], &frame(1, 1, &[2, 2, 0x4C, 1, 0])].concat();
    filled(&one, count * one.len())
}

fn frame(width: u16, height: u16, data: &[u8]) -> Vec<u8> {
    [&[0x2C, 0, 0, 0, 0][..], &width.to_le_bytes(), &height.to_le_bytes(), &[0], data].concat()
}
