//! What is made of each source, and which sources are refused, as it stands in a job's description.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use image_ingest::facts::RgbColor;
use image_ingest::rendition::RenditionSpec;
use image_ingest::{Encoding, Geometry, Ingest, Limits, Profile};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The profile of the canonical images, their renditions, and the limits of the sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Canonical {
    pub(crate) geometry: Text<Geometry>,
    pub(crate) encoding: Text<Encoding>,
    pub(crate) matte: Text<RgbColor>,
    /// Further sizes by their names, whose order is that of the results.
    pub(crate) renditions: BTreeMap<String, Text<RenditionSpec>>,
    pub(crate) max_bytes: u64,
    pub(crate) max_pixels: u64,
    pub(crate) max_memory_bytes: u64,
    pub(crate) deadline_ms: u64,
}

/// A value that is written as the text that the library reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

impl Canonical {
    /// The library's entry point for this.
    ///
    /// # Errors
    ///
    /// What this build's encoders cannot make.
    pub(crate) fn ingest(&self) -> Result<Ingest, image_ingest::Error> {
        let mut profile = Profile::default();
        profile.geometry = self.geometry.0;
        profile.encoding = self.encoding.0;
        profile.matte = self.matte.0.0;
        let mut limits = Limits::default();
        limits.max_bytes = self.max_bytes;
        limits.max_pixels = self.max_pixels;
        limits.max_memory_bytes = self.max_memory_bytes;
        limits.deadline = Duration::from_millis(self.deadline_ms);
        let builder = Ingest::builder().profile(profile).limits(limits);
        let renditions = self.renditions.iter();
        renditions.fold(builder, |builder, (name, spec)| builder.rendition(name, spec.0)).build()
    }

    /// What decides the bytes of the renditions, by their names.
    pub(crate) fn rendition_fingerprints(&self) -> BTreeMap<String, String> {
        self.renditions.iter().map(|(name, spec)| (name.clone(), spec.0.fingerprint())).collect()
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|error| D::Error::custom(format!("{text}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_words_of_the_command_line() {
        let text = r##"{"geometry":"cover:1170x2532","encoding":"jpeg75","matte":"#000000","renditions":{"card":"fit:640:jpeg85"},"max_bytes":1,"max_pixels":2,"max_memory_bytes":3,"deadline_ms":4}"##;
        let canonical: Canonical = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&canonical).unwrap(), text);
        assert_eq!(canonical.ingest().unwrap().profile().fingerprint(), "v1-cover1170x2532-jpeg75-000000");
        assert_eq!(canonical.rendition_fingerprints()["card"], "r1-fit640-jpeg85");
        let wrong = serde_json::from_str::<Canonical>(&text.replace("fit:640:jpeg85", "fit:0")).unwrap_err();
        assert!(wrong.to_string().starts_with("fit:0: expected pixels"), "{wrong}");
    }
}
