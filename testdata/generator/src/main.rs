//! Writes test data into a folder. The library makes the files.

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use testdata_generator::{bombs, stale_testdata, write_bench, write_seeds, write_testdata};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["-h" | "--help" | "help"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["testdata"] => write_testdata(&PathBuf::from("testdata")),
        ["testdata", folder] if !folder.starts_with('-') => write_testdata(Path::new(folder)),
        ["check"] => check(Path::new("testdata")),
        ["check", folder] if !folder.starts_with('-') => check(Path::new(folder)),
        ["bench", folder] if !folder.starts_with('-') => write_bench(Path::new(folder), false),
        ["bench", "--huge", folder] => write_bench(Path::new(folder), true),
        ["seeds", folder] if !folder.starts_with('-') => write_seeds(Path::new(folder)),
        ["bombs", folder] if !folder.starts_with('-') => bombs::write(Path::new(folder)).map(drop),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("testdata-generator: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Names what is stale, quick and heavy, which is an error.
fn check(folder: &Path) -> io::Result<()> {
    let stale = [stale_testdata(folder, false)?, stale_testdata(folder, true)?].concat();
    let stale: BTreeSet<&String> = stale.iter().collect();
    for path in &stale {
        println!("{path}");
    }
    if stale.is_empty() { Ok(()) } else { Err(io::Error::other(format!("{} stale files", stale.len()))) }
}

const HELP: &str = "\
Makes the test data of image-ingest from nothing, the same bytes on each run.

Usage:
  testdata-generator testdata [FOLDER]      write every committed file and CREDITS.md (default: testdata)
  testdata-generator check [FOLDER]         name the files of such a folder that would be written otherwise, or not at all
  testdata-generator bench [--huge] FOLDER  write the large inputs of the benchmarks, which are never committed;
                                            --huge adds a HEIC of 100 MP, which takes minutes
  testdata-generator bombs FOLDER           write small files that announce much work, which are never committed
  testdata-generator seeds FOLDER           write small files of every kind, from which the fuzz targets set out
  testdata-generator --help                 show this text

Progress goes to standard error. Exit codes: 0 done, 1 a file could not be written or is stale, 2 wrong usage.
";
