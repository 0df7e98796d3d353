//! Our PNG rows against the `png` crate and against `image`.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use image_ingest::stages::Planned;
use image_ingest::{Canonical, CanonicalSamples, ColorDescription, Format, Profile};

use super::super::structure::png::{join, split};
use super::small;

/// The verdict is the `png` crate's on the same critical chunks, and the pixels are those that `image` makes of them.
pub fn png_against_others(data: &[u8]) {
    let Ok(planned) = Planned::of(data, Format::Png, &Profile::default(), &small(1 << 15)) else { return };
    let header = planned.header();
    let alone = image_data_alone(data);
    let theirs = by_crate(&alone);
    let ours = planned.decode();
    assert_eq!(ours.is_ok(), theirs.is_ok(), "ours: {:?}, theirs: {:?}", ours.as_ref().err(), theirs.as_ref().err());
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return };
    assert_eq!((theirs.width(), theirs.height()), (header.coded_size.width, header.coded_size.height));
    if header.color != ColorDescription::Srgb || header.orientation != image_ingest::Orientation::Upright {
        return;
    }
    let canonical = planned.canonicalise(ours).expect("memory for a small picture");
    compare(&canonical, &theirs);
}

/// The chunks that decide pixels, each with the checksum it has.
fn image_data_alone(data: &[u8]) -> Vec<u8> {
    let Some(chunks) = split(data) else { return data.to_vec() };
    let mut began = false;
    let kept = chunks.into_iter().filter(|chunk| {
        began |= chunk.name == *b"IDAT";
        chunk.name[0] & 0x20 == 0 || (chunk.name == *b"tRNS" && !began)
    });
    join(&kept.collect::<Vec<_>>())
}

fn by_crate(data: &[u8]) -> Result<DynamicImage, String> {
    let mut options = png::DecodeOptions::default();
    options.set_ignore_adler32(false);
    let mut decoder = png::Decoder::new_with_options(Cursor::new(data), options);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    let mut samples = vec![0; reader.output_buffer_size().ok_or("a buffer beyond the address space")?];
    let info = reader.next_frame(&mut samples).map_err(|e| e.to_string())?;
    reader.finish().map_err(|e| e.to_string())?;
    let samples = if info.bit_depth == png::BitDepth::Sixteen { to_8_bits(&samples) } else { samples };
    let (width, height) = (info.width, info.height);
    let picture = match info.color_type {
        png::ColorType::Grayscale => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        png::ColorType::GrayscaleAlpha => {
            image::GrayAlphaImage::from_raw(width, height, samples).map(DynamicImage::from)
        }
        png::ColorType::Rgba => RgbaImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
    };
    picture.ok_or_else(|| "another number of samples".to_owned())
}

/// PNG Third Edition § 13.12: the nearest of 256 levels.
fn to_8_bits(samples: &[u8]) -> Vec<u8> {
    let level = |pair: [u8; 2]| (u32::from(u16::from_be_bytes(pair)) + 128) / 257;
    samples.as_chunks().0.iter().map(|&pair| u8::try_from(level(pair)).unwrap_or(u8::MAX)).collect()
}

fn compare(canonical: &Canonical, theirs: &DynamicImage) {
    let over_white = |[r, g, b, a]: [u8; 4]| {
        [r, g, b].map(|v| (u32::from(v) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255)
    };
    let expected: Vec<u32> = theirs.to_rgba8().pixels().flat_map(|p| over_white(p.0)).collect();
    let made: Vec<u32> = match &canonical.samples {
        CanonicalSamples::Rgb(v) => v.iter().map(|&v| v.into()).collect(),
        CanonicalSamples::Gray(v) => v.iter().flat_map(|&v| [u32::from(v); 3]).collect(),
        CanonicalSamples::Ycbcr420 { .. } => panic!("planes from a PNG"),
    };
    assert_eq!(made.len(), expected.len());
    let worst = made.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "samples differ by {worst:?}");
}
