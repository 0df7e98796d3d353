//! Refusals of a HEIF file, by this folder and by the engines, which do not know the container.

use image_ingest_samples::DecodeError;

use crate::error::Error;
use crate::upload::format::Format;

/// An engine's refusal.
pub(super) fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Heic, error)
}

pub(super) fn malformed(reason: impl Into<String>) -> Error {
    refusal(DecodeError::malformed(reason))
}

pub(super) fn unsupported(feature: impl Into<String>) -> Error {
    refusal(DecodeError::unsupported(feature))
}
