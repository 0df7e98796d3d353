//! The result of what this crate does.

use image_ingest_samples::DecodeError;

pub(crate) type Result<T, E = DecodeError> = std::result::Result<T, E>;
