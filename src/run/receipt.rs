//! What was done to an upload, as plain values for logs, metrics and answers. The only metadata in it is the orientation.

use std::time::Duration;

use image_ingest_facts::Facts;
use image_ingest_samples::Size;

use crate::header::Header;
use crate::plan::Plan;
use crate::upload::format::Format;

/// What an upload was and what was done to it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Receipt {
    /// The upload as its header describes it.
    pub source: SourceFacts,
    /// How samples were converted to sRGB: `"none"`, `"icc"`, `"cicp"`, `"gamma"`, `"adobe_rgb"`, `"tone_mapped"`, or
    /// `"profile_ignored"` when an ICC profile does not parse or does not fit the samples.
    pub color_conversion: &'static str,
    /// Frames of an animation that are not in the result.
    pub frames_dropped: u32,
    /// Whether transparent pixels were composed over the matte.
    pub alpha_composed: bool,
    /// The DCT scale of the decode: 1, 2, 4 or 8 for 1/1 to 1/8.
    pub dct_scale_divisor: u32,
    /// Peak memory as estimated before decoding, in bytes.
    pub memory_bytes: u64,
    /// ThumbHash, PDQ hash, colours and luminance, where [`IngestBuilder::facts`](crate::IngestBuilder::facts) asks for them.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub facts: Option<Facts>,
    /// Time by stage.
    pub timings: Timings,
}

/// An upload as its header describes it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SourceFacts {
    /// The container.
    pub format: Format,
    /// Bytes uploaded.
    pub bytes: u64,
    /// Width and height as displayed, before any reduction.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub size: Size,
    /// Width and height as stored.
    pub coded_size: Size,
    /// The turn that was applied, as an Exif value 1–8.
    pub orientation: u8,
    /// An Exif value 2–8 that was not applied: in a HEIF file of no MIAF brand with neither `irot` nor `imir`, which is shown
    /// as it is stored (ISO/IEC 23008-12).
    pub exif_orientation_ignored: Option<u8>,
    /// How the payload is coded, such as `"progressive"` or `"hevc"`.
    pub coding: &'static str,
    /// Components as stored, such as `"ycbcr"`.
    pub channels: &'static str,
    /// Bits per sample.
    pub bit_depth: u8,
    /// The kind of colour description: `"srgb"`, `"icc"`, `"cicp"`, `"gamma"` or `"adobe_rgb"`.
    pub color: &'static str,
}

impl SourceFacts {
    pub(crate) fn new(header: &Header, bytes: u64) -> Self {
        Self {
            format: header.format,
            bytes,
            size: header.size(),
            coded_size: header.coded_size,
            orientation: header.orientation.exif(),
            exif_orientation_ignored: header.exif_orientation_ignored,
            coding: header.coding.name(),
            channels: header.channels.name(),
            bit_depth: header.bit_depth,
            color: header.color.name(),
        }
    }
}

/// Wall-clock time by stage; hashing of the upload happens while it arrives and is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timings {
    /// Joining chunks, probing and planning.
    pub probe: Duration,
    /// Decoding.
    pub decode: Duration,
    /// Reducing, converting, composing, turning.
    pub canonicalise: Duration,
    /// Encoding.
    pub encode: Duration,
    /// Reducing, encoding and naming renditions.
    pub renditions: Duration,
    /// Collecting facts.
    pub facts: Duration,
    /// Computing the content id.
    pub content_id: Duration,
}

impl Timings {
    /// All stages together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.probe + self.decode + self.canonicalise + self.encode + self.renditions + self.facts + self.content_id
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Timings {
    /// Milliseconds, to the microsecond.
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let ms = |d: Duration| (d.as_secs_f64() * 1e6).round() / 1e3;
        let mut out = s.serialize_struct("Timings", 8)?;
        out.serialize_field("probe", &ms(self.probe))?;
        out.serialize_field("decode", &ms(self.decode))?;
        out.serialize_field("canonicalise", &ms(self.canonicalise))?;
        out.serialize_field("encode", &ms(self.encode))?;
        out.serialize_field("renditions", &ms(self.renditions))?;
        out.serialize_field("facts", &ms(self.facts))?;
        out.serialize_field("content_id", &ms(self.content_id))?;
        out.serialize_field("total", &ms(self.total()))?;
        out.end()
    }
}

impl Receipt {
    pub(crate) fn new(
        header: &Header,
        bytes: u64,
        plan: &Plan,
        memory_bytes: u64,
        alpha_composed: bool,
        timings: Timings,
    ) -> Self {
        Self {
            source: SourceFacts::new(header, bytes),
            color_conversion: plan.conversion.name(),
            frames_dropped: header.frames.map_or(0, |frames| frames.saturating_sub(1)),
            alpha_composed,
            dct_scale_divisor: plan.scale.divisor(),
            memory_bytes,
            facts: None,
            timings,
        }
    }
}
