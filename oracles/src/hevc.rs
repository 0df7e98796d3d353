//! Compares the HEVC decoder with libde265, without and with in-loop filters.

use image_ingest_c_decoders::hevc::De265Decoder;
use image_ingest_hevc::{CodedPicture, DecodedPicture, DecoderConfiguration, InLoopFilters, ToolsInUse, decode};
use image_ingest_samples::{CpuTimer, DecodeError, PictureView, PlaneView, Size};

use crate::hevc_pictures::HevcInput;

/// How two decoders of one picture compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HevcOutcome {
    /// All samples are the same.
    Same,
    /// Ours refuses it, for this reason.
    Refused(String),
    /// libde265 refuses it or gives other samples, and the picture's own hash says that ours are right.
    OursByHash,
    /// libde265 refuses it or gives other samples, as told here.
    Different(String),
}

/// Decodes a picture by both decoders.
#[must_use]
pub fn compare(input: &HevcInput, filters: InLoopFilters) -> HevcOutcome {
    let ours = match by_ours(input, filters) {
        Ok(ours) => ours,
        Err(error) => return HevcOutcome::Refused(error.to_string()),
    };
    match difference(&ours, input, filters) {
        None => HevcOutcome::Same,
        // What is right with the filters is right before them.
        Some(_) if has_hash(input) && by_ours(input, InLoopFilters::Applied).is_ok() => HevcOutcome::OursByHash,
        Some(difference) => HevcOutcome::Different(difference),
    }
}

/// Whether a picture has at most `max_pixels`, and no tools that libde265 1.0.11 decodes wrong in this way of decoding.
/// [`HevcTools::keep_what_libde265_knows`](crate::hevc_tools::HevcTools::keep_what_libde265_knows) lists them.
#[must_use]
pub fn is_of_libde265(input: &HevcInput, filters: InLoopFilters, max_pixels: usize) -> bool {
    let Ok(config) = DecoderConfiguration::read(&input.config) else { return false };
    let Ok(coded) = CodedPicture::read(&config, &input.item, &CpuTimer::default()) else { return false };
    let Some(tools) = ToolsInUse::of(&coded) else { return false };
    let is_wrong = tools.chroma_qp_list
        || tools.bit_depth > 12
        || tools.large_skip && tools.scaling_lists
        || tools.persistent_rice && (tools.wavefront || tools.segments > 1)
        || tools.wavefront && tools.tiles
        || tools.chroma_format > 1 && tools.chroma_qp_above_luma
        || tools.chroma_format == 3 && (tools.scaling_lists || tools.transform_levels > 3)
        || filters == InLoopFilters::Applied && (tools.tiles || tools.segments > 1);
    tools.pixels <= max_pixels && !is_wrong
}

/// Decodes a picture by our decoder.
///
/// # Errors
///
/// Its refusal.
pub fn by_ours(input: &HevcInput, filters: InLoopFilters) -> Result<DecodedPicture, DecodeError> {
    let config = DecoderConfiguration::read(&input.config)?;
    decode(&CodedPicture::read(&config, &input.item, &CpuTimer::default())?, filters, &CpuTimer::default())
}

/// Decodes a picture by libde265 and hands it to `then`.
///
/// # Errors
///
/// What it refuses, and that there is no picture.
pub fn by_libde265<T>(
    input: &HevcInput,
    filters: InLoopFilters,
    then: impl FnOnce(&PictureView<'_>) -> T,
) -> Result<T, String> {
    let text = |error: DecodeError| error.to_string();
    let config = DecoderConfiguration::read(&input.config).map_err(text)?;
    let coded = CodedPicture::read(&config, &input.item, &CpuTimer::default()).map_err(text)?;
    let mut decoder = De265Decoder::new(LARGEST, filters == InLoopFilters::Applied).ok_or("no decoder")?;
    coded.units().try_for_each(|nal| decoder.push(nal)).map_err(|error| error.to_string())?;
    let picture = decoder.finish(|| true).map_err(|error| error.to_string())?.ok_or("no picture")?;
    Ok(then(&picture.view()))
}

/// The hash (FNV-1a) of all samples, row by row and plane by plane.
#[must_use]
pub fn hash(picture: &PictureView<'_>) -> u64 {
    let rows = picture.iter().flatten().flat_map(|plane| {
        let len = plane.width * if plane.bit_depth > 8 { 2 } else { 1 };
        (0..plane.height).map(move |y| &plane.bytes[y * plane.stride..][..len])
    });
    rows.flatten().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// The first sample that differs, or that the planes have other shapes, in words. "Here" is the first picture.
#[must_use]
pub fn first_difference(ours: &PictureView<'_>, theirs: &PictureView<'_>) -> Option<String> {
    for (component, planes) in ours.iter().zip(theirs).enumerate() {
        let (ours, theirs) = match planes {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (None, None) => continue,
            _ => return Some(format!("plane {component} is missing")),
        };
        let shape = |plane: &PlaneView<'_>| (plane.width, plane.height, plane.bit_depth);
        if shape(ours) != shape(theirs) {
            return Some(format!("plane {component} is {:?} here and {:?} there", shape(ours), shape(theirs)));
        }
        let places = (0..ours.height).flat_map(|y| (0..ours.width).map(move |x| (x, y)));
        let mut others = places.filter(|&(x, y)| sample(ours, x, y) != sample(theirs, x, y));
        if let Some((x, y)) = others.next() {
            let (here, there, more) = (sample(ours, x, y), sample(theirs, x, y), others.count());
            return Some(format!("plane {component} at ({x}, {y}): {here} here, {there} there; {more} more"));
        }
    }
    None
}

/// No picture here is larger.
const LARGEST: Size = Size::new(1 << 15, 1 << 15);

fn difference(ours: &DecodedPicture, input: &HevcInput, filters: InLoopFilters) -> Option<String> {
    by_libde265(input, filters, |theirs| first_difference(&ours.view(), theirs)).unwrap_or_else(Some)
}

/// Whether a picture comes with a hash of its samples: a message of type 132 behind the slices (ITU-T H.265 § D.2.1).
fn has_hash(input: &HevcInput) -> bool {
    input.item.windows(3).any(|head| head == [40 << 1, 1, 132])
}

fn sample(plane: &PlaneView<'_>, x: usize, y: usize) -> u16 {
    if plane.bit_depth > 8 {
        let at = y * plane.stride + 2 * x;
        u16::from_ne_bytes([plane.bytes[at], plane.bytes[at + 1]])
    } else {
        plane.bytes[y * plane.stride + x].into()
    }
}
