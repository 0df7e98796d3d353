//! Whole reductions: every sample is that of fast_image_resize, whatever the rows that come at once.
//!
//! `reduced.txt` has a line for each reduction: what is reduced, bits of a sample, size, crop, target, and the hash of the
//! result. The program `resize` of `oracles/` printed it, which reduces the same pictures by fast_image_resize.

use image_ingest_samples::{CpuTimer, Layout, Orientation, Rect, Siting, Size, sample_count};

use crate::arithmetic::Arithmetic;
use crate::reducer::RowReducer;
use crate::reduction::{ChromaGrid, Reduction};

/// A sample of every picture, by its number: noise, with runs of both extremes, where sums leave the range of samples.
fn sample(i: usize) -> u16 {
    let noise = |n: usize| {
        let z = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [.., a, b] = ((z ^ (z >> 32)).wrapping_mul(0xBF58_476D_1CE4_E5B9)).to_le_bytes();
        u16::from_le_bytes([a, b])
    };
    match noise(i / 24) % 3 {
        0 => 0,
        1 => u16::MAX,
        _ => noise(i),
    }
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3))
}

/// The numbers of a text such as `150x90+3+4`.
fn numbers(text: &str) -> Vec<u32> {
    text.split(['x', '+']).map(|number| number.parse().unwrap()).collect()
}

fn size(text: &str) -> Size {
    let [width, height] = numbers(text)[..] else { panic!("{text}") };
    Size::new(width, height)
}

fn reduction(kind: &str, size: Size, crop: Rect, target: Size) -> Reduction {
    let layout = match kind {
        "Gray" => Layout::Gray,
        "Rgb" => Layout::Rgb,
        "Rgba" => Layout::Rgba,
        "Cmyk" => Layout::Cmyk,
        chroma => {
            let [factors, siting, grid] = chroma.split('-').collect::<Vec<_>>()[..] else { panic!("{chroma}") };
            let [h, v] = numbers(factors)[..] else { panic!("{chroma}") };
            let siting = match siting {
                "Centred" => Siting::Centred,
                "Left" => Siting::Left,
                _ => Siting::TopLeft,
            };
            let grid = if grid == "Half" { ChromaGrid::Half } else { ChromaGrid::Full };
            let factors = (u8::try_from(h).unwrap(), u8::try_from(v).unwrap());
            return Reduction::chroma(size, factors, siting, crop, target, grid).unwrap();
        }
    };
    Reduction::raster(size, layout, crop, target).unwrap()
}

/// The result, the same at once and by rows whose number changes from push to push.
fn reduced<T: Arithmetic + std::fmt::Debug>(part: Reduction, sample: impl Fn(usize) -> T) -> Vec<T> {
    let samples: Vec<T> = (0..sample_count(part.size, part.layout.channels()).unwrap()).map(sample).collect();
    let whole = RowReducer::reduce(part, samples.clone(), &CpuTimer::default()).unwrap();
    let mut reducer = RowReducer::new(part).unwrap();
    let (mut rest, mut rows) = (&samples[..], 0);
    while !rest.is_empty() {
        let len = (rows * part.row_len()).min(rest.len());
        reducer.push_rows(&rest[..len], &CpuTimer::default()).unwrap();
        rest = &rest[len..];
        rows = (rows + 7) % 20;
    }
    assert!(reducer.finish(&CpuTimer::default()).unwrap() == whole, "{part:?}");
    whole
}

#[test]
fn every_sample_is_that_of_fast_image_resize() {
    let lines: Vec<_> = include_str!("tests/reduced.txt").lines().collect();
    assert!(lines.len() >= 400);
    for line in lines {
        let [kind, bits, from, crop, target, expected] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let [width, height, left, top] = numbers(crop)[..] else { panic!("{line}") };
        let crop = Rect { left, top, size: Size::new(width, height) };
        let part = reduction(kind, size(from), crop, size(target));
        let found = if bits == "8" {
            hash(&reduced(part, |i| sample(i).to_be_bytes()[0]))
        } else {
            hash(&reduced(part, sample).into_iter().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        };
        assert_eq!(format!("{found:016x}"), expected, "{line}");
    }
}

/// The samples of an upright picture as they are stored.
pub(crate) fn stored<T: Copy>(upright: &[T], size: Size, channels: usize, orientation: Orientation) -> Vec<T> {
    let (transpose, mirror_x, mirror_y) = orientation.parts();
    let (width, height) = (size.width as usize, size.height as usize);
    let (columns, rows) = if transpose { (height, width) } else { (width, height) };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
    let pixels = places.flat_map(|(column, row)| {
        let (x, y) = if transpose { (row, column) } else { (column, row) };
        let (x, y) = (if mirror_x { width - 1 - x } else { x }, if mirror_y { height - 1 - y } else { y });
        &upright[(y * width + x) * channels..][..channels]
    });
    pixels.copied().collect()
}

/// Every reduction of a stored picture is that of the upright one, stored.
fn turned<T: Arithmetic + std::fmt::Debug>(part: Reduction, sample: impl Fn(usize) -> T + Copy) {
    let channels = part.layout.channels();
    let upright: Vec<T> = (0..sample_count(part.size, channels).unwrap()).map(sample).collect();
    let whole = RowReducer::reduce(part, upright.clone(), &CpuTimer::default()).unwrap();
    for orientation in (2..=8).map(Orientation::from_exif) {
        let samples = stored(&upright, part.size, channels, orientation);
        let found = reduced(part.stored_as(orientation), |i| samples[i]);
        assert!(found == stored(&whole, part.target, channels, orientation), "{part:?} {orientation:?}");
    }
}

#[test]
fn what_is_stored_turned_is_reduced_to_the_same_picture() {
    for line in include_str!("tests/reduced.txt").lines() {
        let [kind, bits, from, crop, target, _] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let [width, height, left, top] = numbers(crop)[..] else { panic!("{line}") };
        let crop = Rect { left, top, size: Size::new(width, height) };
        let part = reduction(kind, size(from), crop, size(target));
        match bits {
            "8" => turned(part, |i| sample(i).to_be_bytes()[0]),
            _ => turned(part, sample),
        }
    }
}

#[test]
fn missing_and_surplus_rows_are_internal() {
    let size = Size::new(10, 10);
    let part = Reduction::raster(size, Layout::Gray, Rect::whole(size), Size::new(5, 5)).unwrap();
    let mut reducer = RowReducer::<u8>::new(part).unwrap();
    assert!(reducer.push_rows(&[0; 15], &CpuTimer::default()).is_err());
    reducer.push_rows(&[0; 90], &CpuTimer::default()).unwrap();
    assert!(reducer.push_rows(&[0; 20], &CpuTimer::default()).is_err());
    assert!(reducer.finish(&CpuTimer::default()).is_err());
}
