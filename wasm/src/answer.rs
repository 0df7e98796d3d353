//! What a call comes to, as JSON.

use std::error::Error as _;

use image_ingest::rendition::Rendition;
use image_ingest::{Background, Blame, Error, Inspection, Receipt};
use serde::Serialize;

/// A canonical image, without its bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer<'a> {
    id: String,
    source_id: String,
    width: u32,
    height: u32,
    media_type: &'static str,
    receipt: &'a Receipt,
    /// In the order of their numbers.
    renditions: Vec<NamedRendition<'a>>,
}

/// A rendition, without its bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedRendition<'a> {
    name: &'a str,
    id: String,
    width: u32,
    height: u32,
    media_type: &'static str,
}

/// What a header says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Described {
    source_id: String,
    format: &'static str,
    /// As displayed.
    width: u32,
    height: u32,
    canonical_width: u32,
    canonical_height: u32,
    bytes: u64,
    memory_bytes: u64,
}

/// Why there is no image.
#[derive(Serialize)]
pub(crate) struct Refusal {
    code: &'static str,
    blame: Blame,
    message: String,
    limit: Option<u64>,
    actual: Option<u64>,
}

impl<'a> Answer<'a> {
    pub(crate) fn of(background: &'a Background) -> Self {
        Self {
            id: background.id.to_string(),
            source_id: background.source_id.to_string(),
            width: background.size.width,
            height: background.size.height,
            media_type: background.encoding.media_type(),
            receipt: &background.receipt,
            renditions: background.renditions.iter().map(NamedRendition::of).collect(),
        }
    }
}

impl<'a> NamedRendition<'a> {
    fn of(rendition: &'a Rendition) -> Self {
        Self {
            name: &rendition.name,
            id: rendition.id.to_string(),
            width: rendition.size.width,
            height: rendition.size.height,
            media_type: rendition.encoding.media_type(),
        }
    }
}

impl Described {
    pub(crate) fn of(inspection: &Inspection) -> Self {
        let (size, canonical) = (inspection.header.size(), inspection.canonical_size);
        Self {
            source_id: inspection.source_id.to_string(),
            format: inspection.header.format.name(),
            width: size.width,
            height: size.height,
            canonical_width: canonical.width,
            canonical_height: canonical.height,
            bytes: inspection.bytes,
            memory_bytes: inspection.memory_bytes,
        }
    }
}

impl Refusal {
    /// Of options: the package throws a `TypeError`.
    pub(crate) fn of_options(error: &dyn std::error::Error) -> Self {
        let message = format!("options: {error}");
        Self { code: "options", blame: Blame::Service, message, limit: None, actual: None }
    }

    pub(crate) fn of(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        let (limit, actual) = error.limit_and_actual().unzip();
        Self { code: error.code(), blame: error.blame(), message, limit, actual }
    }
}
