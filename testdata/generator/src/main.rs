//! Makes the project's test data from nothing: the committed files of `testdata/`, and large inputs for benchmarks.
//!
//! The same bytes on each run: a seeded generator paints the pictures, pinned encoders write them, and containers,
//! profiles, Exif blocks and everything broken are written here. Nothing of the library under test is used, so that its
//! errors cannot hide in its own test data.
#![expect(clippy::cast_possible_truncation, reason = "samples and sizes that this program chose itself")]
#![deny(unsafe_code)]

mod catalogue;
mod credits;
mod encode;
mod files;
mod metadata;
mod raster;
mod scene;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use catalogue::{Entry, parallel};

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
        ["bench", folder] if !folder.starts_with('-') => write_all(Path::new(folder), &files::bench(false)),
        ["bench", "--huge", folder] => write_all(Path::new(folder), &files::bench(true)),
        ["seeds", folder] if !folder.starts_with('-') => write_all(Path::new(folder), &files::seeds()),
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

fn write_testdata(folder: &Path) -> io::Result<()> {
    let entries = files::testdata();
    write_all(folder, &entries)?;
    fs::write(folder.join("CREDITS.md"), credits::text(&entries))
}

fn write_all(folder: &Path, entries: &[Entry]) -> io::Result<()> {
    let lengths = parallel(entries, |entry| write(folder, entry)).into_iter().collect::<io::Result<Vec<usize>>>()?;
    eprintln!("{} files, {} bytes in {}", entries.len(), lengths.iter().sum::<usize>(), folder.display());
    Ok(())
}

fn write(folder: &Path, entry: &Entry) -> io::Result<usize> {
    let path = folder.join(&entry.path);
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(at)?;
    let bytes = entry.bytes();
    fs::write(&path, &bytes).map_err(at)?;
    eprintln!("{:>9} {}", bytes.len(), entry.path);
    Ok(bytes.len())
}

const HELP: &str = "\
Makes the test data of image-ingest from nothing, the same bytes on each run.

Usage:
  testdata-generator testdata [FOLDER]      write every committed file and CREDITS.md (default: testdata)
  testdata-generator bench [--huge] FOLDER  write the large inputs of the benchmarks, which are never committed;
                                            --huge adds a HEIC of 100 MP, which takes minutes
  testdata-generator seeds FOLDER           write small files of every kind, from which the fuzz targets set out
  testdata-generator --help                 show this text

Progress goes to standard error. Exit codes: 0 done, 1 a file could not be written, 2 wrong usage.
";
