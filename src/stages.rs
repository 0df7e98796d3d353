//! Single stages, for this repository's benches and fuzz targets. Not API: it changes with any release.

use crate::canonical::{Canonical, canonicalise};
use crate::codec;
use crate::encode;
use crate::error::Result;
use crate::exif::Exif;
use crate::format::{self, Format, Sniffed};
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::Pixels;
use crate::plan::{self, DctScale, Plan};
use crate::profile::{Encoding, Profile};
use crate::size::Size;
use crate::watch::Meter;
use crate::workers::Workers;

/// A probed and planned file.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    bytes: &'a [u8],
    header: Header,
    plan: Plan,
    limits: Limits,
}

/// Decoded pixels.
#[derive(Debug, Clone)]
pub struct Decoded(Pixels);

/// The format that the first bytes decide.
pub fn sniff(head: &[u8]) -> Option<Format> {
    match format::sniff(head) {
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
    codec::probe(bytes, format, limits)
}

impl<'a> Planned<'a> {
    /// Sniffs, probes and plans.
    pub fn new(bytes: &'a [u8], profile: &Profile) -> Result<Self> {
        let limits = Limits::default();
        let format = sniff(bytes).ok_or(crate::Error::UnknownFormat { seen: "unrecognised data" })?;
        let header = codec::probe(bytes, format, &limits)?;
        let plan = plan::plan(&header, bytes.len() as u64, profile);
        Ok(Self { bytes, header, plan, limits })
    }

    /// The same, decoded at 1/1, 1/2, 1/4 or 1/8 whatever the plan wished, and not reduced further.
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

    /// Decodes.
    pub fn decode(&self) -> Result<Decoded> {
        codec::decode(self.bytes, &self.header, &self.plan, &self.limits, Workers::default()).map(Decoded)
    }

    /// Decodes a JPEG with libjpeg-turbo, whether or not our own decoder knows it.
    pub fn decode_by_libjpeg_turbo(&self) -> Result<Decoded> {
        codec::jpeg::decode_by_libjpeg_turbo(self.bytes, &self.header, &self.plan, &self.limits, &Meter::default())
            .map(Decoded)
    }

    /// Crops, reduces, converts, composes, turns.
    pub fn canonicalise(&self, decoded: Decoded) -> Result<Canonical> {
        canonicalise(decoded.0, self.header.coded_size, &self.plan, Workers::default())
    }
}

/// Encodes a canonical image.
pub fn encode(canonical: &Canonical, encoding: Encoding) -> Result<Vec<u8>> {
    encode::encode(canonical, encoding, &Meter::default())
}
