//! Small files that announce much: pixels, scans, frames, items, text, profiles, nesting.
//!
//! None is committed. Each says what must become of it: a bomb around a good picture is ignored and the picture accepted;
//! one that the picture needs is refused.

mod gif;
mod heif;
mod heif_data;
mod jpeg;
mod png;
mod webp;

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::catalogue::parallel;

/// One bomb.
pub struct Bomb {
    /// The file's name.
    pub name: &'static str,
    /// What it announces.
    pub shows: &'static str,
    /// The code of its refusal, or `accepted`.
    pub outcome: &'static str,
    /// Whether it is one of the six whose cost has a fixed bound: 50 ms and 32 MiB.
    pub is_cheap: bool,
    make: fn() -> Vec<u8>,
}

impl Bomb {
    const fn new(name: &'static str, outcome: &'static str, shows: &'static str, make: fn() -> Vec<u8>) -> Self {
        Self { name, shows, outcome, is_cheap: false, make }
    }

    const fn cheap(self) -> Self {
        Self { is_cheap: true, ..self }
    }

    /// Makes the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        (self.make)()
    }
}

/// All bombs.
#[must_use]
pub fn all() -> Vec<Bomb> {
    [jpeg::all(), png::all(), gif::all(), webp::all(), heif::all(), heif_data::all()].into_iter().flatten().collect()
}

/// Writes all bombs that are not there yet, and returns where each is.
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

/// `bytes` repeated until `len` bytes are full.
fn filled(bytes: &[u8], len: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(len / bytes.len() * bytes.len()).collect()
}

/// The most that an upload may have, less what a small picture around it needs.
const NEARLY_ALL: usize = 10 * 1024 * 1024 - 64 * 1024;
