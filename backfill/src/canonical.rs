//! The profile of the canonical images and the limits of the sources, as they stand in a job's description.

use std::time::Duration;

use image_ingest::{Encoding, Geometry, Ingest, Limits, Profile};
use serde::{Deserialize, Serialize};

/// What decides the canonical bytes, and which sources are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Canonical {
    pub(crate) max_edge: u32,
    pub(crate) cover: Option<(u32, u32)>,
    pub(crate) encoding: EncodingName,
    pub(crate) quality: u8,
    pub(crate) matte: [u8; 3],
    pub(crate) max_bytes: u64,
    pub(crate) max_pixels: u64,
    pub(crate) max_memory_bytes: u64,
    pub(crate) deadline_ms: u64,
}

/// The canonical encoding, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncodingName {
    Jpeg,
    Webp,
}

impl Canonical {
    /// The library's entry point for this.
    ///
    /// # Errors
    ///
    /// What this build's encoders cannot make.
    pub(crate) fn ingest(&self) -> Result<Ingest, image_ingest::Error> {
        let mut profile = Profile::default();
        profile.geometry = match self.cover {
            Some((width, height)) => Geometry::Cover { width, height },
            None => Geometry::Fit { max_edge: self.max_edge },
        };
        profile.encoding = match self.encoding {
            EncodingName::Jpeg => Encoding::Jpeg { quality: self.quality },
            EncodingName::Webp => Encoding::Webp { quality: self.quality },
        };
        profile.matte = self.matte;
        let mut limits = Limits::default();
        limits.max_bytes = self.max_bytes;
        limits.max_pixels = self.max_pixels;
        limits.max_memory_bytes = self.max_memory_bytes;
        limits.deadline = Duration::from_millis(self.deadline_ms);
        Ingest::builder().profile(profile).limits(limits).build()
    }
}
