//! The suite: inputs → cases → answers → findings → report.

mod answer;
mod args;
mod case;
mod child;
mod inputs;
mod judge;
mod memory;
mod report;
mod run;
mod worker;

use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, io};

use args::{Args, HELP};
use inputs::Inputs;

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == "worker") {
        return worker::serve();
    }
    let Some(args) = Args::parse(&arguments) else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match check(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("image-ingest-robustness: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all cases. Returns true if no rule was broken.
fn check(args: &Args) -> io::Result<bool> {
    let started = Instant::now();
    let inputs = Inputs::gather(args)?;
    let outcome = run::all(&inputs, args)?;
    let text = report::text(&inputs, &outcome, args, started.elapsed());
    print!("{}", report::summary(&outcome));
    if let Some(path) = &args.report {
        fs::write(path, text)?;
    }
    Ok(outcome.findings.is_empty())
}
