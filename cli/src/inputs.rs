//! Turns the paths of a command into a list of inputs, and reads an input when it is needed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use image_ingest::Error;

use crate::exit::{Fatal, tell};
use crate::lines::Failure;

/// One input, not read yet.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    File,
    Stdin,
    /// A folder that could not be searched. The error is reported in its place in the list.
    Unreadable(io::Error),
}

/// The inputs that `paths` name: files as given, folders searched in name order.
///
/// All inputs are listed before the first is read, so that output written below an input folder is not an input. In
/// folders, hidden entries, links to folders and everything but files are skipped. This excludes loops of links, and
/// pipes that would block.
///
/// # Errors
///
/// Standard input named twice.
pub(crate) fn list(paths: &[PathBuf]) -> Result<Vec<Input>, Fatal> {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == STDIN;
    if paths.iter().filter(is_stdin).count() > 1 {
        return Err(Fatal::usage("standard input (-) can be read only once"));
    }
    let mut inputs = Vec::new();
    for path in paths {
        if is_stdin(&path) {
            inputs.push(Input { path: path.clone(), origin: Origin::Stdin });
        } else if path.is_dir() {
            search(path, &mut inputs);
        } else {
            inputs.push(Input { path: path.clone(), origin: Origin::File });
        }
    }
    if inputs.is_empty() {
        tell("no files in the folders named");
    }
    Ok(inputs)
}

/// Adds every file below `folder`.
fn search(folder: &Path, inputs: &mut Vec<Input>) {
    let mut stack = vec![Found { path: folder.to_owned(), is_dir: true }];
    while let Some(Found { path, is_dir }) = stack.pop() {
        if !is_dir {
            inputs.push(Input { path, origin: Origin::File });
            continue;
        }
        match entries(&path) {
            Ok(found) => stack.extend(found.into_iter().rev()),
            Err(error) => inputs.push(Input { path, origin: Origin::Unreadable(error) }),
        }
    }
}

struct Found {
    path: PathBuf,
    is_dir: bool,
}

/// The files and folders in `folder`, in name order.
fn entries(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let (path, kind) = (entry.path(), entry.file_type()?);
        // A dangling link counts as a file: reading it fails, and the error is reported.
        let linked_file = || fs::metadata(&path).map_or(true, |m| m.is_file());
        if kind.is_dir() || kind.is_file() || (kind.is_symlink() && linked_file()) {
            found.push(Found { path, is_dir: kind.is_dir() });
        }
    }
    found.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
    Ok(found)
}

impl Input {
    /// Reads the whole input, at most one byte over `max_bytes`.
    ///
    /// # Errors
    ///
    /// `io`; `too_large` for a file whose length exceeds `max_bytes`, without reading it.
    pub(crate) fn read(&mut self, max_bytes: u64) -> Result<Vec<u8>, Failure> {
        let unreadable = |error: io::Error| Failure::io("cannot read", &error);
        match std::mem::replace(&mut self.origin, Origin::File) {
            Origin::Unreadable(error) => Err(unreadable(error)),
            Origin::Stdin => read_capped(io::stdin().lock(), 0, max_bytes).map_err(unreadable),
            Origin::File => {
                let file = File::open(&self.path).map_err(unreadable)?;
                let facts = file.metadata().map_err(unreadable)?;
                if facts.is_file() && facts.len() > max_bytes {
                    return Err(Failure::from(&Error::TooLarge { limit: max_bytes, actual: facts.len() }));
                }
                read_capped(file, facts.len(), max_bytes).map_err(unreadable)
            }
        }
    }
}

/// Reads at most one byte more than `max_bytes`, which is enough for the library to refuse the input.
fn read_capped(from: impl Read, expected: u64, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(expected.min(max_bytes)).unwrap_or(0))?;
    from.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

const STDIN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let inputs = list(&[folder.to_owned()]).unwrap();
        let name = |i: &Input| i.path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        inputs.iter().map(name).collect()
    }

    #[test]
    fn folders_are_searched_in_name_order_without_hidden_entries() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/.git")).unwrap();
        for name in ["c.jpg", "b/2.jpg", "b/10.jpg", "a.txt", ".hidden", "b/.git/x"] {
            fs::write(dir.path().join(name), b"x").unwrap();
        }
        assert_eq!(names(dir.path()), ["a.txt", "b/10.jpg", "b/2.jpg", "c.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_are_inputs_and_links_to_folders_are_not() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"x").unwrap();
        symlink(dir.path().join("a"), dir.path().join("file_link")).unwrap();
        symlink(dir.path(), dir.path().join("loop")).unwrap();
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        assert_eq!(names(dir.path()), ["a", "dangling", "file_link"]);
    }

    #[test]
    fn at_most_one_byte_over_the_cap_is_read() {
        assert_eq!(read_capped(io::repeat(7), 0, 10).unwrap().len(), 11);
        assert_eq!(read_capped(&b"0123456789"[..], 10, 10).unwrap().len(), 10);
        assert_eq!(read_capped(&b""[..], u64::MAX, 10).unwrap().len(), 0);
    }

    #[test]
    fn a_file_over_the_cap_is_refused_with_its_own_length() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 30).unwrap();
        let failure = list(&[file.path().to_owned()]).unwrap()[0].read(10).unwrap_err();
        assert_eq!((failure.code, failure.limit, failure.actual), ("too_large", Some(10), Some(1 << 30)));
    }
}
