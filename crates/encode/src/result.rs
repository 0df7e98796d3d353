//! The result of what this crate does.

use image_ingest_samples::WorkError;

pub(crate) type Result<T, E = WorkError> = std::result::Result<T, E>;
