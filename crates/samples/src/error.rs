//! Why work on an image ended without a result.

use std::time::Duration;

use crate::clock::DEADLINE_CLOCK;

/// Work on samples ended for a reason that is not in the uploaded bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// An allocation failed.
    #[error("could not allocate {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for; 0 when a codec does not say how many.
        bytes: u64,
    },
    /// The job took more time than its budget allows, by [`DEADLINE_CLOCK`].
    #[error("stopped after {actual:?} of {DEADLINE_CLOCK}, over the deadline of {limit:?}")]
    Deadline {
        /// Time allowed.
        limit: Duration,
        /// Time spent when the job was stopped.
        actual: Duration,
    },
    /// The caller cancelled the job.
    #[error("cancelled by its caller")]
    Cancelled,
    /// An invariant of this code is broken. That is a bug and not a fault of the upload.
    #[error("internal error: {reason}")]
    Internal {
        /// Which invariant broke.
        reason: String,
    },
}

impl WorkError {
    /// The error for a broken invariant; `reason` names it.
    pub fn internal(reason: impl Into<String>) -> Self {
        Self::Internal { reason: reason.into() }
    }
}

/// A decoder's refusal of its input, or the end of its work.
///
/// A decoder does not know the container that its bytes came from; `image-ingest` adds the format.
///
/// ```
/// use image_ingest_samples::DecodeError;
///
/// let refused = DecodeError::check_limit("scans", 501, 500);
/// assert_eq!(refused.unwrap_err().to_string(), "scans of 501 is over the limit of 500");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes violate their format's specification.
    #[error("malformed: {reason}")]
    Malformed {
        /// What is wrong, without anything read from metadata.
        reason: String,
        /// The error of the library that found it, if a library did.
        #[source]
        source: Option<BoxError>,
    },
    /// The bytes end before the image does.
    #[error("truncated: {reason}")]
    Truncated {
        /// What is missing.
        reason: String,
    },
    /// Valid, and outside what the decoder knows.
    #[error("unsupported: {feature}")]
    Unsupported {
        /// What is not supported.
        feature: String,
    },
    /// A count of the format is over its limit.
    #[error("{what} of {actual} is over the limit of {limit}")]
    LimitExceeded {
        /// The limited quantity.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The declared or counted value.
        actual: u64,
    },
    /// The work ended for a reason that is not in the bytes.
    #[error(transparent)]
    Work(#[from] WorkError),
}

/// The error of a dependency, boxed so that its type is not part of any API here.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

impl DecodeError {
    /// The bytes violate their format's specification.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into(), source: None }
    }

    /// The bytes violate their format's specification, as a library found; its error is `source`.
    pub fn malformed_by(reason: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Malformed { reason: reason.into(), source: Some(source.into()) }
    }

    /// The bytes end before the image does.
    pub fn truncated(reason: impl Into<String>) -> Self {
        Self::Truncated { reason: reason.into() }
    }

    /// Valid, and outside what the decoder knows.
    pub fn unsupported(feature: impl Into<String>) -> Self {
        Self::Unsupported { feature: feature.into() }
    }

    /// The error for a broken invariant; `reason` names it.
    pub fn internal(reason: impl Into<String>) -> Self {
        WorkError::internal(reason).into()
    }

    /// The error for a failed allocation of `bytes` bytes; 0 when a codec does not say how many it asked for.
    #[must_use]
    pub fn out_of_memory(bytes: u64) -> Self {
        WorkError::OutOfMemory { bytes }.into()
    }

    /// Refuses a count over its limit.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](Self::LimitExceeded) when `actual` is above `limit`.
    pub fn check_limit(what: &'static str, actual: u64, limit: u64) -> Result<(), Self> {
        if actual > limit { Err(Self::LimitExceeded { what, limit, actual }) } else { Ok(()) }
    }
}
