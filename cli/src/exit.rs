//! How a command ends: its verdict, the error that stops it early, and its exit codes.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// The verdict of a command that read all its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every input was accepted.
    AllAccepted,
    /// At least one input was refused; its line says why.
    SomeRefused,
}

impl Verdict {
    /// The verdict on all inputs so far and one more.
    pub(crate) fn and(self, accepted: bool) -> Self {
        if accepted { self } else { Self::SomeRefused }
    }
}

/// An error that ends a command before its last input.
#[derive(Debug)]
pub(crate) struct Fatal {
    what: String,
    kind: Option<ErrorKind>,
    pub(crate) exit_code: u8,
}

impl Fatal {
    /// `what` could not be done, because of `error`.
    pub(crate) fn new(what: impl Display, error: impl Display) -> Self {
        Self { what: format!("{what}: {error}"), kind: None, exit_code: REFUSED }
    }

    /// The arguments ask for something impossible.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { what: what.into(), kind: None, exit_code: USAGE }
    }

    /// Standard output cannot be written.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        Self { kind: Some(error.kind()), ..Self::new("cannot write to standard output", error) }
    }

    /// Whether the reader of standard output closed it, as in `image-ingest … | head`. This gets no message.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.kind == Some(ErrorKind::BrokenPipe)
    }
}

impl Display for Fatal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// Writes one line to standard error. `eprintln!` would panic if standard error is closed.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "image-ingest: {text}");
}

/// The exit code when an input was refused or the output could not be written.
pub(crate) const REFUSED: u8 = 1;

/// The exit code when the arguments make no sense; clap uses the same.
const USAGE: u8 = 2;
