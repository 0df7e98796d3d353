//! JPEG files by `jpeg-encoder`, and segments put in or taken out afterwards.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder};

use crate::raster::Rgb;

pub(crate) use jpeg_encoder::SamplingFactor;

/// How to encode.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) quality: u8,
    pub(crate) sampling: SamplingFactor,
    pub(crate) progressive: bool,
    pub(crate) optimized: bool,
    pub(crate) restart_interval: u16,
    /// The TIFF structure of an Exif block.
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quality: 82,
            sampling: SamplingFactor::R_4_2_0,
            progressive: false,
            optimized: false,
            restart_interval: 0,
            exif: None,
            icc: None,
        }
    }
}

pub(crate) fn rgb(image: &Rgb, options: &Options) -> Vec<u8> {
    encode(&image.samples, (image.width, image.height), ColorType::Rgb, options)
}

pub(crate) fn gray(image: &Rgb, options: &Options) -> Vec<u8> {
    encode(&image.gray(), (image.width, image.height), ColorType::Luma, options)
}

/// Four components with an Adobe marker; the encoder stores them inverted, as Adobe's programs do.
pub(crate) fn cmyk(image: &Rgb, as_ycck: bool, options: &Options) -> Vec<u8> {
    let samples: Vec<u8> = image.pixels().flat_map(inks).collect();
    let color = if as_ycck { ColorType::CmykAsYcck } else { ColorType::Cmyk };
    encode(&samples, (image.width, image.height), color, options)
}

/// The same picture with `payload` as a segment of its own right after SOI.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    out.extend(segment(marker, payload));
    out.extend_from_slice(&jpeg[2..]);
    out
}

/// A marker segment: marker, length, payload.
pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).expect("a segment holds at most 65533 bytes");
    [&[0xFF, marker][..], &length.to_be_bytes(), payload].concat()
}

/// Offset of the first marker `marker` (its 0xFF) among the header segments.
pub(crate) fn find_marker(jpeg: &[u8], marker: u8) -> usize {
    let mut at = 2;
    while jpeg[at + 1] != marker {
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    at
}

/// Offset of the first byte of entropy-coded data.
pub(crate) fn scan_data(jpeg: &[u8]) -> usize {
    let sos = find_marker(jpeg, 0xDA);
    sos + 2 + usize::from(u16::from_be_bytes([jpeg[sos + 2], jpeg[sos + 3]]))
}

fn encode(samples: &[u8], (width, height): (u32, u32), color: ColorType, options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, options.quality);
    encoder.set_sampling_factor(options.sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.set_progressive(options.progressive);
    encoder.set_optimized_huffman_tables(options.optimized);
    encoder.set_restart_interval(options.restart_interval);
    if let Some(exif) = &options.exif {
        encoder.add_exif_metadata(exif).expect("Exif fits a segment");
    }
    if let Some(icc) = &options.icc {
        encoder.add_icc_profile(icc).expect("profiles are small");
    }
    let side = |value: u32| u16::try_from(value).expect("JPEG sides are below 65536");
    encoder.encode(samples, side(width), side(height), color).expect("the buffer matches its size");
    out
}

fn inks([r, g, b]: [u8; 3]) -> [u8; 4] {
    let light = r.max(g).max(b);
    let ink = |c: u8| if light == 0 { 0 } else { 255 - (u32::from(c) * 255 / u32::from(light)) as u8 };
    [ink(r), ink(g), ink(b), 255 - light]
}
