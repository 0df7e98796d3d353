//! The result of what this crate does.

use image_ingest_samples::WorkError;

pub(crate) type Result<T> = std::result::Result<T, WorkError>;
