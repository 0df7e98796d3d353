//! Takes one upload as Python hands it over.

use bytes::Bytes;
use image_ingest::{Ingest, Source};
use pyo3::prelude::*;

use crate::buffer::bytes_of;
use crate::errors::Failure;
use crate::upload;

/// An upload: its bytes, or a source of `Upload.finish()`.
pub(crate) enum Input {
    Bytes(Bytes),
    Source(Source),
}

impl Input {
    /// Takes an upload of at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// As [`bytes_of`].
    pub(crate) fn take(data: &Bound<'_, PyAny>, max_bytes: u64) -> Result<Self, Failure> {
        match data.cast::<upload::Source>() {
            Ok(source) => Ok(Self::Source(source.get().0.clone())),
            Err(_) => bytes_of(data, max_bytes).map(Self::Bytes),
        }
    }

    /// The source, hashed and recognised. Needs no Python, and takes as long as hashing the bytes does.
    pub(crate) fn source(self, ingest: &Ingest) -> image_ingest::Result<Source> {
        match self {
            Self::Bytes(bytes) => ingest.source(bytes),
            Self::Source(source) => Ok(source),
        }
    }
}
