//! Generates the project's test data: the committed files of `testdata/`, large inputs for benchmarks, and small files
//! that declare much work.
//!
//! Every run writes the same bytes. A seeded generator paints the pictures, encoders of fixed versions write them, and
//! this crate writes containers, profiles, Exif blocks and broken files itself. It uses nothing of the library under
//! test, so that errors of the library cannot hide in its test data.
#![expect(clippy::cast_possible_truncation, reason = "samples and sizes that this program chose itself")]
#![deny(unsafe_code)]

pub mod bombs;
mod catalogue;
mod credits;
mod encode;
mod files;
mod metadata;
mod raster;
mod scene;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::{fs, io};

use catalogue::{Entry, parallel};

/// Writes every committed file and `CREDITS.md`.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_testdata(folder: &Path) -> io::Result<()> {
    let entries = files::testdata();
    write_all(folder, &entries)?;
    fs::write(folder.join("CREDITS.md"), credits::text(&entries))
}

/// Writes the large inputs of the benchmarks, with a HEIC of 100 MP if `huge`.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_bench(folder: &Path, huge: bool) -> io::Result<()> {
    write_all(folder, &files::bench(huge))
}

/// Writes the seeds of the fuzz targets: small files of every kind.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_seeds(folder: &Path) -> io::Result<()> {
    write_all(folder, &files::seeds())
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
