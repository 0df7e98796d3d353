//! Whole encodings: every byte is the one that libjpeg-turbo writes, whatever the size, the quality, the build and the
//! rows that come at once.
//!
//! `encoded.txt` has a line for each width up to 17, whose pictures have all heights up to 17, and for each quality. It
//! says what the picture is given as, and gives the hash of all its files. The program `jpeg_encode` of `oracles/` printed
//! it while both encoders agreed.

use std::time::Duration;

use image_ingest_samples::{Budget, CancellationToken, CpuTimer, Orientation, Size, StoredPixels, WorkError};

use super::vectors::Random;
use super::{Planes, decoded};
use crate::{DctScale, JpegDecoder, PlanesEncoder, RgbEncoder, TurnedEncoder, encode_planes, encode_rgb};

/// A sample of a picture: a chessboard of noise and of slopes.
fn sample(x: usize, y: usize, channel: usize) -> u8 {
    let is_noise = (x / 8 + y / 8).is_multiple_of(2);
    let value = if is_noise { x * 31 + y * 57 + channel * 101 + x * y * 7 } else { x * 5 + y * 3 + channel * 40 };
    value.to_le_bytes()[0]
}

fn plane(width: usize, height: usize, channel: usize) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).map(move |x| sample(x, y, channel))).collect()
}

/// The planes of a picture at 4:2:0.
fn planes(Size { width, height }: Size) -> [Vec<u8>; 3] {
    let (width, height) = (width as usize, height as usize);
    let half = |channel| plane(width.div_ceil(2), height.div_ceil(2), channel);
    [plane(width, height, 0), half(1), half(2)]
}

fn rgb(Size { width, height }: Size) -> Vec<u8> {
    let pixel = |x, y| [0, 1, 2].map(|channel| sample(x, y, channel));
    (0..height as usize).flat_map(|y| (0..width as usize).flat_map(move |x| pixel(x, y))).collect()
}

/// A picture given as planes, as luma alone and as RGB.
const KINDS: [&str; 3] = ["planes", "gray", "rgb"];

fn encoded(kind: &str, size: Size, quality: u8) -> Vec<u8> {
    let ([y, cb, cr], timer) = (planes(size), CpuTimer::default());
    let file = match kind {
        "planes" => encode_planes(size, &y, Some((&cb, &cr)), quality, &timer),
        "gray" => encode_planes(size, &y, None, quality, &timer),
        _ => encode_rgb(size, &rgb(size), quality, &timer),
    };
    file.unwrap()
}

/// The same by some rows at a time, with or without AVX2.
fn encoded_by_rows(kind: &str, size: Size, quality: u8, portable: bool, random: &mut Random) -> Vec<u8> {
    let (timer, width) = (CpuTimer::default(), size.width as usize);
    let mut take = |rows: &mut &[u8], row: usize| {
        let count = random.below(20) as usize * row;
        let (now, later) = rows.split_at(count.min(rows.len()));
        *rows = later;
        now.to_vec()
    };
    if kind == "rgb" {
        let mut encoder = RgbEncoder::new(size, quality).unwrap();
        encoder = if portable { encoder.portable() } else { encoder };
        let all = rgb(size);
        let mut rows = &all[..];
        while !rows.is_empty() {
            encoder.push(&take(&mut rows, width * 3), &timer).unwrap();
        }
        return encoder.finish().unwrap();
    }
    let new = if kind == "gray" { PlanesEncoder::gray } else { PlanesEncoder::new };
    let mut encoder = new(size, quality).unwrap();
    encoder = if portable { encoder.portable() } else { encoder };
    let [y, cb, cr] = planes(size);
    let mut left = if kind == "gray" { [&y[..], &[], &[]] } else { [&y[..], &cb, &cr] };
    while left.iter().any(|rows| !rows.is_empty()) {
        let [y, cb, cr] = &mut left;
        let now = [take(y, width), take(cb, width.div_ceil(2)), take(cr, width.div_ceil(2))];
        encoder.push(now.each_ref().map(|rows| &rows[..]), &timer).unwrap();
    }
    encoder.finish().unwrap()
}

fn hash(hash: u64, file: &[u8]) -> u64 {
    file.iter().fold(hash, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3))
}

/// The quality of the pictures of all sizes.
fn quality_of(size: Size) -> u8 {
    u8::try_from(1 + (size.width * 17 + size.height) % 100).unwrap()
}

#[test]
fn every_byte_is_that_of_libjpeg_turbo() {
    let lines: Vec<_> = include_str!("encoded.txt").lines().collect();
    assert_eq!(lines.len(), (17 + 100) * 3);
    for line in lines {
        let [what, number, kind, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(KINDS.contains(&kind));
        let number: u32 = number.parse().unwrap();
        let files: Vec<_> = match what {
            "width" => (1..=17)
                .map(|height| Size::new(number, height))
                .map(|size| encoded(kind, size, quality_of(size)))
                .collect(),
            _ => vec![encoded(kind, Size::new(83, 45), number.try_into().unwrap())],
        };
        let hash = files.iter().fold(0xCBF2_9CE4_8422_2325, |all, file| hash(all, file));
        assert_eq!(format!("{hash:016x}"), expected, "{line}");
    }
}

#[test]
fn neither_the_build_nor_the_rows_at_once_change_a_byte() {
    let mut random = Random::new(31);
    for round in 0..120 {
        let size = Size::new(1 + random.below(300), 1 + random.below(80));
        let quality = u8::try_from(1 + random.below(100)).unwrap();
        let kind = KINDS[round % 3];
        let whole = encoded(kind, size, quality);
        for portable in [false, true] {
            let rows = encoded_by_rows(kind, size, quality, portable, &mut random);
            assert!(rows == whole, "{kind} of {size:?} at {quality}, portable: {portable}");
        }
    }
}

/// A picture that is stored turned, encoded upright by some stored rows at a time.
fn encoded_turned(
    (kind, stored, orientation): (&str, Size, Orientation),
    quality: u8,
    portable: bool,
    random: &mut Random,
) -> Vec<u8> {
    let timer = CpuTimer::default();
    let new = match kind {
        "planes" => TurnedEncoder::new,
        "gray" => TurnedEncoder::gray,
        _ => TurnedEncoder::rgb,
    };
    let mut encoder = new(stored, orientation, quality).unwrap();
    encoder = if portable { encoder.portable() } else { encoder };
    let ([y, cb, cr], rgb) = (planes(stored), rgb(stored));
    let (width, half) = (stored.width as usize, stored.width.div_ceil(2) as usize);
    let mut left: [(&[u8], usize); 3] = match kind {
        "planes" => [(&y, width), (&cb, half), (&cr, half)],
        "gray" => [(&y, width), (&[], 1), (&[], 1)],
        _ => [(&rgb, 3 * width), (&[], 1), (&[], 1)],
    };
    while left.iter().any(|(rows, _)| !rows.is_empty()) {
        let now = left.each_mut().map(|(rows, row_len)| {
            let (now, later) = rows.split_at((random.below(20) as usize * *row_len).min(rows.len()));
            *rows = later;
            now
        });
        encoder.push(now, &timer).unwrap();
    }
    encoder.finish(&timer).unwrap()
}

/// The same, turned before it is encoded.
fn turned_and_encoded((kind, stored, orientation): (&str, Size, Orientation), quality: u8) -> Vec<u8> {
    let (timer, size) = (CpuTimer::default(), if orientation.swaps_axes() { stored.transposed() } else { stored });
    let half = Size::new(stored.width.div_ceil(2), stored.height.div_ceil(2));
    let plane =
        |plane: &[u8], size| StoredPixels::<1>::new(plane, size, orientation).unwrap().to_upright(&timer).unwrap();
    let [y, cb, cr] = planes(stored);
    let (y, cb, cr) = (plane(&y, stored), plane(&cb, half), plane(&cr, half));
    let file = match kind {
        "planes" => encode_planes(size, &y, Some((&cb, &cr)), quality, &timer),
        "gray" => encode_planes(size, &y, None, quality, &timer),
        _ => {
            let rgb = rgb(stored);
            let upright = StoredPixels::<3>::new(&rgb, stored, orientation).unwrap().to_upright(&timer).unwrap();
            encode_rgb(size, &upright, quality, &timer)
        }
    };
    file.unwrap()
}

#[test]
fn a_turned_picture_has_the_bytes_of_the_upright_one() {
    let mut random = Random::new(32);
    let small = (1..=33).map(|side| Size::new(side, 34 - side));
    let some = (0..60).map(|_| Size::new(1 + random.below(300), 1 + random.below(300)));
    for (round, stored) in small.chain(some.collect::<Vec<_>>()).enumerate() {
        let quality = u8::try_from(1 + random.below(100)).unwrap();
        for (kind, value) in KINDS.into_iter().flat_map(|kind| (1..=8).map(move |value| (kind, value))) {
            let picture = (kind, stored, Orientation::from_exif(value));
            let found = encoded_turned(picture, quality, round % 2 == 0, &mut random);
            assert!(found == turned_and_encoded(picture, quality), "{picture:?} at {quality}");
        }
    }
}

#[test]
fn what_is_encoded_decodes_to_nearly_the_same() {
    for width in 1..=17 {
        for height in [1, 2, 7, 8, 9, 15, 16, 17] {
            let size = Size::new(width, height);
            let file = encoded("gray", size, 100);
            let decoder = JpegDecoder::new(&file, &CpuTimer::default()).unwrap();
            assert_eq!((decoder.size(), decoder.sampling()), (size, vec![(2, 2), (1, 1), (1, 1)]));
            let Planes([luma, cb, cr]) = decoded(decoder, [DctScale::Full; 2]).unwrap();
            let rows = luma.chunks(width.next_multiple_of(16) as usize);
            for (y, row) in rows.enumerate() {
                for (x, &found) in row[..width as usize].iter().enumerate() {
                    assert!(found.abs_diff(sample(x, y, 0)) <= 2, "{x}, {y} of {size:?}");
                }
            }
            assert!(cb.iter().chain(&cr).all(|&chroma| chroma == 128));
        }
    }
}

#[test]
fn rows_that_disagree_with_the_size_are_refused() {
    let (size, timer) = (Size::new(20, 10), CpuTimer::default());
    let [y, cb, cr] = planes(size);
    let is_internal = |result: Result<Vec<u8>, WorkError>| matches!(result, Err(WorkError::Internal { .. }));
    assert!(is_internal(encode_planes(size, &y[1..], Some((&cb, &cr)), 80, &timer)), "a part of a row");
    assert!(is_internal(encode_planes(size, &y[20..], Some((&cb, &cr)), 80, &timer)), "a row too few");
    assert!(is_internal(encode_planes(size, &y, Some((&cb, &[])), 80, &timer)), "no Cr");
    assert!(is_internal(encode_planes(size, &y, Some((&y, &cr)), 80, &timer)), "rows too many");
    assert!(is_internal(encode_rgb(size, &rgb(size)[60..], 80, &timer)));
    assert!(is_internal(encode_rgb(size, &rgb(size)[1..], 80, &timer)));
    assert!(is_internal(encode_rgb(size, &rgb(Size::new(20, 11)), 80, &timer)));
    let mut gray = PlanesEncoder::gray(size, 80).unwrap();
    assert!(matches!(gray.push([&y, &cb, &cr], &timer), Err(WorkError::Internal { .. })), "chroma of gray");
    let mut turned = TurnedEncoder::gray(size, Orientation::Rotate90, 80).unwrap();
    turned.push([&y[20..], &[], &[]], &timer).unwrap();
    assert!(is_internal(turned.finish(&timer)), "a row too few");
    for side in [0, 65_501] {
        for size in [Size::new(side, 1), Size::new(1, side)] {
            assert!(PlanesEncoder::new(size, 80).is_err() && RgbEncoder::new(size, 80).is_err(), "{size:?}");
            assert!(TurnedEncoder::rgb(size, Orientation::Transpose, 80).is_err(), "{size:?}");
        }
    }
    assert!(PlanesEncoder::new(Size::new(65_500, 65_500), 80).is_ok());
}

#[test]
fn a_cancelled_job_writes_no_row() {
    let token = CancellationToken::new();
    token.cancel();
    let budget = Budget::new(Duration::from_secs(1), token);
    let size = Size::new(20, 10);
    let [y, _, _] = planes(size);
    assert_eq!(encode_planes(size, &y, None, 80, &budget.timer()), Err(WorkError::Cancelled));
    assert_eq!(encode_rgb(size, &rgb(size), 80, &budget.timer()), Err(WorkError::Cancelled));
    let mut turned = TurnedEncoder::gray(size, Orientation::Rotate90, 80).unwrap();
    assert_eq!(turned.push([&y, &[], &[]], &budget.timer()), Err(WorkError::Cancelled));
}
