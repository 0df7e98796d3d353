//! Makes the project's test data from nothing: the committed files of `testdata/`, large inputs for benchmarks, and small
//! files that announce much work.
//!
//! The same bytes on each run: a seeded generator paints the pictures, pinned encoders write them, and containers,
//! profiles, Exif blocks and everything broken are written here. Nothing of the library under test is used, so that its
//! errors cannot hide in its own test data.
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

/// Writes the large inputs of the benchmarks, with a HEIC of 100 MP where `huge`.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_bench(folder: &Path, huge: bool) -> io::Result<()> {
    write_all(folder, &files::bench(huge))
}

/// Writes small files of every kind, from which the fuzz targets set out.
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
