//! Writes canonical files so that a file has its name only when it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

/// The folder that canonical files go to.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    unfinished: Unfinished,
}

impl Folder {
    /// Opens `dir`, creates it if it is missing, and checks that files can be created in it.
    ///
    /// # Errors
    ///
    /// The folder cannot be created or written.
    pub(crate) fn open(dir: &Path, unfinished: Unfinished) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let folder = Self { dir: dir.to_owned(), unfinished };
        folder.temporary()?.close()?;
        Ok(folder)
    }

    /// Stores `bytes` as `name`, replacing a file of that name, and returns its path.
    ///
    /// # Errors
    ///
    /// An error of the file system. No temporary file is left.
    pub(crate) fn store(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let mut file = {
            let mut unfinished = self.unfinished.lock();
            let file = self.temporary()?;
            *unfinished = Some(file.path().to_owned());
            file
        };
        // Written through the inner file: errors of `NamedTempFile` would name the temporary path.
        let written = file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all());
        let path = self.dir.join(name);
        // Held until the file is renamed or removed, so that an interruption finds one of these states.
        let mut unfinished = self.unfinished.lock();
        let stored = match written {
            Ok(()) => file.persist(&path).map(drop).map_err(|e| e.error),
            Err(error) => file.close().and(Err(error)),
        };
        *unfinished = None;
        stored.map(|()| path)
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = Builder::new();
        builder.prefix(".image-ingest-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The mode of any new file, which the user's umask reduces, instead of the private mode of temporary files.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.dir)
    }
}

/// The path of the temporary file being written, shared with the handler of Ctrl-C.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unfinished(Arc<Mutex<Option<PathBuf>>>);

impl Unfinished {
    /// Removes the temporary file, and keeps the lock for ever, so that no other file is created or renamed. The
    /// process must end after this.
    pub(crate) fn abandon(&self) {
        let unfinished = self.lock();
        if let Some(path) = &*unfinished {
            let _ = fs::remove_file(path);
        }
        std::mem::forget(unfinished);
    }

    fn lock(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn storing_twice_leaves_one_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("new/folder"), Unfinished::default()).unwrap();
        let first = folder.store("a.jpg", b"first").unwrap();
        assert_eq!(folder.store("a.jpg", b"second").unwrap(), first);
        assert_eq!(fs::read(&first).unwrap(), b"second");
        assert_eq!(names(&dir.path().join("new/folder")), ["a.jpg"]);
    }

    #[test]
    fn a_failed_store_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path(), Unfinished::default()).unwrap();
        fs::create_dir(dir.path().join("a.jpg")).unwrap();
        assert!(folder.store("a.jpg", b"bytes").is_err());
        assert_eq!(names(dir.path()), ["a.jpg"]);
    }

    #[test]
    fn abandoning_removes_the_file_in_work() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("half");
        fs::write(&path, b"ha").unwrap();
        let unfinished = Unfinished::default();
        *unfinished.lock() = Some(path);
        unfinished.abandon();
        assert!(names(dir.path()).is_empty());
    }
}
