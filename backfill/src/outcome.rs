//! What became of one row of the manifest: exactly one of these for each.

use object_store::Error;

use crate::verdict::Verdict;

/// A row of the results, but for what all rows of a shard share.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outcome {
    pub(crate) source_key: String,
    /// The version that was read.
    pub(crate) source_etag: Option<String>,
    /// The length of the source, where it is known.
    pub(crate) source_bytes: Option<u64>,
    pub(crate) verdict: Verdict,
    /// The attempt on the shard in which it was made.
    pub(crate) attempt: u32,
    /// The host and process that made it.
    pub(crate) worker: String,
    /// Microseconds since 1970, UTC.
    pub(crate) finished_at: i64,
}

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
    /// A row that the library refused before it had the bytes.
    pub(crate) fn refused_by(self, error: &image_ingest::Error) -> Self {
        Self { verdict: Verdict::refused(error, None), ..self }
    }

    /// A row that did not come to decoding, or whose process died.
    pub(crate) fn refused(self, code: &'static str, message: impl Into<String>) -> Self {
        let verdict = Verdict {
            code: code.to_owned(),
            retryable: code == IO,
            message: Some(message.into()),
            ..Verdict::default()
        };
        Self { verdict, ..self }
    }

    /// A row whose source was not read.
    pub(crate) fn unread(self, error: &Error) -> Self {
        match error {
            Error::NotFound { .. } => self.refused(NOT_FOUND, "the source has no such object"),
            Error::Precondition { .. } => self.refused(SOURCE_CHANGED, "the object has another etag than the manifest"),
            other => self.refused(IO, other.to_string()),
        }
    }

    /// A row whose images the target did not take.
    pub(crate) fn unstored(self, error: &Error) -> Self {
        let (source_id, cpu_ms) = (self.verdict.source_id.clone(), self.verdict.cpu_ms);
        let refused = self.refused(IO, error.to_string());
        Self { verdict: Verdict { source_id, cpu_ms, ..refused.verdict }, ..refused }
    }
}
