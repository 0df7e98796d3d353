//! What a caller sets, as JSON.

use std::collections::BTreeMap;

use image_ingest::{Encoding, Geometry, Ingest, Limits, Profile};
use serde::Deserialize;

use crate::answer::Refusal;

/// Options of a call; what is left out has the library's default.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Options {
    /// The longer side of the result, 1–16 383.
    max_edge: Option<u32>,
    /// Width and height that the result has, cropped at its centre, in place of `maxEdge`.
    cover: Option<(u32, u32)>,
    /// Of the JPEG, 1–100.
    quality: Option<u8>,
    /// The colour under transparent pixels: red, green, blue.
    matte: Option<[u8; 3]>,
    /// Bytes of an upload.
    max_bytes: Option<u64>,
    /// Stored pixels of an upload.
    max_pixels: Option<u64>,
    /// Further sizes by their names, such as `fit:640`.
    renditions: BTreeMap<String, String>,
    /// Whether the answer has ThumbHash, PDQ hash, colours and luminance.
    facts: bool,
}

impl Options {
    /// The ingest that JSON asks for; the default one where there is none.
    ///
    /// # Errors
    ///
    /// A refusal of the options, which is never the upload's fault.
    pub(crate) fn ingest(json: &[u8]) -> Result<Ingest, Refusal> {
        let options: Self = match json {
            [] => Self::default(),
            json => serde_json::from_slice(json).map_err(|error| Refusal::of_options(&error))?,
        };
        let (mut profile, mut limits) = (Profile::default(), Limits::default());
        if let Some(max_edge) = options.max_edge {
            profile.geometry = Geometry::Fit { max_edge };
        }
        if let Some((width, height)) = options.cover {
            profile.geometry = Geometry::Cover { width, height };
        }
        if let Some(quality) = options.quality {
            profile.encoding = Encoding::Jpeg { quality };
        }
        profile.matte = options.matte.unwrap_or(profile.matte);
        limits.max_bytes = options.max_bytes.unwrap_or(limits.max_bytes);
        limits.max_pixels = options.max_pixels.unwrap_or(limits.max_pixels);
        let mut builder = Ingest::builder().profile(profile).limits(limits).facts(options.facts);
        for (name, spec) in options.renditions {
            builder = builder.rendition(name, spec.parse().map_err(|error| Refusal::of_options(&error))?);
        }
        builder.build().map_err(|error| Refusal::of_options(&error))
    }
}
