//! Pictures of every format with noise, edges and slopes, encoded by other crates.

use std::io::Cursor;

use image::ImageFormat;
use image_ingest::Size;
use image_ingest_color::LimitedPlanes;
use image_ingest_samples::CpuTimer;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Sides that are whole MCUs, odd, and shorter than a block.
const SIZES: [(u16, u16); 4] = [(160, 96), (139, 75), (99, 9), (3, 70)];

/// Names and files.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let formats = [jpegs as fn(u16, u16) -> Vec<(String, Vec<u8>)>, pngs, gifs, webps, heics];
    let files = formats.iter().flat_map(|format| SIZES.map(|(width, height)| (format, width, height)));
    files
        .flat_map(|(format, width, height)| {
            format(width, height)
                .into_iter()
                .map(move |(name, file)| (file_name(&format!("{name} {width}x{height}")), file))
        })
        .collect()
}

/// Lower case, with `_` for all but letters and digits.
fn file_name(name: &str) -> String {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// Samples of `channels` interleaved channels: slopes, edges of a checkerboard, and noise in one of its colours.
fn samples(width: u16, height: u16, channels: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut samples = Vec::new();
    for (y, x) in (0..usize::from(height)).flat_map(|y| (0..usize::from(width)).map(move |x| (y, x))) {
        for channel in 0..channels {
            let slope = (x * (channel + 1) + y * (3 - channel.min(2))) % 256;
            let noise = noise();
            samples.push(match (x / 23 + y / 17 + channel) % 3 {
                0 => noise,
                1 => u8::try_from(slope).unwrap(),
                _ => [0, 255][x / 5 % 2],
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

/// All orientations, or one each that is upright, mirrored twice, and transposed.
fn turns(all: bool) -> impl Iterator<Item = u8> {
    (1..=8).filter(move |orientation| all || [1, 3, 6].contains(orientation))
}

fn jpegs(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_4_2,
        SamplingFactor::F_1_4,
    ];
    let kinds = [(ColorType::Rgb, 3), (ColorType::Luma, 1), (ColorType::CmykAsYcck, 4)];
    let mut files = Vec::new();
    for (sampling, is_progressive, (kind, channels)) in samplings
        .into_iter()
        .flat_map(|sampling| [false, true].map(|is_progressive| (sampling, is_progressive)))
        .flat_map(|(sampling, is_progressive)| kinds.map(|kind| (sampling, is_progressive, kind)))
        .filter(|(sampling, _, (kind, _))| matches!(kind, ColorType::Rgb) || *sampling == SamplingFactor::F_2_2)
    {
        for orientation in turns(sampling == SamplingFactor::F_2_2) {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 80);
            encoder.set_sampling_factor(sampling);
            encoder.set_progressive(is_progressive);
            if orientation % 2 == 0 {
                encoder.set_restart_interval(3);
            }
            encoder.add_exif_metadata(&exif(orientation)).unwrap();
            encoder.encode(&samples(width, height, channels), width, height, kind).unwrap();
            files.push((format!("JPEG {kind:?} {sampling:?} progressive {is_progressive} turn {orientation}"), file));
        }
    }
    files
}

fn pngs(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let kinds = [
        (png::ColorType::Grayscale, 1),
        (png::ColorType::GrayscaleAlpha, 2),
        (png::ColorType::Rgb, 3),
        (png::ColorType::Rgba, 4),
    ];
    let depths = [(png::BitDepth::Eight, 1), (png::BitDepth::Sixteen, 2)];
    let mut files = Vec::new();
    for ((kind, channels), (depth, bytes)) in kinds.into_iter().flat_map(|kind| depths.map(|depth| (kind, depth))) {
        for orientation in turns(channels == 4 && bytes == 2) {
            let mut info = png::Info::with_size(width.into(), height.into());
            (info.color_type, info.bit_depth) = (kind, depth);
            info.exif_metadata = Some(exif(orientation).into());
            let mut file = Vec::new();
            let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
            writer.write_image_data(&samples(width, height, channels * bytes)).unwrap();
            writer.finish().unwrap();
            files.push((format!("PNG {kind:?} {depth:?} turn {orientation}"), file));
        }
    }
    files
}

/// All 256 colours, and the same with one of them transparent.
fn gifs(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let of = |transparent: Option<u8>| {
        let palette: Vec<u8> = (0..=255_u8).flat_map(|v| [v, v.rotate_left(3), v ^ 0x5A]).collect();
        let mut file = Vec::new();
        let mut encoder = gif::Encoder::new(&mut file, width, height, &palette).unwrap();
        let frame = gif::Frame::from_indexed_pixels(width, height, samples(width, height, 1), transparent);
        encoder.write_frame(&frame).unwrap();
        drop(encoder);
        (format!("GIF transparent {transparent:?}"), file)
    };
    vec![of(None), of(Some(255))]
}

fn webps(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let size = Size::new(width.into(), height.into());
    let lossy = |quality: u8| {
        let LimitedPlanes { size, mut luma, mut cb, mut cr } =
            LimitedPlanes::from_rgb(size, &samples(width, height, 3), &CpuTimer::default()).unwrap();
        let file = image_ingest_webp_encode::encode(size, &mut luma, &mut cb, &mut cr, quality, &CpuTimer::default());
        (format!("WebP quality {quality}"), file.unwrap())
    };
    let lossless = |channels: usize| {
        let kind = if channels == 4 { image::ExtendedColorType::Rgba8 } else { image::ExtendedColorType::Rgb8 };
        let mut file = Cursor::new(Vec::new());
        let samples = samples(width, height, channels);
        image::write_buffer_with_format(&mut file, &samples, width.into(), height.into(), kind, ImageFormat::WebP)
            .unwrap();
        (format!("WebP lossless {kind:?}"), file.into_inner())
    };
    vec![lossy(20), lossy(90), lossless(3), lossless(4)]
}

fn heics(width: u16, height: u16) -> Vec<(String, Vec<u8>)> {
    let of = |quality: u8| {
        let options = heifer::EncodeOptions { quality, max_threads: 1 };
        let file = heifer::encode_rgb8(width.into(), height.into(), &samples(width, height, 3), &options);
        (format!("HEIC quality {quality}"), file.unwrap())
    };
    vec![of(30), of(95)]
}
