//! Estimates a job's peak memory from its header and plan, so that it can be admitted or refused before decoding.

use crate::header::{Channels, Coding, Header};
use crate::plan::Plan;
use crate::size::Size;

/// Bytes at the peak: the upload, what the codec holds, and the larger of reducing and encoding.
pub(crate) fn estimate(header: &Header, plan: &Plan, upload_bytes: u64) -> u64 {
    let decoded_size = Size::new(
        header.coded_size.width.div_ceil(plan.scale.divisor()),
        header.coded_size.height.div_ceil(plan.scale.divisor()),
    );
    let decoded = decoded_size.pixels() * decoded_bytes_per_pixel_x2(header) / 2;
    let codec = codec_bytes(header);
    let reduced = plan.target.pixels() * 4 * wide(header);
    // The horizontal pass of a resize keeps the source's rows at the target's width.
    let resizing = u64::from(plan.target.width) * u64::from(decoded_size.height) * 4 * wide(header);
    // The encoder's output is bounded by far by the samples it encodes.
    let encoding = plan.target.pixels() * 3 + plan.target.pixels();
    upload_bytes + codec + decoded + (resizing + reduced).max(reduced + encoding) + FIXED
}

/// Twice the bytes of a decoded pixel, since 4:2:0 has one and a half.
fn decoded_bytes_per_pixel_x2(header: &Header) -> u64 {
    let samples_x2 = match (&header.coding, header.channels) {
        _ if header.has_alpha => 8,
        (Coding::Hevc { subsampling: Some((h, v)), .. }, _) => 2 + 4 / (u64::from(*h) * u64::from(*v)).max(1),
        (Coding::WebpLossy, _) => 3,
        (_, Channels::Gray) => 2,
        (_, Channels::Cmyk | Channels::Ycck) => 8,
        (Coding::JpegSequential { sampling, .. } | Coding::JpegProgressive { sampling, .. }, _) => {
            sampling_x2(sampling)
        }
        _ => 6,
    };
    samples_x2 * wide(header)
}

/// Twice the samples a JPEG stores for a pixel.
fn sampling_x2(sampling: &[(u8, u8)]) -> u64 {
    let area = |(h, v): &(u8, u8)| u64::from(*h) * u64::from(*v);
    let most_h = sampling.iter().map(|s| s.0).max().unwrap_or(1);
    let most_v = sampling.iter().map(|s| s.1).max().unwrap_or(1);
    (2 * sampling.iter().map(area).sum::<u64>()).div_ceil(area(&(most_h, most_v)).max(1))
}

/// What the codec holds besides the samples that it returns.
fn codec_bytes(header: &Header) -> u64 {
    let pixels = header.coded_size.pixels();
    match &header.coding {
        // Every coefficient, 16 bits each, until the last scan.
        Coding::JpegProgressive { sampling, .. } => pixels * sampling_x2(sampling),
        Coding::JpegSequential { sampling, scans } if *scans > 1 => pixels * sampling_x2(sampling),
        Coding::JpegSequential { .. } | Coding::Png { interlaced: false } => 0,
        Coding::Png { interlaced: true } => pixels,
        Coding::Gif { .. } => pixels,
        Coding::WebpLossy => 0,
        // ARGB, 32 bits a pixel.
        Coding::WebpLossless => pixels * 4,
        Coding::Hevc { tile_size, item, .. } => {
            // libde265: the coded picture of one tile, and metadata of a few bytes for each of its smallest blocks.
            let tile = tile_size.pixels() * (decoded_bytes_per_pixel_x2(header) + 4);
            // With alpha, or composed, libheif keeps its own picture beside the copy we take.
            let composed = header.has_alpha || matches!(*item, "iovl");
            tile + if composed { pixels * 8 * wide(header) } else { 0 }
        }
    }
}

/// Bytes of a sample.
fn wide(header: &Header) -> u64 {
    if header.bit_depth > 8 { 2 } else { 1 }
}

/// Tables, strips, the colour engine: what every job needs whatever its size.
const FIXED: u64 = 2 * 1024 * 1024;
