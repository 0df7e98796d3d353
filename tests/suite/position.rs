//! The same picture through all five formats lies in the same place, luma and chroma, whether it is reduced or not.
//!
//! The picture is a smooth formula, so the canonical samples are compared with what they should be at their own
//! positions; a shift is estimated by least squares on the formula's gradient.

#![expect(clippy::cast_possible_truncation, reason = "reference arithmetic stays within a byte")]

use std::f64::consts::TAU;

use image::ImageFormat;
use image_ingest::stages::{Canonical, CanonicalSamples};
use image_ingest::{Format, Size};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::files::lossy_webp;
use crate::second_opinion::canonical;

/// The most that two formats may lie apart, in canonical pixels.
const TOLERANCE: f64 = 0.05;

/// Not reduced, with even and odd sides; reduced by a filter; reduced by the DCT where there is one.
const SIZES: [(u32, u32); 4] = [(640, 480), (333, 251), (2304, 192), (4096, 160)];

/// Luma and the two chroma differences, each a wave along one way and one along another, as how often and from where.
const WAVES: [[(f64, f64, f64); 2]; 3] =
    [[(0.8, 0.1, 0.0), (-0.15, 0.7, 0.3)], [(0.6, 0.2, 0.1), (0.1, 0.7, 0.6)], [(-0.7, 0.1, 0.4), (0.2, 0.6, 0.9)]];

/// A component, 0–255, at a place in the picture; places run from 0 to 1.
fn component(of: usize, u: f64, v: f64, size: Size) -> f64 {
    // Waves of some 40 stored pixels: long enough for every filter, and so steep that neighbours differ by several
    // levels. Where they differ by one or two, rounding at a quarter phase has a direction, and looks like a shift.
    let (x, y) = (u * f64::from(size.width) / 30.0, v * f64::from(size.height) / 30.0);
    let [first, second] = WAVES[of].map(|(across, down, phase)| (TAU * (across * x + down * y + phase)).sin());
    128.0 + 20.0 * first + 20.0 * second
}

fn rgb([y, cb, cr]: [f64; 3]) -> [u8; 3] {
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round().clamp(0.0, 255.0) as u8)
}

/// The picture with its chroma laid `chroma_up` pixels further up.
fn picture(size: Size, chroma_up: f64) -> Vec<u8> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let pixel = |x: u32, y: u32| {
        let (u, y) = ((f64::from(x) + 0.5) / width, f64::from(y) + 0.5);
        let up = [0.0, chroma_up, chroma_up];
        rgb([0, 1, 2].map(|of| component(of, u, (y + up[of]) / height, size)))
    };
    (0..size.height).flat_map(|y| (0..size.width).flat_map(move |x| pixel(x, y))).collect()
}

fn by_image(size: Size, format: ImageFormat) -> Vec<u8> {
    let image = image::RgbImage::from_raw(size.width, size.height, picture(size, 0.0)).unwrap();
    let mut out = std::io::Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn jpeg(size: Size, sampling: SamplingFactor) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let side = |side: u32| u16::try_from(side).unwrap();
    encoder.encode(&picture(size, 0.0), side(size.width), side(size.height), ColorType::Rgb).unwrap();
    out
}

/// The encoder takes chroma from even columns and even rows, and does not say where it lies, which means on even columns
/// and between rows (ITU-T H.265, § E.3.1): half a pixel lower, so the picture's chroma is laid half a pixel up.
fn heic(size: Size) -> Vec<u8> {
    let options = heifer::EncodeOptions { quality: 95, max_threads: 1 };
    heifer::encode_rgb8(size.width, size.height, &picture(size, 0.5), &options).unwrap()
}

/// Luma alone, in 256 grays.
fn gif(size: Size) -> Vec<u8> {
    let grays: Vec<u8> = (0..=255).flat_map(|v| [v; 3]).collect();
    let side = |side: u32| u16::try_from(side).unwrap();
    let (width, height) = (side(size.width), side(size.height));
    let at = |i: u32, len: u32| (f64::from(i) + 0.5) / f64::from(len);
    let luma = |x: u32, y: u32| component(0, at(x, size.width), at(y, size.height), size).round() as u8;
    let indices = (0..size.height).flat_map(|y| (0..size.width).map(move |x| luma(x, y))).collect::<Vec<u8>>();
    let mut out = Vec::new();
    let mut encoder = gif::Encoder::new(&mut out, width, height, &grays).unwrap();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(width, height, indices, None)).unwrap();
    drop(encoder);
    out
}

/// One component of the canonical samples.
struct Plane<'a> {
    samples: Vec<f64>,
    columns: usize,
    /// Luma pixels from one sample to the next, and from the edge to the first.
    step: f64,
    of: usize,
    canonical: &'a Canonical,
    stored: Size,
}

impl Plane<'_> {
    /// How far right and down the plane lies of where it should, in canonical pixels.
    fn shift(&self) -> (f64, f64) {
        let (width, height) = (f64::from(self.canonical.size().width), f64::from(self.canonical.size().height));
        let expected = |x: f64, y: f64| component(self.of, x / width, y / height, self.stored);
        let (mut xx, mut xy, mut yy, mut xe, mut ye) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let rows = self.samples.len() / self.columns;
        for (i, sample) in self.samples.iter().enumerate() {
            let (column, row) = (i % self.columns, i / self.columns);
            // Edges repeat, which is no place.
            if column.min(row) < 8 || column + 8 >= self.columns || row + 8 >= rows {
                continue;
            }
            let (x, y) = ((column as f64 + 0.5) * self.step, (row as f64 + 0.5) * self.step);
            let gradient_x = expected(x + 0.5, y) - expected(x - 0.5, y);
            let gradient_y = expected(x, y + 0.5) - expected(x, y - 0.5);
            let error = expected(x, y) - sample;
            (xx, xy, yy) = (xx + gradient_x * gradient_x, xy + gradient_x * gradient_y, yy + gradient_y * gradient_y);
            (xe, ye) = (xe + gradient_x * error, ye + gradient_y * error);
        }
        let determinant = xx * yy - xy * xy;
        ((yy * xe - xy * ye) / determinant, (xx * ye - xy * xe) / determinant)
    }
}

fn planes(canonical: &Canonical, stored: Size) -> Vec<Plane<'_>> {
    let width = canonical.size().width as usize;
    let plane = |samples: Vec<f64>, step: f64, of: usize| {
        let columns = if step == 1.0 { width } else { width.div_ceil(2) };
        Plane { samples, columns, step, of, canonical, stored }
    };
    let floats = |v: &[u8]| v.iter().map(|&s| f64::from(s)).collect();
    match &canonical.samples {
        CanonicalSamples::Gray(v) => vec![plane(floats(v), 1.0, 0)],
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            vec![plane(floats(luma), 1.0, 0), plane(floats(cb), 2.0, 1), plane(floats(cr), 2.0, 2)]
        }
        CanonicalSamples::Rgb(v) => {
            let weighed = |weights: [f64; 3], zero: f64| {
                v.chunks_exact(3).map(|p| zero + (0..3).map(|c| weights[c] * f64::from(p[c])).sum::<f64>()).collect()
            };
            let difference = [[-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];
            vec![
                plane(weighed([0.299, 0.587, 0.114], 0.0), 1.0, 0),
                plane(weighed(difference[0], 128.0), 1.0, 1),
                plane(weighed(difference[1], 128.0), 1.0, 2),
            ]
        }
    }
}

fn stays_in_place(format: Format, name: &str, encode: impl Fn(Size) -> Vec<u8>) {
    let mut away = Vec::new();
    for (width, height) in SIZES {
        let stored = Size::new(width, height);
        let (canonical, receipt) = canonical(&encode(stored));
        assert_eq!((receipt.source.format, receipt.source.size), (format, stored), "{name}");
        assert_eq!(canonical.size().width, width.min(2048), "{name}");
        let components = if format == Format::Gif { 1 } else { 3 };
        for plane in planes(&canonical, stored).iter().take(components) {
            let (x, y) = plane.shift();
            let component = ["luma", "Cb", "Cr"][plane.of];
            // Two formats that are each within half of it agree within the whole.
            if x.abs().max(y.abs()) > TOLERANCE / 2.0 {
                away.push(format!("{name} {width}×{height}: {component} lies {x:+.3}, {y:+.3} pixels off"));
            }
        }
    }
    assert!(away.is_empty(), "{}", away.join("\n"));
}

#[test]
fn png_stays_in_place() {
    stays_in_place(Format::Png, "png", |size| by_image(size, ImageFormat::Png));
}

#[test]
fn gif_stays_in_place() {
    stays_in_place(Format::Gif, "gif", gif);
}

#[test]
fn lossless_webp_stays_in_place() {
    stays_in_place(Format::Webp, "lossless webp", |size| by_image(size, ImageFormat::WebP));
}

#[test]
fn lossy_webp_stays_in_place_with_its_centred_chroma() {
    stays_in_place(Format::Webp, "lossy webp", |size| lossy_webp(size, &picture(size, 0.0), 95));
}

#[test]
fn jpeg_of_every_subsampling_stays_in_place_with_its_centred_chroma() {
    use SamplingFactor::{R_4_1_0, R_4_1_1, R_4_2_0, R_4_2_2, R_4_4_0, R_4_4_1, R_4_4_4};
    for sampling in [R_4_2_0, R_4_2_2, R_4_4_4, R_4_4_0, R_4_1_1, R_4_1_0, R_4_4_1] {
        stays_in_place(Format::Jpeg, &format!("jpeg {sampling:?}"), |size| jpeg(size, sampling));
    }
}

#[test]
fn heic_stays_in_place_with_its_left_sited_chroma() {
    stays_in_place(Format::Heic, "heic", heic);
}

#[test]
fn a_shift_is_seen() {
    let size = Size::new(640, 480);
    let (canonical, _) = canonical(&by_image(size, ImageFormat::Png));
    let mut right = planes(&canonical, size)[0].samples.clone();
    let len = right.len();
    right.copy_within(..len - 1, 1);
    let plane = Plane { samples: right, columns: 640, step: 1.0, of: 0, canonical: &canonical, stored: size };
    let (x, y) = plane.shift();
    assert!((x - 1.0).abs() < 0.05 && y.abs() < 0.05, "{x:+.3}, {y:+.3}");
}
