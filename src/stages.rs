//! Single stages, for the benches, fuzz targets and tools of this repository. This is not API: it changes with any release.

use image_ingest_color::{ColorDescription, conversion, to_srgb};
pub use image_ingest_encode::{Canonical, CanonicalSamples};
use image_ingest_encode::{CanonicalBuffer, Encoding};
use image_ingest_jpeg::DctScale;
use image_ingest_samples::{CpuTimer, Layout, Raster, Rect, Samples, Size, Workers};

use crate::canonical::RowStages;
use crate::codec;
use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header, Orientation};
use crate::pixels::{KeptRows, RowKind};
use crate::plan::profile::Profile;
use crate::plan::{self, Plan, cost};
use crate::run::ingest::{Background, Ingest};
use crate::upload::Source;
use crate::upload::format::{Format, Sniffed};
use crate::upload::limits::Limits;
use crate::upload::sniff;

impl Decoded {
    /// The luma samples of 8 bits and the width of a row, where there are planes of them.
    #[must_use]
    pub fn luma(&self) -> Option<(&[u8], usize)> {
        let (Some(RowKind::Ycbcr { .. }), [Samples::U8(luma), ..]) = (self.rows.kind, &self.rows.planes) else {
            return None;
        };
        Some((luma, self.width))
    }
}

/// Ingests one upload, and keeps the canonical image before encoding, upright.
pub fn ingest_with_canonical(ingest: &Ingest, source: Source) -> Result<(Background, Canonical)> {
    let (background, canonical) = ingest.finish_keeping(ingest.prepare(source)?)?;
    Ok((background, canonical.upright(&CpuTimer::default())?))
}

/// A probed and planned file.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    bytes: &'a [u8],
    header: Header,
    plan: Plan,
    limits: Limits,
}

/// Decoded and reduced rows, in the colours of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    rows: KeptRows,
    /// Pixels of a row.
    width: usize,
}

/// The format that the first bytes decide.
pub fn sniff(head: &[u8]) -> Option<Format> {
    match sniff::sniff(head) {
        Sniffed::Is(format) => Some(format),
        _ => None,
    }
}

/// The Exif value of the orientation that a block holds.
pub fn exif_orientation(block: &[u8]) -> u8 {
    Exif::read(block).orientation.exif()
}

/// Probes a file of a known format.
pub fn probe(bytes: &[u8], format: Format, limits: &Limits) -> Result<Header> {
    codec::probe(bytes, format, limits, &CpuTimer::default())
}

impl<'a> Planned<'a> {
    /// Sniffs, probes and plans.
    pub fn new(bytes: &'a [u8], profile: &Profile) -> Result<Self> {
        let format = sniff(bytes).ok_or(Error::UnknownFormat { seen: "unrecognised data" })?;
        Self::of(bytes, format, profile, &Limits::default())
    }

    /// Probes as `format` and plans.
    pub fn of(bytes: &'a [u8], format: Format, profile: &Profile, limits: &Limits) -> Result<Self> {
        let header = codec::probe(bytes, format, limits, &CpuTimer::default())?;
        let plan = plan::plan(&header, profile, &CpuTimer::default())?;
        let decode_cost = codec::cost(&header, &plan, 1);
        let memory_bytes = cost::estimate(&header, &plan, profile.encoding, bytes.len() as u64, &decode_cost);
        Limits::check("memory bytes", memory_bytes, limits.max_memory_bytes)?;
        Ok(Self { bytes, header, plan, limits: limits.clone() })
    }

    /// The same file, to be decoded at 1/`divisor` whatever was planned, and not to be reduced further.
    #[must_use]
    pub fn at_scale(mut self, divisor: u32) -> Self {
        let scales = [DctScale::Full, DctScale::Half, DctScale::Quarter, DctScale::Eighth];
        self.plan.scale = scales.into_iter().find(|s| s.divisor() == divisor).unwrap_or(DctScale::Full);
        self.plan.chroma_scale = self.plan.scale;
        let (n, Size { width, height }) = (self.plan.scale.divisor(), self.header.coded_size);
        self.plan.target = Size::new(width.div_ceil(n), height.div_ceil(n));
        self
    }

    /// The size as stored.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The canonical size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.plan.size()
    }

    /// Decodes, crops and reduces.
    pub fn decode(&self) -> Result<Decoded> {
        let mut rows = KeptRows::new();
        codec::decode(self.bytes, &self.header, &self.plan, &self.limits, Workers::default(), &mut rows)?;
        Ok(Decoded { rows, width: self.plan.target.width as usize })
    }

    /// Converts, composes, turns.
    pub fn canonicalise(&self, decoded: &Decoded) -> Result<Canonical> {
        let (mut buffer, timer) = (CanonicalBuffer::default(), CpuTimer::default());
        let mut stages = RowStages::new(&self.plan, &mut buffer, CpuTimer::default());
        decoded.rows.hand_on(&mut stages)?;
        let done = stages.finish()?;
        Ok(buffer.finish(self.plan.orientation, done.alpha_composed, self.plan.scale.divisor())?.upright(&timer)?)
    }
}

/// Encodes a canonical image.
pub fn encode(canonical: &Canonical, encoding: Encoding) -> Result<Vec<u8>> {
    Ok(image_ingest_encode::encode(canonical, encoding, &CpuTimer::default())?)
}

/// Converts samples of `channels` under an ICC profile to 8-bit sRGB. Samples have 16 bits, in pairs of bytes, where `deep` is
/// set. `None` means that the profile is ignored or changes nothing.
pub fn through_icc(icc: &[u8], channels: Channels, deep: bool, samples: &[u8]) -> Result<Option<Vec<u8>>> {
    let layout = match channels {
        Channels::Gray => Layout::Gray,
        Channels::Cmyk | Channels::Ycck => Layout::Cmyk,
        _ => Layout::Rgb,
    };
    let pixel_bytes = layout.channels() * if deep { 2 } else { 1 };
    let samples = samples.get(..samples.len() / pixel_bytes * pixel_bytes).unwrap_or_default();
    let width = u32::try_from(samples.len() / pixel_bytes).unwrap_or(u32::MAX);
    let size = Size::new(width, 1);
    let header = Header {
        format: Format::Png,
        coded_size: size,
        crop: Rect::whole(size),
        orientation: Orientation::Upright,
        exif_orientation_ignored: None,
        coding: Coding::Png { interlaced: false },
        bit_depth: if deep { 16 } else { 8 },
        channels,
        has_alpha: false,
        color: ColorDescription::Icc(icc.to_vec().into()),
        frames: None,
    };
    let conversion = conversion(&header.color, header.channels.model(), &CpuTimer::default())?;
    if conversion.is_identity() {
        return Ok(None);
    }
    let samples = if deep {
        Samples::U16(samples.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect())
    } else {
        Samples::U8(samples.to_vec())
    };
    match to_srgb(Raster::new(size, layout, samples)?, &conversion, &CpuTimer::default())?.samples {
        Samples::U8(converted) => Ok(Some(converted)),
        Samples::U16(_) => Err(Error::internal("a conversion to sRGB that leaves 16 bits")),
    }
}
