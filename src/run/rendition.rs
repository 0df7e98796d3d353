//! A rendition that was made.

use bytes::Bytes;
use image_ingest_encode::Encoding;
use image_ingest_samples::{CpuTimer, Size, WorkError};

use crate::plan::rendition::RenditionSpec;
use crate::upload::id::ContentId;

/// A further size of a picture, encoded and named.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rendition {
    /// What the ingest's settings call it.
    pub name: String,
    /// The encoded bytes.
    pub bytes: Bytes,
    /// BLAKE3 of `bytes`.
    pub id: ContentId,
    /// Width and height: those of the specification, or smaller where the canonical image is.
    pub size: Size,
    /// The encoding of `bytes`.
    pub encoding: Encoding,
}

impl Rendition {
    /// The rendition `bytes` of a canonical image of `canonical` pixels.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub(crate) fn new(
        name: &str,
        spec: &RenditionSpec,
        canonical: Size,
        bytes: Bytes,
        timer: &CpuTimer<'_>,
    ) -> Result<Self, WorkError> {
        let size = spec.frame(canonical).target;
        let id = ContentId::within(&bytes, timer)?;
        Ok(Self { name: name.to_owned(), id, bytes, size, encoding: spec.encoding })
    }
}
