//! The one error of this crate. Its variants carry facts; nobody has to parse a message.

use std::time::Duration;

use image_ingest_samples::{BoxError, DEADLINE_CLOCK, DecodeError, WorkError};

use crate::upload::format::Format;
use crate::upload::text::stands_for_a_file;

/// Everything that can go wrong between an upload and its canonical image.
///
/// [`code`](Self::code) is stable API: codes are added, never renamed. [`blame`](Self::blame) says
/// who must act. No variant carries metadata of the image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The upload has no bytes.
    #[error("the upload is empty")]
    Empty,
    /// The upload is longer than [`Limits::max_bytes`](crate::Limits::max_bytes).
    #[error("upload of {actual} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
        /// Bytes seen when it was refused, or announced.
        actual: u64,
    },
    /// The first bytes belong to none of the five formats.
    #[error("not a JPEG, PNG, GIF, WebP or HEIC image: {seen}{}", advice(seen))]
    #[non_exhaustive]
    UnknownFormat {
        /// What the bytes look like, such as `"TIFF"`, `"a URL"` or `"unrecognised data"`.
        seen: &'static str,
    },
    /// Valid, and outside what this library decodes.
    #[error("unsupported: {feature}")]
    #[non_exhaustive]
    Unsupported {
        /// The container; `None` for one that is recognised and not ingested, such as AVIF.
        format: Option<Format>,
        /// What is not supported, such as `"lossless JPEG"` or `"AVIF"`.
        feature: String,
    },
    /// The bytes violate their format's specification.
    #[error("malformed {format}: {reason}")]
    #[non_exhaustive]
    Malformed {
        /// The container.
        format: Format,
        /// What is wrong, without anything read from metadata.
        reason: String,
        /// The error of the library that decodes, where it gave one.
        #[source]
        source: Option<BoxError>,
    },
    /// The bytes end before the image does.
    #[error("truncated {format}: {reason}")]
    #[non_exhaustive]
    Truncated {
        /// The container.
        format: Format,
        /// What is missing.
        reason: String,
    },
    /// The frame or canvas has more pixels, or a longer side, than the limits allow.
    #[error("{what} of {actual} is over the limit of {limit}")]
    TooManyPixels {
        /// `"pixels"`, `"side"` or `"pixels of all tiles"`.
        what: &'static str,
        /// The limit, in `what`'s unit.
        limit: u64,
        /// The declared value.
        actual: u64,
    },
    /// Another limit of [`Limits`](crate::Limits) is exceeded.
    #[error("{what} of {actual} is over the limit of {limit}")]
    LimitExceeded {
        /// The limited quantity, such as `"scans"` or `"memory bytes"`.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The declared or counted value.
        actual: u64,
    },
    /// An allocation failed.
    #[error("could not allocate {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for; 0 when a codec failed without saying.
        bytes: u64,
    },
    /// The job took more time than [`Limits::deadline`](crate::Limits::deadline): CPU time, or wall time where a system does
    /// not say what CPU time a thread has spent.
    #[error("stopped after {actual:?} of {DEADLINE_CLOCK}, over the deadline of {limit:?}")]
    Deadline {
        /// Time allowed.
        limit: Duration,
        /// Time spent when it was stopped.
        actual: Duration,
    },
    /// The caller cancelled the job's [`CancellationToken`](crate::CancellationToken).
    #[error("cancelled by its caller")]
    Cancelled,
    /// A bug in this library: a panic, or a state that should be impossible. The upload is not to blame.
    #[error("internal error: {reason}")]
    #[non_exhaustive]
    Internal {
        /// Which invariant broke.
        reason: String,
    },
}

/// The advice for an upload that is text in place of a file.
fn advice(seen: &str) -> &'static str {
    if stands_for_a_file(seen) { "; send the file's bytes" } else { "" }
}

/// Who must act on an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Blame {
    /// The sender: another attempt with the same bytes fails again.
    Upload,
    /// The service: the same bytes may succeed later or elsewhere.
    Service,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The stable machine-readable code.
    ///
    /// ```
    /// let error = image_ingest::Error::Empty;
    /// assert_eq!(error.code(), "empty");
    /// assert_eq!(error.blame(), image_ingest::Blame::Upload);
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::Unsupported { .. } => "unsupported",
            Self::Malformed { .. } => "malformed",
            Self::Truncated { .. } => "truncated",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Deadline { .. } => "deadline",
            Self::Cancelled => "cancelled",
            Self::Internal { .. } => "internal",
        }
    }

    /// Who must act: the sender of the upload, or the service that received it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::OutOfMemory { .. } | Self::Cancelled | Self::Internal { .. } => Blame::Service,
            _ => Blame::Upload,
        }
    }

    /// The limit that refused the upload and the value that exceeded it, where one did.
    ///
    /// Bytes, pixels, counts, or milliseconds for a deadline.
    #[must_use]
    pub fn limit_and_actual(&self) -> Option<(u64, u64)> {
        let millis = |d: &Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::TooLarge { limit, actual }
            | Self::TooManyPixels { limit, actual, .. }
            | Self::LimitExceeded { limit, actual, .. } => Some((*limit, *actual)),
            Self::Deadline { limit, actual } => Some((millis(limit), millis(actual))),
            _ => None,
        }
    }

    pub(crate) fn internal(reason: impl Into<String>) -> Self {
        Self::Internal { reason: reason.into() }
    }
}

impl Error {
    /// A decoder's refusal of an upload whose container is `format`.
    pub(crate) fn in_format(format: Format, error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed { reason, source } => Self::Malformed { format, reason, source },
            DecodeError::Truncated { reason } => Self::Truncated { format, reason },
            DecodeError::Unsupported { feature } => Self::Unsupported { format: Some(format), feature },
            DecodeError::LimitExceeded { what, limit, actual } => Self::LimitExceeded { what, limit, actual },
            DecodeError::Work(error) => error.into(),
        }
    }
}

impl From<WorkError> for Error {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::OutOfMemory { bytes } => Self::OutOfMemory { bytes },
            WorkError::Deadline { limit, actual } => Self::Deadline { limit, actual },
            WorkError::Cancelled => Self::Cancelled,
            WorkError::Internal { reason } => Self::Internal { reason },
        }
    }
}
