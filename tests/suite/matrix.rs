//! One picture by every matrix of ITU-T H.273 that planes may come in: it looks the same.

use std::fs;

use image_ingest::stages::CanonicalSamples;

use crate::files::{name, testdata};
use crate::second_opinion::canonical;

/// Red, green and blue of a file of 320 × 240 pixels without reduction.
fn rgb(file: &str) -> Vec<u8> {
    let path = testdata("heic").into_iter().find(|path| name(path) == format!("heic/{file}.heic")).unwrap();
    let (canonical, _) = canonical(&fs::read(path).unwrap());
    match canonical.samples {
        CanonicalSamples::Rgb(rgb) => rgb,
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            let pixel = |i: usize| {
                let half = i / 320 / 2 * 160 + i % 320 / 2;
                let [y, cb, cr] = [luma[i], cb[half], cr[half]].map(f64::from);
                let (cb, cr) = (cb - 128.0, cr - 128.0);
                [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
            };
            (0..320 * 240).flat_map(pixel).map(clamped).collect()
        }
        CanonicalSamples::Gray(_) => panic!("{file} is gray"),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a byte")]
fn clamped(v: f64) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}

/// How far two pictures lie apart in the means of squares of 16 × 16 pixels, where noise of the coding averages out: of
/// all squares and channels, in levels.
fn difference(a: &str, b: &str) -> f64 {
    let (a, b) = (means(&rgb(a)), means(&rgb(b)));
    let sum: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum();
    sum / f64::from(u32::try_from(a.len()).unwrap())
}

fn means(rgb: &[u8]) -> Vec<f64> {
    let mut sums = vec![0.0; 20 * 15 * 3];
    for (i, &sample) in rgb.iter().enumerate() {
        let (x, y, channel) = (i / 3 % 320, i / 3 / 320, i % 3);
        sums[(y / 16 * 20 + x / 16) * 3 + channel] += f64::from(sample) / 256.0;
    }
    sums
}

#[test]
fn every_matrix_shows_the_picture() {
    let files: Vec<String> = testdata("heic").iter().map(|path| name(path)).collect();
    let files: Vec<&str> = files.iter().filter_map(|file| file.strip_prefix("heic/")?.strip_suffix(".heic")).collect();
    let matrices: Vec<&str> = files.into_iter().filter(|file| file.starts_with("matrix_")).collect();
    assert_eq!(matrices.len(), 10);
    let far: Vec<_> = matrices
        .into_iter()
        .map(|file| (file, difference("nclx_limited", file)))
        .inspect(|(file, difference)| println!("{file}: {difference:.2}"))
        // Red and blue of RGB are subsampled as chroma is, and lose what luma would have kept.
        .filter(|(file, difference)| *difference > if *file == "matrix_identity" { 1.5 } else { 1.0 })
        .collect();
    assert!(far.is_empty(), "{far:?}");
}

#[test]
fn ictcp_shows_the_picture() {
    for transfer in ["pq", "hlg"] {
        let difference = difference(&format!("hdr_bt2020_{transfer}"), &format!("hdr_ictcp_{transfer}"));
        println!("{transfer}: {difference:.2}");
        assert!(difference < 3.0, "{transfer}: {difference}");
    }
}
