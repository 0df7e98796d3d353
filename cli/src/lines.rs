//! Writes JSON lines to standard output, and holds the parts of them that several commands share.

use std::error::Error as _;
use std::io::{self, StdoutLock, Write};
use std::path::Path;

use image_ingest::{Blame, Error};
use serde::Serialize;

use crate::exit::Fatal;

/// Standard output, a line at a time.
pub(crate) struct Lines {
    out: StdoutLock<'static>,
}

impl Lines {
    /// Standard output, locked for the life of the process.
    pub(crate) fn stdout() -> Self {
        Self { out: io::stdout().lock() }
    }

    /// Writes `line` as JSON and flushes it.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub(crate) fn json(&mut self, line: &impl Serialize) -> Result<(), Fatal> {
        let text = serde_json::to_string(line).map_err(|e| Fatal::new("cannot write JSON", e))?;
        self.text(&text)
    }

    /// Writes `line` as it is.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub(crate) fn text(&mut self, line: &str) -> Result<(), Fatal> {
        // One write, so that a reader does not get half a line if the process is stopped.
        let whole = [line.as_bytes(), b"\n"].concat();
        self.out.write_all(&whole).and_then(|()| self.out.flush()).map_err(|e| Fatal::stdout(&e))
    }
}

/// The line of an input that was refused or could not be handled.
#[derive(Debug, Serialize)]
pub(crate) struct FailureLine<'a> {
    pub(crate) path: &'a str,
    pub(crate) error: &'a Failure,
}

/// Why an input has no result: the library's refusal, or `io` if a file could not be read or written.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) blame: Blame,
    pub(crate) message: String,
    pub(crate) limit: Option<u64>,
    pub(crate) actual: Option<u64>,
}

impl Failure {
    /// A failure of reading or writing a file; `what` says what was tried.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        let message = format!("{what}: {error}");
        Self { code: "io", blame: Blame::Service, message, limit: None, actual: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        let (limit, actual) = error.limit_and_actual().unzip();
        Self { code: error.code(), blame: error.blame(), message, limit, actual }
    }
}

/// The path as text. Bytes that are not UTF-8 are replaced.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
