//! The command line of `image-ingest`: reads arguments, writes JSON lines, and returns an exit code.
//!
//! Standard output gets JSON lines only. Messages for people go to standard error.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::{Fatal, REFUSED, Verdict, tell};
use crate::lines::Lines;

mod args;
mod backfill;
mod bench;
mod exit;
mod ingest;
mod inputs;
mod inspect;
mod lines;
mod manual;
mod output;
mod page;
mod placeholder;
mod progress;
mod report;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let lines = &mut Lines::stdout();
    let verdict = match args.command {
        Command::Ingest(args) => ingest::run(&args, lines),
        Command::Report(args) => report::run(&args, lines),
        Command::Inspect(args) => inspect::run(&args, lines),
        Command::Bench(args) => bench::run(&args, lines),
        Command::SelfTest => self_test(lines),
        Command::Completions(args) => manual::completions(&args, lines),
        Command::Man(args) => manual::pages(&args),
        Command::Backfill(args) => return backfill::run(&args),
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
