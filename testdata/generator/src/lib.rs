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

use std::collections::BTreeSet;
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

/// The files of `folder` that are not as [`write_testdata`] writes them: changed, missing, or unknown in a folder that it
/// fills. Paths are relative to `folder`, in alphabetical order.
///
/// With `heavy`, only the files that take seconds to make are made anew and compared; without, only all others.
///
/// # Errors
///
/// A folder cannot be read.
pub fn stale_testdata(folder: &Path, heavy: bool) -> io::Result<Vec<String>> {
    let entries = files::testdata();
    let credits = fs::read_to_string(folder.join("CREDITS.md")).ok();
    let mut stale: BTreeSet<String> = BTreeSet::new();
    if credits != Some(credits::text(&entries)) {
        stale.insert("CREDITS.md".to_owned());
    }
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    let folders: BTreeSet<&str> = known.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    for name in folders.into_iter().filter(|name| folder.join(name).is_dir()) {
        let found = files_below(folder, name)?;
        stale.extend(found.into_iter().filter(|path| !known.contains(path.as_str())));
    }
    let chosen: Vec<&Entry> = entries.iter().filter(|entry| entry.heavy == heavy).collect();
    let changed = parallel(&chosen, |entry| fs::read(folder.join(&entry.path)).map_or(true, |is| is != entry.bytes()));
    stale.extend(chosen.iter().zip(changed).filter(|(_, changed)| *changed).map(|(entry, _)| entry.path.clone()));
    Ok(stale.into_iter().collect())
}

/// Paths of the files in `name` and its folders, relative to `folder`, with `/`.
fn files_below(folder: &Path, name: &str) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder.join(name))? {
        let entry = entry?;
        let path = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            paths.extend(files_below(folder, &path)?);
        } else {
            paths.push(path);
        }
    }
    Ok(paths)
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
