//! All eight orientations stand upright in every format, and outputs carry no metadata.

use std::fs;
use std::path::Path;

use image_ingest::{Background, Ingest, Source};

use crate::files;

fn ingest(path: &Path) -> Background {
    let ingest = Ingest::default();
    let source = Source::new(fs::read(path).unwrap(), ingest.limits()).unwrap();
    ingest.ingest(source).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn rgb(background: &Background) -> image::RgbImage {
    image::load_from_memory(&background.bytes).unwrap().to_rgb8()
}

fn psnr(a: &image::RgbImage, b: &image::RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let squares: f64 = a.iter().zip(b.iter()).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}

#[test]
fn all_eight_orientations_show_the_same_upright_picture() {
    for folder in ["jpeg", "png", "webp", "heic"] {
        let numbered = |n: u32| {
            let mut of_number = files::testdata(folder);
            of_number.retain(|p| p.file_stem().unwrap().to_string_lossy() == format!("orientation_{n}"));
            ingest(&of_number[0])
        };
        let upright = rgb(&numbered(1));
        for n in 2..=8 {
            let turned = numbered(n);
            assert_eq!(turned.receipt.source.orientation, u8::try_from(n).unwrap(), "{folder} {n}");
            let psnr = psnr(&upright, &rgb(&turned));
            assert!(psnr > 28.0, "{folder} orientation {n}: {psnr:.1} dB from upright");
        }
    }
}

#[test]
fn a_turn_that_heif_leaves_to_exif_is_told_and_not_made() {
    let told = |name: &str| {
        let source = ingest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/heic").join(name)).receipt.source;
        (source.orientation, source.exif_orientation_ignored)
    };
    assert_eq!(told("exif_6_alone.heic"), (1, Some(6)));
    assert_eq!(told("irot_exif_6.heic"), (6, None));
    assert_eq!(told("single.heic"), (1, None));
}

#[test]
fn outputs_carry_no_metadata() {
    for folder in ["jpeg", "png", "webp", "heic"] {
        for path in files::testdata(folder) {
            let background = ingest(&path);
            let canary = b"CANARY";
            assert!(!background.bytes.windows(canary.len()).any(|w| w == canary), "{}", files::name(&path));
            assert_eq!(segments(&background.bytes), [0xE0, 0xDB, 0xDB, 0xC0, 0xC4, 0xC4, 0xC4, 0xC4, 0xDA]);
        }
    }
}

/// The marker codes between SOI and the scan.
fn segments(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut codes) = (2, Vec::new());
    loop {
        codes.push(jpeg[at + 1]);
        if jpeg[at + 1] == 0xDA {
            return codes;
        }
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
}

#[test]
fn every_camera_file_of_the_corpus_is_accepted_and_upright() {
    for path in files::corpus("perf") {
        ingest(&path);
    }
    let landscape = |n: u32| files::corpus("orient").into_iter().find(|p| p.ends_with(format!("Landscape_{n}.jpg")));
    for path in files::corpus("orient") {
        ingest(&path);
    }
    let Some(first) = landscape(1) else { return };
    let upright = ingest(&first);
    for n in 2..=8 {
        let turned = ingest(&landscape(n).unwrap());
        assert_eq!(turned.size, upright.size);
        // The pictures differ in the number written on them and in JPEG noise.
        let psnr = psnr(&rgb(&upright), &rgb(&turned));
        assert!(psnr > 20.0, "Landscape_{n}: {psnr:.1} dB");
    }
}
