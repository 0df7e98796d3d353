//! Compares our PNG rows with the `png` crate and with `image`.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use image_ingest::header::ColorDescription;
use image_ingest::stages::Planned;
use image_ingest::stages::{Canonical, CanonicalSamples};
use image_ingest::{Format, Profile};

use super::super::structure::png::{Chunk, join, split};
use super::small;

/// The result is that of the `png` crate for the chunks that decide pixels, and the pixels are those of `image`.
///
/// There are two exceptions. The crate reads chunks of image data after the Adler-32. It does not read bytes between
/// the last row and an Adler-32 in another chunk, and accepts that the Adler-32 is missing.
pub fn png_against_others(data: &[u8]) {
    let Ok(planned) = Planned::of(data, Format::Png, &Profile::default(), &small(1 << 15)) else { return };
    let header = planned.header();
    let Some(parts) = Parts::of(data) else { return };
    let theirs = by_crate(&parts.file(parts.data.len()));
    let (ours, theirs) = match (planned.decode(), theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Ok(ours), Err(error)) => {
            let without_the_last = (1..parts.data.len()).find_map(|count| by_crate(&parts.file(count)).ok());
            (ours, without_the_last.unwrap_or_else(|| panic!("only theirs refuses: {error}")))
        }
        (Err(error), Ok(_)) => {
            let stream = parts.data.iter().flat_map(|chunk| chunk.data.iter().copied()).collect::<Vec<u8>>();
            let is_whole = fdeflate::decompress_to_vec_bounded(&stream, 1 << 22).is_ok();
            assert!(!is_whole, "only ours refuses: {error}");
            return;
        }
        (Err(_), Err(_)) => return,
    };
    assert_eq!((theirs.width(), theirs.height()), (header.coded_size.width, header.coded_size.height));
    if header.color != ColorDescription::Srgb || header.orientation != image_ingest::header::Orientation::Upright {
        return;
    }
    let canonical = planned.canonicalise(&ours).expect("memory for a small picture");
    compare(&canonical, &theirs);
}

/// The chunks that decide pixels. Chunks that the crate reads differently, or not at all, are left out or corrected.
struct Parts {
    /// `IHDR`, the palette of indices, and the first `tRNS` that is whole.
    head: Vec<Chunk>,
    /// The first sequence of `IDAT`.
    data: Vec<Chunk>,
}

impl Parts {
    fn of(data: &[u8]) -> Option<Self> {
        let chunks = split(data)?;
        let begin = chunks.iter().position(|chunk| chunk.name == *b"IDAT")?;
        let (before, behind) = chunks.split_at(begin);
        let data = behind.iter().take_while(|chunk| chunk.name == *b"IDAT").cloned().collect();
        let ihdr = before.first()?;
        let (&depth, &color_type) = (ihdr.data.get(8)?, ihdr.data.get(9)?);
        let mut head = vec![ihdr.clone()];
        head.extend(before.iter().find(|chunk| chunk.name == *b"PLTE" && color_type == 3).cloned());
        let palette = before.iter().position(|chunk| chunk.name == *b"PLTE");
        let transparency = before.iter().enumerate().find_map(|(at, chunk)| {
            let fits = match color_type {
                0 => chunk.data.len() >= 2,
                2 => chunk.data.len() >= 6,
                3 => palette.is_some_and(|p| at > p && (1..=before[p].data.len() / 3).contains(&chunk.data.len())),
                _ => false,
            };
            (chunk.name == *b"tRNS" && fits && *chunk == sealed(*b"tRNS", chunk.data.clone())).then_some(chunk)
        });
        head.extend(transparency.map(|chunk| masked(chunk, color_type, depth)));
        Some(Self { head, data })
    }

    /// A file of the head, the first `count` chunks of image data and an end.
    fn file(&self, count: usize) -> Vec<u8> {
        let end = sealed(*b"IEND", Vec::new());
        join(&self.head.iter().chain(&self.data[..count]).chain([&end]).cloned().collect::<Vec<_>>())
    }
}

/// A chunk with its checksum.
fn sealed(name: [u8; 4], data: Vec<u8>) -> Chunk {
    let crc = crc32fast::hash(&[&name[..], &data].concat()).to_be_bytes();
    Chunk { name, data, crc }
}

/// `tRNS` without bytes behind its samples, and without bits that the picture's samples do not have (PNG Third Edition
/// § 11.3.1.1). The crate compares all bits, and passes over a chunk of more than 256 bytes.
fn masked(chunk: &Chunk, color_type: u8, depth: u8) -> Chunk {
    let mut data = chunk.data.clone();
    if color_type != 3 {
        data.truncate(if color_type == 0 { 2 } else { 6 });
        let most = u16::MAX >> (16 - u32::from(depth.clamp(1, 16)));
        for pair in data.as_chunks_mut::<2>().0 {
            *pair = (u16::from_be_bytes(*pair) & most).to_be_bytes();
        }
    }
    sealed(*b"tRNS", data)
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
