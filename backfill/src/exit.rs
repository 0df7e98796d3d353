//! How a command ends: its exit codes, and the error that stops it early.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All shards that were asked for have results.
    Done,
    /// Some shards have no results yet.
    Missing,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::SUCCESS,
            Ended::Missing => Self::from(MISSING),
        }
    }
}

/// An error that ends a command early.
#[derive(Debug)]
pub(crate) struct Fatal {
    what: String,
    pub(crate) exit_code: u8,
}

impl Fatal {
    /// `what` could not be done, because of `error`.
    pub(crate) fn failed(what: impl Display, error: impl Display) -> Self {
        Self { what: format!("{what}: {error}"), exit_code: FAILED }
    }

    /// The arguments ask for something impossible.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { what: what.into(), exit_code: USAGE }
    }

    /// Shards have no results yet.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self { what: what.into(), exit_code: MISSING }
    }

    /// A signal asked the command to stop.
    pub(crate) fn interrupted() -> Self {
        Self {
            what: "interrupted; nothing is left half done, and another run goes on".to_owned(),
            exit_code: INTERRUPTED,
        }
    }
}

impl Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Writes one line to standard error. `eprintln!` would panic if standard error is closed.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "image-ingest-backfill: {text}");
}

/// Storage, or a child process, failed.
const FAILED: u8 = 1;

/// The arguments make no sense; clap uses the same.
const USAGE: u8 = 2;

/// Shards have no results yet.
const MISSING: u8 = 3;

/// 128 + SIGINT, as shells report it.
const INTERRUPTED: u8 = 130;
