//! The command line of `image-ingest`: arguments in, JSON lines out, one exit code.
//!
//! Standard output carries JSON lines only; everything for a person goes to standard error.
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::lines::Lines;

mod args;
mod bench;
mod ingest;
mod inputs;
mod inspect;
mod lines;
mod output;
mod report;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let lines = &mut Lines::stdout();
    let verdict = match args.command {
        Command::Ingest(args) => ingest::run(&args, lines),
        Command::Inspect(args) => inspect::run(&args, lines),
        Command::Bench(args) => bench::run(&args, lines),
        Command::SelfTest => self_test(lines),
    };
    match verdict {
        Ok(Verdict::AllAccepted) => ExitCode::SUCCESS,
        Ok(Verdict::SomeRefused) => ExitCode::from(REFUSED),
        Err(fatal) => {
            if !fatal.is_broken_pipe() {
                tell(&fatal.to_string());
            }
            ExitCode::from(fatal.exit_code)
        }
    }
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every input was accepted.
    AllAccepted,
    /// At least one was not; its line says why.
    SomeRefused,
}

impl Verdict {
    /// The verdict on everything seen so far and one more input.
    pub(crate) fn and(self, accepted: bool) -> Self {
        if accepted { self } else { Self::SomeRefused }
    }
}

/// What ends a command before its last input.
#[derive(Debug)]
pub(crate) struct Fatal {
    what: String,
    kind: Option<ErrorKind>,
    exit_code: u8,
}

impl Fatal {
    /// `what` could not be done, because of `error`.
    pub(crate) fn new(what: impl Display, error: impl Display) -> Self {
        Self { what: format!("{what}: {error}"), kind: None, exit_code: REFUSED }
    }

    /// The arguments ask for what cannot be.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { what: what.into(), kind: None, exit_code: USAGE }
    }

    /// Standard output cannot be written.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        Self { kind: Some(error.kind()), ..Self::new("cannot write to standard output", error) }
    }

    /// The reader of standard output left: `image-ingest … | head` is no failure worth a message.
    fn is_broken_pipe(&self) -> bool {
        self.kind == Some(ErrorKind::BrokenPipe)
    }
}

impl Display for Fatal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// Writes one line for a person; `eprintln!` would panic where standard error is closed.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "image-ingest: {text}");
}

/// Prints help, the version, or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    match u8::try_from(error.exit_code()) {
        Ok(0) if printed.is_err() => ExitCode::from(REFUSED),
        Ok(code) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

fn self_test(lines: &mut Lines) -> Result<Verdict, Fatal> {
    image_ingest::self_test().map_err(|e| Fatal::new("self-test", e))?;
    let (samples, version) = (image_ingest::samples().len(), image_ingest::CANONICAL_VERSION);
    lines.text(&format!("ok: {samples} samples, canonical version {version}"))?;
    Ok(Verdict::AllAccepted)
}

/// The exit code when an input was refused or the output could not be written.
const REFUSED: u8 = 1;

/// The exit code when the arguments make no sense; clap's as well.
const USAGE: u8 = 2;
