//! The canonical pixels against independent decoders: `image` for JPEG, PNG, GIF and WebP, `heifer` for HEIC.
//!
//! The reference is the plain way: decode at full size, turn, compose over white, resize with Catmull-Rom.

#![expect(clippy::cast_possible_truncation, reason = "reference arithmetic stays within a byte")]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage, RgbaImage};
use image_ingest::stages::{Canonical, CanonicalSamples, ingest_with_canonical};
use image_ingest::{Ingest, Receipt};

use crate::files;

/// The canonical samples before encoding, so that JPEG noise does not blur the comparison.
pub(crate) fn canonical(bytes: &[u8]) -> (Canonical, Receipt) {
    let ingest = Ingest::default();
    let (background, canonical) = ingest_with_canonical(&ingest, ingest.source(bytes.to_vec()).unwrap()).unwrap();
    (canonical, background.receipt)
}

fn rgb(canonical: &Canonical) -> RgbImage {
    let (width, height) = (canonical.size().width, canonical.size().height);
    match &canonical.samples {
        CanonicalSamples::Rgb(v) => RgbImage::from_raw(width, height, v.clone()).unwrap(),
        CanonicalSamples::Gray(v) => {
            RgbImage::from_raw(width, height, v.iter().flat_map(|g| [*g; 3]).collect()).unwrap()
        }
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => RgbImage::from_fn(width, height, |x, y| {
            let chroma = |plane: &[u8]| bilinear(plane, width.div_ceil(2), height.div_ceil(2), x, y) - 128.0;
            let (y, cb, cr) = (f64::from(luma[(y * width + x) as usize]), chroma(cb), chroma(cr));
            image::Rgb([y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round() as u8))
        }),
    }
}

/// A chroma sample at a luma position, centred siting.
fn bilinear(plane: &[u8], width: u32, height: u32, x: u32, y: u32) -> f64 {
    let near = |luma: u32, len: u32| {
        let at = (f64::from(luma) - 0.5) / 2.0;
        let low = at.floor();
        let clamp = |v: f64| v.clamp(0.0, f64::from(len - 1)) as u32;
        (clamp(low), clamp(low + 1.0), at - low)
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (near(x, width), near(y, height));
    let at = |x: u32, y: u32| f64::from(plane[(y * width + x) as usize]);
    let row = |y: u32| at(x0, y) * (1.0 - fx) + at(x1, y) * fx;
    row(y0) * (1.0 - fy) + row(y1) * fy
}

fn by_image(bytes: &[u8]) -> RgbaImage {
    let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    let mut picture = DynamicImage::from_decoder(decoder).unwrap();
    picture.apply_orientation(orientation);
    picture.to_rgba8()
}

fn over_white(picture: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, a] = picture.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|v| ((v * a + 255 * (255 - a) + 127) / 255) as u8))
    })
}

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let squares: f64 = a.iter().zip(b.iter()).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}

/// The PSNR against a plain reference, or nothing where it would not be the same picture by design.
fn compare(path: &Path, reference: impl Fn(&[u8]) -> RgbaImage) -> Option<f64> {
    let bytes = fs::read(path).unwrap();
    let (ours, receipt) = canonical(&bytes);
    let ours = rgb(&ours);
    if receipt.color_conversion != "none" {
        return None;
    }
    let plain = over_white(&reference(&bytes));
    assert_eq!((receipt.source.size.width, receipt.source.size.height), plain.dimensions(), "{}", files::name(path));
    let (width, height) = ours.dimensions();
    let plain = if plain.dimensions() == ours.dimensions() {
        plain
    } else {
        imageops::resize(&plain, width, height, FilterType::CatmullRom)
    };
    Some(psnr(&ours, &plain))
}

fn all_agree(folder: &str, reference: impl Fn(&[u8]) -> RgbaImage, skipped: &[&str]) {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for path in files::testdata(folder) {
        if skipped.iter().any(|s| path.to_string_lossy().contains(s)) {
            continue;
        }
        if let Some(psnr) = compare(&path, &reference) {
            compared += 1;
            if psnr < 35.0 {
                wrong.push(format!("{}: {psnr:.1} dB", files::name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "below 35 dB:\n{}", wrong.join("\n"));
    assert!(compared >= 5, "only {compared} files compared");
}

#[test]
fn jpeg_agrees_with_image() {
    // zune-jpeg, behind `image`, misplaces these three; libjpeg and Pillow see what we see.
    all_agree("jpeg", by_image, &["baseline_410", "baseline_441", "separate_scans"]);
}

#[test]
fn png_agrees_with_image() {
    all_agree("png", by_image, &[]);
}

#[test]
fn gif_agrees_with_image() {
    all_agree("gif", by_image, &[]);
}

#[test]
fn webp_agrees_with_image() {
    // `image` reads no Exif block that keeps JPEG's prefix.
    all_agree("webp", by_image, &["exif_prefixed"]);
}

#[test]
fn heic_agrees_with_heifer() {
    let options = heifer::Options { max_threads: 1, ..heifer::Options::default() };
    all_agree(
        "heic",
        |bytes| {
            let picture = heifer::decode_rgba8(bytes, &options).unwrap();
            RgbaImage::from_raw(picture.width, picture.height, picture.data).unwrap()
        },
        // Of the matrices `heifer` knows some; the module `matrix` compares all with each other. It takes the canvas of an
        // overlay as opaque.
        &["matrix_", "overlay_clear"],
    );
}
