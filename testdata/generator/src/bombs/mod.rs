//! Bombs: small files that declare many pixels, scans, frames, items, texts, profiles or nested boxes.
//!
//! None is committed. Each states its expected outcome: if the picture does not need the large part, the file is
//! accepted; otherwise it is refused.

mod bomb;
mod gif;
mod heif;
mod heif_data;
mod jpeg;
mod png;
mod webp;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use bomb::Bomb;

use crate::catalogue::parallel;

/// All bombs.
#[must_use]
pub fn all() -> Vec<Bomb> {
    [jpeg::all(), png::all(), gif::all(), webp::all(), heif::all(), heif_data::all()].into_iter().flatten().collect()
}

/// Writes all bombs into `folder`, and returns the path of each.
///
/// # Errors
///
/// A file cannot be written.
pub fn write(folder: &Path) -> io::Result<Vec<(Bomb, PathBuf)>> {
    fs::create_dir_all(folder)?;
    let bombs: Vec<(Bomb, PathBuf)> = all().into_iter().map(|bomb| (folder.join(bomb.name), bomb)).map(swap).collect();
    let written = parallel(&bombs, |(bomb, path)| fs::write(path, bomb.bytes()));
    written.into_iter().collect::<io::Result<Vec<()>>>()?;
    Ok(bombs)
}

fn swap<A, B>((a, b): (A, B)) -> (B, A) {
    (b, a)
}
