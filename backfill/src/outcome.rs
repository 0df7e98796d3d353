//! What became of one row of the manifest: exactly one of these for each.

use object_store::Error;

/// A row of the results, but for what all rows of a shard share.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outcome {
    pub(crate) source_key: String,
    /// The version that was read.
    pub(crate) source_etag: Option<String>,
    /// The length of the source, where it is known.
    pub(crate) source_bytes: Option<u64>,
    /// `ok`, a code of the library, or one of this program: [`NOT_FOUND`] and those beside it.
    pub(crate) code: String,
    /// Whether the same bytes may succeed later or elsewhere.
    pub(crate) retryable: bool,
    pub(crate) message: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) actual: Option<u64>,
    pub(crate) source_id: Option<String>,
    pub(crate) id: Option<String>,
    /// The key of the canonical image below the target.
    pub(crate) object_key: Option<String>,
    /// The length of the canonical image, in bytes.
    pub(crate) size: Option<u64>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// What was done, as JSON.
    pub(crate) receipt: Option<String>,
    /// The attempt on the shard in which it was made.
    pub(crate) attempt: u32,
    /// The host and process that made it.
    pub(crate) worker: String,
    pub(crate) cpu_ms: f64,
    /// Microseconds since 1970, UTC.
    pub(crate) finished_at: i64,
}

/// The code of an accepted row.
pub(crate) const OK: &str = "ok";

/// The source has no such object.
pub(crate) const NOT_FOUND: &str = "not_found";

/// The object is of another version than the manifest's.
pub(crate) const SOURCE_CHANGED: &str = "source_changed";

/// No store has such a key.
pub(crate) const INVALID_KEY: &str = "invalid_key";

/// Storage failed, after several tries.
pub(crate) const IO: &str = "io";

/// The process that decoded this row, and nothing else, died.
pub(crate) const WORKER_FAILED: &str = "worker_failed";

impl Outcome {
    /// A row that did not come to decoding, or whose process died.
    pub(crate) fn refused(self, code: &'static str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), retryable: code == IO, message: Some(message.into()), ..self }
    }

    /// A row whose source was not read.
    pub(crate) fn unread(self, error: &Error) -> Self {
        match error {
            Error::NotFound { .. } => self.refused(NOT_FOUND, "the source has no such object"),
            Error::Precondition { .. } => self.refused(SOURCE_CHANGED, "the object has another etag than the manifest"),
            other => self.refused(IO, other.to_string()),
        }
    }
}
