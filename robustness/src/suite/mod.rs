//! The suite: arguments, then inputs → cases → answers → findings → report.

mod answer;
mod case;
mod child;
mod inputs;
mod judge;
mod memory;
mod report;
mod run;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, io, thread};

use inputs::Inputs;

/// What to run.
struct Args {
    /// A seeded sample in place of everything.
    short: bool,
    /// Files as they are alone: nothing cut, nothing changed.
    whole: bool,
    /// Whether times are judged: those of a build without optimisation say nothing.
    timed: bool,
    jobs: usize,
    /// Where bombs and the archive are unpacked.
    work: PathBuf,
    testdata: PathBuf,
    corpus: Option<PathBuf>,
    report: Option<PathBuf>,
}

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == "worker") {
        return worker::serve();
    }
    let Some(args) = parse(&arguments) else {
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

/// Runs everything, and says whether no rule was broken.
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

fn parse(arguments: &[String]) -> Option<Args> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = env::temp_dir().join("image-ingest-robustness");
    let corpus = env::var_os("IMAGE_INGEST_CORPUS").map(PathBuf::from);
    let testdata = Path::new("testdata").to_path_buf();
    let mut args =
        Args { short: false, whole: false, timed: true, jobs: threads, work, testdata, corpus, report: None };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--short" => args.short = true,
            "--whole" => args.whole = true,
            "--untimed" => args.timed = false,
            "--jobs" => args.jobs = rest.next()?.parse().ok().filter(|jobs| (1..=256).contains(jobs))?,
            "--work" => args.work = rest.next()?.into(),
            "--report" => args.report = Some(rest.next()?.into()),
            _ => return None,
        }
    }
    Some(args)
}

const HELP: &str = "\
Runs hostile, damaged and good files against the library and judges what came.

Usage: image-ingest-robustness [--short] [--whole] [--untimed] [--jobs N] [--work FOLDER] [--report FILE]

  --short         a seeded sample of everything, for CI
  --whole         files as they are alone: nothing cut, nothing changed
  --untimed       do not judge times: for builds without optimisation, which check more
  --jobs N        child processes at a time (default: one for each CPU)
  --work FOLDER   where bombs are made and the archive is unpacked
  --report FILE   write the figures as Markdown

Run it where testdata/ is. IMAGE_INGEST_CORPUS names a folder of real files and malformed.tar.xz; without it, testdata/ and
the bombs alone are run. Exit codes: 0 every rule holds, 1 a rule is broken, 2 wrong usage.
";
