//! Large pictures of every format, upright and turned.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use image_ingest::Size;
use image_ingest_color::LimitedPlanes;
use image_ingest_samples::CpuTimer;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Files of testdata/ beside those that are made.
const COMMITTED: [&str; 5] = [
    "heic/grid_phone_12mp.heic",
    "heic/grid_3x2_irot.heic",
    "heic/overlay.heic",
    "jpeg/rgb_lut16_icc.jpg",
    "png/adam7.png",
];

/// Writes them to `folder`, those that are not committed of `size`.
pub(crate) fn write(folder: &Path, size: Size) -> Vec<PathBuf> {
    let made = [jpegs(size), pngs(size), gifs(size), webps(size)].concat().into_iter().map(|(name, file)| {
        let path = folder.join(name);
        fs::write(&path, file).unwrap();
        path
    });
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    made.chain(COMMITTED.map(|name| testdata.join(name))).collect()
}

/// Width and height, as encoders of JPEG and GIF take them.
fn u16s(size: Size) -> [u16; 2] {
    [size.width, size.height].map(|side| side.try_into().unwrap())
}

/// Samples of `channels` interleaved channels: slopes, edges, and some noise.
fn samples(size: Size, channels: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let mut samples = Vec::new();
    for (y, x) in (0..size.height as usize).flat_map(|y| (0..size.width as usize).map(move |x| (y, x))) {
        for channel in 0..channels {
            samples.push(match (x / 64 + y / 48 + channel) % 20 {
                0 => {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_be_bytes()[0]
                }
                1..=8 => u8::try_from((x / 16 * (channel + 1) + y / 16) % 256).unwrap(),
                _ => [40, 210][x / 32 % 2],
            });
        }
    }
    samples
}

/// A little-endian TIFF with one tag (Exif 2.3, § 4.6.4).
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat()
}

/// Sequential and progressive, 4:2:0 and 4:4:4, three and four components.
fn jpegs(size: Size) -> Vec<(String, Vec<u8>)> {
    let kinds = [
        (ColorType::Rgb, 3, SamplingFactor::F_2_2, false, 1),
        (ColorType::Rgb, 3, SamplingFactor::F_2_2, false, 6),
        (ColorType::Rgb, 3, SamplingFactor::F_1_1, true, 1),
        (ColorType::Rgb, 3, SamplingFactor::F_2_2, true, 8),
        (ColorType::CmykAsYcck, 4, SamplingFactor::F_2_2, false, 5),
    ];
    let jpeg = |(kind, channels, sampling, is_progressive, orientation)| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 80);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(is_progressive);
        encoder.add_exif_metadata(&exif(orientation)).unwrap();
        let [width, height] = u16s(size);
        encoder.encode(&samples(size, channels), width, height, kind).unwrap();
        (format!("{kind:?}_{sampling:?}_{is_progressive}_{orientation}.jpg"), file)
    };
    kinds.into_iter().map(jpeg).collect()
}

fn pngs(size: Size) -> Vec<(String, Vec<u8>)> {
    let kinds =
        [(png::ColorType::Rgb, png::BitDepth::Eight, 3, 6), (png::ColorType::Rgba, png::BitDepth::Sixteen, 8, 3)];
    let png = |(kind, depth, bytes, orientation)| {
        let mut info = png::Info::with_size(size.width, size.height);
        (info.color_type, info.bit_depth) = (kind, depth);
        info.exif_metadata = Some(exif(orientation).into());
        let mut file = Vec::new();
        let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
        writer.write_image_data(&samples(size, bytes)).unwrap();
        writer.finish().unwrap();
        (format!("{kind:?}_{depth:?}_{orientation}.png"), file)
    };
    kinds.into_iter().map(png).collect()
}

fn gifs(size: Size) -> Vec<(String, Vec<u8>)> {
    let palette: Vec<u8> = (0..=255_u8).flat_map(|v| [v, v.rotate_left(3), v ^ 0x5A]).collect();
    let mut file = Vec::new();
    let [width, height] = u16s(size);
    let mut encoder = gif::Encoder::new(&mut file, width, height, &palette).unwrap();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(width, height, samples(size, 1), Some(255))).unwrap();
    drop(encoder);
    vec![("transparent.gif".to_owned(), file)]
}

/// Lossy, lossless, and lossless with alpha.
fn webps(size: Size) -> Vec<(String, Vec<u8>)> {
    let LimitedPlanes { mut luma, mut cb, mut cr, .. } =
        LimitedPlanes::from_rgb(size, &samples(size, 3), &CpuTimer::default()).unwrap();
    let lossy = image_ingest_webp_encode::encode(size, &mut luma, &mut cb, &mut cr, 60, &CpuTimer::default()).unwrap();
    let lossless = |channels: usize, kind: image::ExtendedColorType| {
        let mut file = Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut file,
            &samples(size, channels),
            size.width,
            size.height,
            kind,
            ImageFormat::WebP,
        )
        .unwrap();
        file.into_inner()
    };
    let (rgb, rgba) = (lossless(3, image::ExtendedColorType::Rgb8), lossless(4, image::ExtendedColorType::Rgba8));
    vec![
        ("lossy.webp".to_owned(), with_exif(size, &lossy, 1)),
        ("lossy_turned.webp".to_owned(), with_exif(size, &lossy, 7)),
        ("lossless_turned.webp".to_owned(), with_exif(size, &rgb, 6)),
        ("lossless_alpha.webp".to_owned(), rgba),
    ]
}

/// A simple file in an extended one (RFC 9649 § 2.7).
fn with_exif(size: Size, simple: &[u8], orientation: u8) -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        [&name[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &[0][..data.len() % 2]].concat()
    };
    let side = |side: u32| (side - 1).to_le_bytes();
    let canvas = [&[0x08, 0, 0, 0][..], &side(size.width)[..3], &side(size.height)[..3]].concat();
    let chunks = [&chunk(b"VP8X", &canvas)[..], &simple[12..], &chunk(b"EXIF", &exif(orientation))].concat();
    chunk(b"RIFF", &[b"WEBP", &chunks[..]].concat())
}
