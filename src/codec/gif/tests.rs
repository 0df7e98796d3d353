//! Facts about GIF, on files made by the `gif` crate's encoder and by hand, checked against the `image` crate.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size};

use super::{decode, probe};
use crate::error::{Error, Result};
use crate::header::{Coding, Header};
use crate::pixels::KeptRows;
use crate::plan::plan;
use crate::plan::profile::Profile;
use crate::upload::limits::Limits;

const PALETTE: [u8; 12] = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255];

fn frame(left: u16, top: u16, width: u16, height: u16) -> gif::Frame<'static> {
    let indices = (0..width * height).map(|i| (i * 7 / 3 % 4).to_le_bytes()[0]).collect();
    gif::Frame { left, top, width, height, buffer: Cow::Owned(indices), ..gif::Frame::default() }
}

fn encode(width: u16, height: u16, frames: &[gif::Frame<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &PALETTE).unwrap();
    frames.iter().for_each(|frame| encoder.write_frame(frame).unwrap());
    drop(encoder);
    file
}

fn header(bytes: &[u8]) -> Result<Header> {
    probe(bytes, &Limits::default(), &CpuTimer::default())
}

fn pixels(bytes: &[u8]) -> Result<Raster> {
    let (header, mut rows) = (header(bytes)?, KeptRows::new());
    let plan = plan(&header, &Profile::default(), &CpuTimer::default()).unwrap();
    decode(bytes, &header, &plan, &Limits::default(), &CpuTimer::default(), &mut rows)?;
    Ok(rows.into_raster(plan.target))
}

fn code(result: Result<impl std::fmt::Debug>) -> &'static str {
    result.expect_err("refused").code()
}

fn color(index: u16) -> [u8; 3] {
    let at = usize::from(index % 4) * 3;
    [PALETTE[at], PALETTE[at + 1], PALETTE[at + 2]]
}

/// The colours of `frame(…)` in order.
fn colors(count: u16) -> Vec<u8> {
    (0..count).flat_map(|i| color(i * 7 / 3)).collect()
}

#[test]
fn an_opaque_frame_over_the_whole_canvas_is_rgb() {
    let file = encode(9, 5, &[frame(0, 0, 9, 5)]);
    let header = header(&file).unwrap();
    assert_eq!((header.coded_size, header.has_alpha, header.bit_depth), (Size::new(9, 5), false, 2));
    assert_eq!(header.frames, None);
    let raster = pixels(&file).unwrap();
    assert_eq!((raster.layout, raster.samples), (Layout::Rgb, Samples::U8(colors(45))));
}

#[test]
fn the_first_frame_is_what_image_gives() {
    let mut clear = frame(0, 0, 9, 5);
    clear.transparent = Some(2);
    let file = encode(9, 5, &[clear]);
    assert!(header(&file).unwrap().has_alpha);
    let reference = image::load_from_memory_with_format(&file, image::ImageFormat::Gif).unwrap().into_rgba8();
    let Samples::U8(ours) = pixels(&file).unwrap().samples else { panic!("8 bits") };
    for (ours, theirs) in ours.chunks(4).zip(reference.pixels()) {
        assert!(ours == theirs.0 || (ours[3] == 0 && theirs[3] == 0), "{ours:?} {theirs:?}");
    }
}

#[test]
fn interlaced_rows_are_put_in_order() {
    for height in 1..20 {
        let straight = frame(0, 0, 3, height);
        let order = [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(|(y, dy)| (y..height).step_by(dy));
        let rows: Vec<u8> = order.flat_map(|y| straight.buffer[usize::from(y) * 3..][..3].to_vec()).collect();
        let woven = gif::Frame { interlaced: true, buffer: Cow::Owned(rows), ..straight };
        let file = encode(3, height, &[woven]);
        assert_eq!(header(&file).unwrap().coding, Coding::Gif { interlaced: true });
        assert_eq!(pixels(&file).unwrap().samples, Samples::U8(colors(3 * height)), "height {height}");
    }
}

#[test]
fn a_small_frame_leaves_the_rest_of_the_canvas_transparent() {
    let file = encode(4, 3, &[frame(1, 1, 2, 1), frame(0, 0, 4, 3)]);
    let header = header(&file).unwrap();
    assert_eq!((header.has_alpha, header.frames), (true, Some(2)));
    let raster = pixels(&file).unwrap();
    let mut expected = vec![0; 48];
    expected[20..24].copy_from_slice(&[0, 0, 0, 255]);
    expected[24..28].copy_from_slice(&[0, 255, 0, 255]);
    assert_eq!((raster.layout, raster.samples), (Layout::Rgba, Samples::U8(expected)));
}

#[test]
fn the_canvas_grows_to_hold_the_first_frame() {
    let file = encode(2, 9, &[frame(1, 0, 4, 3)]);
    assert_eq!(header(&file).unwrap().coded_size, Size::new(5, 9));
    assert_eq!(pixels(&file).unwrap().size, Size::new(5, 9));
    let file = encode(0, 0, &[frame(0, 0, 4, 3)]);
    let raster = pixels(&file).unwrap();
    assert_eq!((raster.size, raster.layout), (Size::new(4, 3), Layout::Rgb));
}

#[test]
fn a_cut_before_the_last_code_is_truncated_and_one_behind_it_is_none() {
    let file = encode(9, 5, &[frame(0, 0, 9, 5)]);
    let whole = pixels(&file).unwrap();
    // The end code, the block terminator and the trailer; the last code of a pixel is in the two bytes before them.
    let certain = file.len() - 5;
    for n in 0..file.len() {
        match pixels(&file[..n]) {
            Ok(cut) => assert!(n > certain && cut == whole, "at {n}"),
            Err(error) => assert!(n < file.len() - 2 && error.code() == "truncated", "at {n}: {error}"),
        }
    }
}

#[test]
fn damage_after_the_first_frame_is_not_seen() {
    let file = encode(4, 3, &[frame(0, 0, 4, 3), frame(0, 0, 4, 3)]);
    let first = encode(4, 3, &[frame(0, 0, 4, 3)]).len() - 1;
    for n in first..file.len() {
        assert_eq!(pixels(&file[..n]).unwrap().samples, Samples::U8(colors(12)), "at {n}");
    }
    let junk = [&file[..first], b"junk".as_slice()].concat();
    assert_eq!(header(&junk).unwrap().frames, None);
}

/// A GIF of one frame whose sub-blocks hold `lzw`.
fn by_hand(width: u8, height: u8, min_code_size: u8, lzw: &[u8]) -> Vec<u8> {
    let mut file = [b"GIF89a".as_slice(), &[width, 0, height, 0, 0x81, 0, 0], &PALETTE].concat();
    file.extend([b',', 0, 0, 0, 0, width, 0, height, 0, 0, min_code_size]);
    for piece in lzw.chunks(255) {
        file.push(u8::try_from(piece.len()).unwrap());
        file.extend(piece);
    }
    file.extend([0, b';']);
    file
}

#[test]
fn too_few_indices_are_truncated() {
    // Clear, index 1, end: one pixel of the two.
    assert_eq!(code(pixels(&by_hand(2, 1, 2, &[0b0100_1100, 0b1]))), "truncated");
    assert!(pixels(&by_hand(1, 1, 2, &[0b0100_1100, 0b1])).is_ok());
    assert_eq!(code(pixels(&by_hand(1, 1, 2, &[]))), "truncated");
}

#[test]
fn too_many_indices_are_accepted() {
    let long = encode(9, 5, &[frame(0, 0, 9, 5)]);
    let mut file = long.clone();
    // The frame's height, after the 10-byte screen head, the palette, and the graphic control extension of 8 bytes.
    let height = 13 + 12 + 8 + 7;
    assert_eq!(file[height], 5);
    (file[8], file[height]) = (4, 4);
    assert_eq!(pixels(&file).unwrap().samples, Samples::U8(colors(36)));
}

#[test]
fn a_code_from_nowhere_is_malformed() {
    // Clear, index 0, then code 7, which no earlier code made.
    assert_eq!(code(pixels(&by_hand(9, 9, 2, &[0b1100_0100, 0b1]))), "malformed");
}

#[test]
fn an_index_beyond_the_palette_is_opaque_black() {
    // Minimum code size 3: clear (8), index 5, end (9); the palette has four entries.
    let file = by_hand(1, 1, 3, &[0b0101_1000, 0b1001]);
    assert_eq!(pixels(&file).unwrap().samples, Samples::U8(vec![0, 0, 0]));
}

#[test]
fn structure_without_a_picture_is_refused() {
    let screen = [b"GIF89a".as_slice(), &[1, 0, 1, 0, 0, 0, 0]].concat();
    assert_eq!(code(header(&[&screen, b";".as_slice()].concat())), "malformed");
    assert_eq!(code(header(&[&screen, b"?".as_slice()].concat())), "malformed");
    assert_eq!(code(header(&[&screen, b"!\xFE\x01a".as_slice()].concat())), "truncated");
    assert_eq!(code(header(b"GIF90a")), "malformed");
    let bare = [&screen, [b',', 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0].as_slice()].concat();
    assert_eq!(header(&bare).unwrap().bit_depth, 2);
    assert_eq!(code(header(&by_hand(0, 1, 2, &[0x4C, 1]))), "malformed");
    assert_eq!(code(header(&by_hand(1, 1, 12, &[0x4C, 1]))), "malformed");
    assert_eq!(code(header(&by_hand(1, 1, 0, &[0x4C, 1]))), "malformed");
}

#[test]
fn size_limits_are_inclusive() {
    let file = encode(9, 5, &[frame(0, 0, 9, 5)]);
    let mut limits = Limits { max_pixels: 45, max_side: 9, ..Limits::default() };
    assert!(probe(&file, &limits, &CpuTimer::default()).is_ok());
    limits.max_side = 8;
    assert!(matches!(
        probe(&file, &limits, &CpuTimer::default()),
        Err(Error::TooManyPixels { limit: 8, actual: 9, .. })
    ));
    (limits.max_side, limits.max_pixels) = (9, 44);
    assert_eq!(code(probe(&file, &limits, &CpuTimer::default())), "too_many_pixels");
}

#[test]
fn very_many_frames_are_counted_quickly() {
    let one = encode(1, 1, &[frame(0, 0, 1, 1)]);
    let (head, rest) = one.split_at(25);
    let file = [head, &rest[..rest.len() - 1].repeat(400_000), b";"].concat();
    let began = Instant::now();
    assert_eq!(header(&file).unwrap().frames, Some(400_000));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

/// Blocks put between the global colour table of four entries and what follows.
fn with_blocks(file: &[u8], blocks: &[u8]) -> Vec<u8> {
    [&file[..13 + PALETTE.len()], blocks, &file[13 + PALETTE.len()..]].concat()
}

#[test]
fn the_last_graphic_control_is_the_images() {
    let file = encode(6, 4, &[frame(0, 0, 6, 4)]);
    let (clear, opaque) = (b"!\xF9\x04\x01\0\0\x01\0", b"!\xF9\x04\0\0\0\0\0");
    assert!(!header(&with_blocks(&file, &[&clear[..], opaque].concat())).unwrap().has_alpha);
    assert_eq!(pixels(&with_blocks(&file, &[&clear[..], opaque].concat())).unwrap().layout, Layout::Rgb);
}

#[test]
fn an_image_of_no_pixels_is_passed_over() {
    let file = encode(6, 4, &[frame(0, 0, 6, 4)]);
    let empty = b",\0\0\0\0\0\0\x04\0\0\x02\0";
    assert_eq!(pixels(&with_blocks(&file, empty)).unwrap(), pixels(&file).unwrap());
}
