//! `gif/`: palettes, interlacing, transparency, offsets, animation.

use super::pictures::{calm, picture};
use crate::catalogue::Entry;
use crate::encode::gif::{Picture, cube, dithered, encode};
use crate::scene::diagram;

const W: u32 = 320;
const H: u32 = 240;

/// An index that the colour cube does not use.
const CLEAR: u8 = 255;

pub(super) fn all() -> Vec<Entry> {
    vec![
        file("still", "one frame, global palette", || encode(W, H, &cube(), &[full()])),
        file("animated", "four frames; the first is the picture", || animated(W, H)),
        file("interlaced", "one interlaced frame", || encode(W, H, &cube(), &[Picture { interlaced: true, ..full() }])),
        file("transparent", "transparent outside a disc", || encode(W, H, &cube(), &[disc()])),
        file("offset_frame", "the first frame is smaller than the canvas and lies at (40, 30)", offset),
        file("local_palette", "no global palette", || {
            let frame = Picture { palette: Some(cube()), ..full() };
            encode(W, H, &[], &[frame])
        }),
        file("few_colours", "eight colours, 3-bit codes", || {
            let indices = diagram::paint_indexed(W, H, 11);
            encode(W, H, &diagram::COLOURS.concat(), &[Picture { indices, ..full() }])
        }),
        file("size_1x1", "one pixel", || {
            encode(
                1,
                1,
                &[200, 100, 50, 0, 0, 0],
                &[Picture { width: 1, height: 1, indices: vec![0], ..Picture::default() }],
            )
        }),
        file("comment", "a comment extension with a CANARY- string", comment),
    ]
}

pub(super) fn animated(width: u32, height: u32) -> Vec<u8> {
    let first = Picture { width, height, indices: dithered(&picture(width, height)), ..Picture::default() };
    let plate = |i: u32| Picture {
        left: width / 8 + i * width / 8,
        top: height / 4,
        width: width / 6,
        height: height / 4,
        indices: vec![(i * 83 % 252) as u8; (width / 6 * (height / 4)) as usize],
        restore_background: i == 1,
        ..Picture::default()
    };
    encode(width, height, &cube(), &[first, plate(1), plate(2), plate(3)])
}

/// A picture in an ellipse; all around it is transparent.
pub(super) fn transparent(width: u32, height: u32) -> Vec<u8> {
    let clear = 252;
    let inside = |x: u32, y: u32| {
        let from_middle = |at: u32, side: u32| f64::from(2 * at + 1) / f64::from(side) - 1.0;
        from_middle(x, width).powi(2) + from_middle(y, height).powi(2) <= 1.0
    };
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let indices = dithered(&picture(width, height)).into_iter().zip(places);
    let indices = indices.map(|(index, (x, y))| if inside(x, y) { index } else { clear }).collect();
    let frame = Picture { width, height, indices, transparent: Some(clear), ..Picture::default() };
    encode(width, height, &cube(), &[frame])
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("gif/{name}.gif"), shows, make)
}

fn full() -> Picture {
    Picture { width: W, height: H, indices: dithered(&calm(W, H)), ..Picture::default() }
}

fn disc() -> Picture {
    let mut frame = full();
    for (i, index) in (0u32..).zip(&mut frame.indices) {
        let (dx, dy) = ((i % W).abs_diff(W / 2), (i / W).abs_diff(H / 2));
        if dx * dx + dy * dy > H * H / 4 {
            *index = CLEAR;
        }
    }
    Picture { transparent: Some(CLEAR), ..frame }
}

fn offset() -> Vec<u8> {
    let small = calm(160, 120);
    let frame = Picture { left: 40, top: 30, width: 160, height: 120, indices: dithered(&small), ..Picture::default() };
    encode(W, H, &cube(), &[frame])
}

fn comment() -> Vec<u8> {
    let mut gif = encode(W, H, &cube(), &[full()]);
    gif.pop();
    gif.extend(b"\x21\xFE\x0ECANARY-COMMENT\0\x3B");
    gif
}
