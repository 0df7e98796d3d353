//! The arguments of the suite, and its help.

use std::path::{Path, PathBuf};
use std::{env, thread};

/// The arguments of a run.
pub(super) struct Args {
    /// Runs a seeded sample instead of everything.
    pub(super) short: bool,
    /// Runs unchanged files only: nothing is cut or changed.
    pub(super) whole: bool,
    /// Whether times are checked. Times of a build without optimisation mean nothing.
    pub(super) timed: bool,
    pub(super) jobs: usize,
    /// The folder for bombs and for the unpacked archive.
    pub(super) work: PathBuf,
    pub(super) testdata: PathBuf,
    pub(super) corpus: Option<PathBuf>,
    pub(super) report: Option<PathBuf>,
}

impl Args {
    /// Parses the arguments after the name of the program; `None` if they are wrong.
    pub(super) fn parse(arguments: &[String]) -> Option<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let work = env::temp_dir().join("image-ingest-robustness");
        let corpus = env::var_os("IMAGE_INGEST_CORPUS").map(PathBuf::from);
        let testdata = Path::new("testdata").to_path_buf();
        let mut args =
            Self { short: false, whole: false, timed: true, jobs: threads, work, testdata, corpus, report: None };
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
}

pub(super) const HELP: &str = "\
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
