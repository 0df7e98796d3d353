//! Estimates a job's peak memory from its header and plan, so that it can be admitted or refused before decoding.
//!
//! Each codec states in its `cost.rs` what decoding holds ([`DecodeCost`]). The later stages are the same for all
//! codecs.

use image_ingest_color::ColorDescription;
use image_ingest_encode::Encoding;
use image_ingest_samples::Size;

use crate::header::{Channels, Coding, Header, Orientation};
use crate::plan::Plan;
use crate::plan::rendition::RenditionSpec;
use crate::upload::format::Format;

/// What decoding one picture holds in memory, as its codec states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecodeCost {
    /// What the codec stores for a pixel.
    pub(crate) density: SampleDensity,
    /// Whether rows are reduced as they are decoded, so that the whole picture never exists.
    pub(crate) streams: bool,
    /// Whether the samples are planes that go to the encoder without a detour through RGB.
    pub(crate) stays_planar: bool,
    /// Bytes that decoding needs in addition to the decoded samples.
    pub(crate) working_bytes: u64,
    /// Bytes of a row of tiles, all of which are decoded before the row is reduced; 0 without tiles.
    pub(crate) tile_row_bytes: u64,
    /// Bytes that decoding with all threads needs beyond decoding with one.
    pub(crate) extra_for_threads: u64,
}

/// How many samples a picture stores for a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleDensity {
    /// In halves: 4:2:0 has one and a half.
    halves: u64,
}

impl SampleDensity {
    /// `samples` for each pixel.
    pub(crate) const fn interleaved(samples: u64) -> Self {
        Self { halves: 2 * samples }
    }

    /// Luma, and two chroma planes subsampled by the factors; `None` for luma alone.
    pub(crate) fn subsampled(factors: Option<(u8, u8)>) -> Self {
        Self { halves: factors.map_or(2, |(h, v)| 2 + 4 / (u64::from(h) * u64::from(v)).max(1)) }
    }

    /// Components of these JPEG sampling factors (ITU-T T.81 § A.1.1).
    pub(crate) fn sampled(factors: &[(u8, u8)]) -> Self {
        let area = |(h, v): &(u8, u8)| u64::from(*h) * u64::from(*v);
        let most_h = factors.iter().map(|s| s.0).max().unwrap_or(1);
        let most_v = factors.iter().map(|s| s.1).max().unwrap_or(1);
        Self { halves: (2 * factors.iter().map(area).sum::<u64>()).div_ceil(area(&(most_h, most_v)).max(1)) }
    }

    /// Bytes of a picture of `pixels`, rounded down.
    pub(crate) const fn bytes(self, pixels: u64, bytes_per_sample: u64) -> u64 {
        pixels * self.halves * bytes_per_sample / 2
    }
}

/// Bytes at the peak of a job: the upload, and the stage that holds the most.
///
/// Rows go from the codec to the encoder while they are decoded; for libwebp they become the whole canonical image.
pub(crate) fn estimate(header: &Header, plan: &Plan, encoding: Encoding, upload_bytes: u64, cost: &DecodeCost) -> u64 {
    let size = Size::new(
        header.coded_size.width.div_ceil(plan.scale.divisor()),
        header.coded_size.height.div_ceil(plan.scale.divisor()),
    );
    let decoded = cost.density.bytes(size.pixels(), bytes_per_sample(header));
    let pixels = plan.target.pixels();
    let canonical = match (header.channels, cost.stays_planar) {
        (Channels::Gray, _) if !header.has_alpha => pixels,
        (_, true) => pixels + pixels.div_ceil(2),
        (_, false) => 3 * pixels,
    };
    let encoded = encoded_bytes(pixels, encoding, plan.orientation);
    let (result, encoding) = match is_jpeg(encoding) {
        true => (encoded, 0),
        false => (canonical, whole_bytes(canonical, plan.orientation) + encoded),
    };
    let is_reduced = plan.crop.size != plan.target;
    let scratch = if is_reduced { reducer_bytes(header, plan, size, cost) + cost.tile_row_bytes } else { 0 };
    let reducing = scratch + rows_in_flight(header, plan) + result;
    let decoding = cost.working_bytes + if cost.streams { reducing } else { decoded };
    let handing_on = if cost.streams { 0 } else { decoded + reducing };
    let stage = decoding.max(handing_on).max(encoding);
    // Whether a profile is equal to sRGB is found out by its tables, so they count in any case. A PNG may have inflated a
    // profile that turned out to be none.
    let has_profile = header.color != ColorDescription::Srgb || header.format == Format::Png;
    let fixed = if has_profile { FIXED + CONVERSION } else { FIXED };
    // An eighth more, for what the allocator keeps between buffers of changing sizes.
    upload_bytes + copied_bytes(header, upload_bytes) + stage + stage / 8 + fixed + cost.extra_for_threads
}

/// What an encoder keeps of a picture of `pixels`, its file included.
fn encoded_bytes(pixels: u64, encoding: Encoding, orientation: Orientation) -> u64 {
    let encoded = pixels * encoding.bytes_per_pixel();
    if !is_jpeg(encoding) || orientation == Orientation::Upright {
        return encoded;
    }
    // The codes of MCUs, which do not grow as they are moved, wait for their place; 28 bytes are kept of each MCU.
    encoded + encoded / 2 + pixels / 8
}

/// Whether rows are encoded as they come.
const fn is_jpeg(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::Jpeg { .. })
}

/// What libwebp takes, whose samples have so many bytes: they are kept as stored, and then turned.
fn whole_bytes(samples: u64, orientation: Orientation) -> u64 {
    if orientation == Orientation::Upright { samples } else { 2 * samples }
}

/// Reduced rows that wait for those of other planes, and what they become on their way to canonical ones.
fn rows_in_flight(header: &Header, plan: &Plan) -> u64 {
    const ROWS: u64 = 32;
    const SAMPLES: u64 = 4;
    2 * ROWS * u64::from(plan.target.width) * SAMPLES * bytes_per_sample(header)
}

/// Bytes that renditions and facts need in addition to what [`estimate`] says.
///
/// All renditions are made at the same time as the canonical file. Each holds the rows under its filter, and its file.
pub(crate) fn outputs<'s>(
    header: &Header,
    plan: &Plan,
    cost: &DecodeCost,
    specs: impl Iterator<Item = &'s RenditionSpec>,
    facts: bool,
) -> u64 {
    let density = if cost.stays_planar { SampleDensity::subsampled(Some((2, 2))) } else { canonical_density(header) };
    let rendition = |spec: &RenditionSpec| {
        let frame = spec.frame(plan.size());
        let stored = |size: Size| if plan.orientation.swaps_axes() { size.transposed() } else { size };
        let (part, target) = (stored(frame.crop.size), stored(frame.target));
        let window = 4 * u64::from(part.height.div_ceil(target.height)) + 2;
        let row = density.bytes(u64::from(part.width), 1);
        let reducing = if part != target { row * (window + 16 + 32) + 64 * u64::from(part.longer()) } else { 0 };
        let whole = match is_jpeg(spec.encoding) {
            true => 0,
            false => whole_bytes(density.bytes(target.pixels(), 1), plan.orientation),
        };
        reducing + whole + encoded_bytes(target.pixels(), spec.encoding, plan.orientation)
    };
    let bytes = specs.map(rendition).sum::<u64>() + if facts { FACTS } else { 0 };
    bytes + bytes / 8
}

/// Samples of a canonical pixel that is not planar.
fn canonical_density(header: &Header) -> SampleDensity {
    SampleDensity::interleaved(if header.channels == Channels::Gray && !header.has_alpha { 1 } else { 3 })
}

/// What is kept in addition to the upload although it was read from there: the ICC profile, inflated or put together
/// from its pieces; the slices of HEVC pictures without emulation prevention bytes (ITU-T H.265, § 7.3.1.1), and the data of
/// such pictures that lie in several extents.
fn copied_bytes(header: &Header, upload_bytes: u64) -> u64 {
    let profile = match &header.color {
        ColorDescription::Icc(profile) => profile.len() as u64,
        _ => 0,
    };
    let coded = if let Coding::Hevc { joined_bytes, .. } = header.coding { upload_bytes + joined_bytes } else { 0 };
    profile + coded
}

/// Bytes of a sample.
pub(crate) fn bytes_per_sample(header: &Header) -> u64 {
    if header.bit_depth > 8 { 2 } else { 1 }
}

/// What a reduction keeps in addition to its input and its result: the rows that a target row needs, one batch of
/// rows and its columns, of 16 bits each, and the weights.
fn reducer_bytes(header: &Header, plan: &Plan, size: Size, cost: &DecodeCost) -> u64 {
    let row = cost.density.bytes(u64::from(size.width), bytes_per_sample(header));
    let window = 4 * u64::from(plan.crop.size.height.div_ceil(plan.target.height.max(1))) + 2;
    let (batch, weights) = if bytes_per_sample(header) == 2 { (8 + 8, 256) } else { (16 + 32, 64) };
    row * (window + batch) + weights * u64::from(size.longer())
}

/// What a job of any size needs: tables of the decoder and the encoder, and rows in pieces of 32 768 pixels.
const FIXED: u64 = 2 * 1024 * 1024;
/// The tables of a conversion: at most those of 16-bit curves, of 3 MiB.
const CONVERSION: u64 = 3 * 1024 * 1024;

/// What facts need of a picture of any size: grids of sums, the largest of 100 × 100 pixels, and rows of boxes.
const FACTS: u64 = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::estimate;
    use crate::header::{Channels, Coding, Header, Orientation};
    use crate::plan::plan;
    use crate::plan::profile::Profile;
    use crate::upload::format::Format;
    use image_ingest_color::ColorDescription;
    use image_ingest_samples::{CpuTimer, Rect, Size};

    fn jpeg(width: u32, height: u32, progressive: bool) -> u64 {
        let sampling = vec![(2, 2), (1, 1), (1, 1)];
        let coding = match progressive {
            true => Coding::JpegProgressive { sampling, scans: 10, coefficient_bytes: 26_000_000 },
            false => Coding::JpegSequential { sampling, scans: 1 },
        };
        estimated(&header(Size::new(width, height), coding))
    }

    fn header(size: Size, coding: Coding) -> Header {
        Header {
            format: Format::Jpeg,
            coded_size: size,
            crop: Rect::whole(size),
            orientation: Orientation::Upright,
            exif_orientation_ignored: None,
            coding,
            bit_depth: 8,
            channels: Channels::Ycbcr,
            has_alpha: false,
            color: ColorDescription::Srgb,
            frames: None,
        }
    }

    fn estimated(header: &Header) -> u64 {
        let profile = Profile::default();
        let plan = plan(header, &profile, &CpuTimer::default()).unwrap();
        estimate(header, &plan, profile.encoding, 4_000_000, &crate::codec::cost(header, &plan, 1))
    }

    #[test]
    fn an_icc_profile_counts_with_its_bytes() {
        let coding = Coding::JpegSequential { sampling: vec![(1, 1); 3], scans: 1 };
        let plain = header(Size::new(640, 480), coding);
        let profile = |len: usize| Header { color: ColorDescription::Icc(vec![0; len].into()), ..plain.clone() };
        assert_eq!(estimated(&profile(3_000_000)) - estimated(&profile(1_000)), 2_999_000);
    }

    #[test]
    fn a_phone_photo_needs_tens_of_megabytes_and_its_coefficients_more() {
        let (baseline, progressive) = (jpeg(4032, 3024, false), jpeg(4032, 3024, true));
        assert!((10_000_000..40_000_000).contains(&baseline), "{baseline}");
        assert!(progressive > baseline + 20_000_000, "{progressive}");
    }

    #[test]
    fn the_largest_baseline_photo_passes_the_default_limit() {
        assert!(jpeg(16_320, 12_240, false) < crate::Limits::default().max_memory_bytes);
    }
}
