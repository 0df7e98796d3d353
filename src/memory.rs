//! Estimates a job's peak memory from its header and plan, so that it can be admitted or refused before decoding.

use crate::format::Format;
use crate::header::{Channels, Cicp, Coding, ColorDescription, Header, Orientation};
use crate::pixels::Matrix;
use crate::plan::Plan;
use crate::profile::Encoding;
use crate::reduce::ChromaGrid;
use crate::size::Size;

/// Bytes at the peak of the stages, the upload included throughout: each holds its input and makes its output.
pub(crate) fn estimate(header: &Header, plan: &Plan, encoding: Encoding, upload_bytes: u64) -> u64 {
    let size = Size::new(
        header.coded_size.width.div_ceil(plan.scale.divisor()),
        header.coded_size.height.div_ceil(plan.scale.divisor()),
    );
    let decoded = size.pixels() * decoded_bytes_per_pixel_x2(header) / 2;
    let pixels = plan.target.pixels();
    let (gray, planes) = (is_gray(header), stays_planar(header, plan));
    let result = pixels * target_samples_x2(header, planes) * wide(header) / 2;
    let streams = streams(header, plan);
    let scratch = if plan.crop.size == plan.target { 0 } else { reducer_bytes(header, plan, size) + strip(header) };
    let whole = if streams { 0 } else { decoded };
    let reducing = if plan.crop.size == plan.target && whole > 0 { 0 } else { whole + scratch + result };
    let channels = if header.has_alpha { 4 } else { 3 };
    // Planes, the interleaved samples made of them, and what those are converted to: the planes are free by then, but in
    // three pieces that the allocator keeps.
    let interleaving = if is_planar(header) && !planes && !gray { 2 * result } else { result };
    let keeps_samples = plan.conversion.is_identity() && wide(header) == 1;
    let converted = if keeps_samples { 0 } else { pixels * if gray { 1 } else { channels } };
    let converting = interleaving + converted;
    let canonical = match (gray, planes) {
        (true, _) => pixels,
        (false, true) => pixels + pixels.div_ceil(2),
        (false, false) => pixels * channels,
    };
    let turning = if plan.orientation == Orientation::Upright { canonical } else { 2 * canonical };
    let encoding = canonical + pixels * encoder_bytes_per_pixel(encoding);
    let decoding = codec_bytes(header) + if streams { reducing } else { decoded };
    let stage = decoding.max(reducing).max(converting).max(turning).max(encoding);
    // An eighth for what the allocator keeps between buffers of changing sizes.
    upload_bytes + stage + stage / 8 + FIXED
}

/// Whether planes go to the encoder as they are.
fn stays_planar(header: &Header, plan: &Plan) -> bool {
    let matrix = match (header.format, &header.color) {
        (Format::Heic, ColorDescription::Cicp(Cicp { matrix: 2 | 5 | 6, .. }) | ColorDescription::Srgb) => {
            Matrix::Bt601
        }
        // What a profile comes with is not in the header.
        (Format::Heic, _) => Matrix::Bt709,
        _ => Matrix::Bt601,
    };
    is_planar(header) && plan.chroma_grid(header.bit_depth, matrix) == ChromaGrid::Half
}

/// Whether it is luma, or one gray component, from the codec to the encoder.
fn is_gray(header: &Header) -> bool {
    header.channels == Channels::Gray && !header.has_alpha
}

/// Twice the samples of a pixel once it has its canonical size.
fn target_samples_x2(header: &Header, planes: bool) -> u64 {
    match header.channels {
        _ if header.has_alpha => 8,
        Channels::Gray => 2,
        Channels::Cmyk | Channels::Ycck => 8,
        _ if planes => 3,
        _ => 6,
    }
}

/// Whether the codec reduces rows as it decodes them, and never holds the picture.
fn streams(header: &Header, plan: &Plan) -> bool {
    match header.coding {
        Coding::JpegSequential { .. } | Coding::JpegProgressive { .. } => is_planar(header),
        Coding::Png { interlaced } => !interlaced,
        Coding::WebpLossy { .. } => !header.has_alpha,
        Coding::Hevc { tiles, .. } => tiles > 1 && !header.has_alpha && plan.crop.size != plan.target,
        _ => false,
    }
}

/// What reducing keeps beside its input and its result: the rows that a target row needs, and the rows and columns of
/// one batch, plane by plane or all channels at once.
fn reducer_bytes(header: &Header, plan: &Plan, size: Size) -> u64 {
    let row = u64::from(size.width) * decoded_bytes_per_pixel_x2(header) / 2;
    if wide(header) == 2 && !streams(header, plan) {
        // Every source row at the target's width, and a copy of what must be extended.
        return row * u64::from(size.height) / 6 + u64::from(plan.target.width) * u64::from(size.height) * 8;
    }
    let window = 4 * u64::from(plan.crop.size.height.div_ceil(plan.target.height.max(1))) + 2;
    let (batch, weights) = (2 * 16, 64 * u64::from(size.longer()));
    row * (window + batch) + weights
}

/// A row of HEVC tiles, which is reduced as a whole.
fn strip(header: &Header) -> u64 {
    match header.coding {
        Coding::Hevc { tile_size, .. } => {
            let pixels = u64::from(header.coded_size.width) * u64::from(tile_size.height);
            pixels * decoded_bytes_per_pixel_x2(header) / 2
        }
        _ => 0,
    }
}

/// What an encoder holds and makes for a pixel, at most: libwebp keeps tokens and its output, both largest for noise at
/// high quality (measured there: 14 bytes at 80, 25 at 100); JPEG makes its output alone, and that is copied once.
fn encoder_bytes_per_pixel(encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Jpeg { quality: ..=90 } => 2,
        Encoding::Jpeg { .. } => 4,
        Encoding::Webp { quality } => 8 + u64::from(quality) / 5,
    }
}

/// Whether the codec gives planes, which are reduced one by one.
fn is_planar(header: &Header) -> bool {
    let planes = matches!(header.channels, Channels::Ycbcr | Channels::Gray) && !header.has_alpha;
    match &header.coding {
        Coding::Png { .. } | Coding::WebpLossless { .. } => false,
        Coding::JpegSequential { sampling, .. } | Coding::JpegProgressive { sampling, .. } => {
            planes && samples_as_planes(sampling)
        }
        _ => planes,
    }
}

/// Whether the JPEG codec gives a file of these sampling factors as planes: luma finest, chroma alike.
fn samples_as_planes(sampling: &[(u8, u8)]) -> bool {
    match sampling {
        [_] => true,
        [(h, v), cb, cr] => cb == cr && cb.0 <= *h && cb.1 <= *v && h % cb.0 == 0 && v % cb.1 == 0,
        _ => false,
    }
}

/// Twice the bytes of a decoded pixel, since 4:2:0 has one and a half.
fn decoded_bytes_per_pixel_x2(header: &Header) -> u64 {
    let samples_x2 = match (&header.coding, header.channels) {
        _ if header.has_alpha => 8,
        (Coding::Hevc { subsampling, .. }, _) => hevc_samples_x2(*subsampling),
        (Coding::WebpLossy { .. }, _) => 3,
        (_, Channels::Gray) => 2,
        (_, Channels::Cmyk | Channels::Ycck) => 8,
        (Coding::JpegSequential { sampling, .. } | Coding::JpegProgressive { sampling, .. }, _)
            if is_planar(header) =>
        {
            sampling_x2(sampling)
        }
        _ => 6,
    };
    samples_x2 * wide(header)
}

/// Twice the samples of a coded picture for a pixel.
fn hevc_samples_x2(subsampling: Option<(u8, u8)>) -> u64 {
    subsampling.map_or(2, |(h, v)| 2 + 4 / (u64::from(h) * u64::from(v)).max(1))
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
        // Every coefficient, 16 bits each, until the last scan, and a bit for those that are not zero.
        Coding::JpegProgressive { sampling, .. } => pixels * sampling_x2(sampling) * 17 / 16,
        Coding::JpegSequential { sampling, scans } if *scans > 1 => pixels * sampling_x2(sampling),
        Coding::JpegSequential { .. } => 0,
        // What is inflated at once, and at least four rows of it before and after unfiltering.
        Coding::Png { interlaced: false } => 512 * 1024 + 16 * u64::from(header.coded_size.width) * 8,
        Coding::Png { interlaced: true } => pixels,
        Coding::Gif { .. } => pixels,
        Coding::WebpLossy { alpha_bytes } => *alpha_bytes,
        // ARGB, 32 bits a pixel.
        Coding::WebpLossless { table_bytes } => pixels * 4 + table_bytes,
        // RGB and alpha beside the RGBA made of them, or planes while a tile is decoded.
        Coding::Hevc { .. } if header.has_alpha => tile_bytes(header).max(pixels * 4 * wide(header)),
        Coding::Hevc { .. } => tile_bytes(header),
    }
}

/// What `workers` threads on one image hold more than one does: a tile each, and the rows of tiles that those are in.
pub(crate) fn beside(header: &Header, workers: usize) -> u64 {
    match header.coding {
        Coding::Hevc { tiles, tile_size, .. } => {
            let more = u64::from(tiles).min(workers as u64).saturating_sub(1);
            let columns = header.coded_size.width.div_ceil(tile_size.width.max(1)).max(1);
            let bytes = more * tile_bytes(header) + more.div_ceil(columns.into()) * strip(header);
            bytes + bytes / 8
        }
        _ => 0,
    }
}

/// libde265: the coded picture of a tile, and metadata of a few bytes for each of its smallest blocks.
fn tile_bytes(header: &Header) -> u64 {
    match header.coding {
        Coding::Hevc { tile_size, subsampling, .. } => {
            tile_size.pixels() * (hevc_samples_x2(subsampling) * wide(header) + 4)
        }
        _ => 0,
    }
}

/// Bytes of a sample.
fn wide(header: &Header) -> u64 {
    if header.bit_depth > 8 { 2 } else { 1 }
}

/// Tables, strips, the colour engine (3 MiB for 16-bit curves): what every job needs whatever its size.
const FIXED: u64 = 5 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use crate::format::Format;
    use crate::header::{Channels, Coding, ColorDescription, Header, Orientation};
    use crate::plan::plan;
    use crate::profile::Profile;
    use crate::size::{Rect, Size};

    fn jpeg(width: u32, height: u32, progressive: bool) -> u64 {
        let sampling = vec![(2, 2), (1, 1), (1, 1)];
        let size = Size::new(width, height);
        let header = Header {
            format: Format::Jpeg,
            coded_size: size,
            crop: Rect::whole(size),
            orientation: Orientation::Upright,
            exif_orientation_ignored: None,
            coding: match progressive {
                true => Coding::JpegProgressive { sampling, scans: 10 },
                false => Coding::JpegSequential { sampling, scans: 1 },
            },
            bit_depth: 8,
            channels: Channels::Ycbcr,
            has_alpha: false,
            color: ColorDescription::Srgb,
            animation: None,
        };
        plan(&header, 4_000_000, &Profile::default()).memory_bytes
    }

    #[test]
    fn a_phone_photo_needs_tens_of_megabytes_and_its_coefficients_twice_its_pixels_more() {
        let (baseline, progressive) = (jpeg(4032, 3024, false), jpeg(4032, 3024, true));
        assert!((15_000_000..40_000_000).contains(&baseline), "{baseline}");
        assert!(progressive > baseline + 2 * 4032 * 3024, "{progressive}");
    }

    #[test]
    fn the_largest_baseline_photo_passes_the_default_limit() {
        assert!(jpeg(16_320, 12_240, false) < crate::Limits::default().max_memory_bytes);
    }
}
