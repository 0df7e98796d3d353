//! The files that tests read: testdata/, the corpus that an environment variable names, and WebP that they encode.

use std::fs;
use std::path::{Path, PathBuf};

use image_ingest::Size;
use image_ingest_color::LimitedPlanes;
use image_ingest_samples::CpuTimer;

/// Every regular file below `testdata/<folder>`, sorted.
pub(crate) fn testdata(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let files = below(&root);
    assert!(!files.is_empty(), "no files below {}", root.display());
    files
}

/// The seeds of a fuzz target, sorted.
pub(crate) fn seeds(target: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = below(&root);
    assert!(!files.is_empty(), "no files below {}", root.display());
    files
}

/// Every regular file below a folder of the corpus, or nothing and a message where there is no corpus.
pub(crate) fn corpus(folder: &str) -> Vec<PathBuf> {
    let Some(root) = std::env::var_os("IMAGE_INGEST_CORPUS") else {
        eprintln!("skipped: IMAGE_INGEST_CORPUS is not set");
        return Vec::new();
    };
    below(&Path::new(&root).join(folder))
}

/// `folder/name` of a file, as goldens and messages name it.
pub(crate) fn name(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Interleaved RGB as lossy WebP by libwebp.
pub(crate) fn lossy_webp(size: Size, rgb: &[u8], quality: u8) -> Vec<u8> {
    let LimitedPlanes { size, mut luma, mut cb, mut cr } =
        LimitedPlanes::from_rgb(size, rgb, &CpuTimer::default()).unwrap();
    image_ingest_webp_encode::encode(size, &mut luma, &mut cb, &mut cr, quality, &CpuTimer::default()).unwrap()
}

fn below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
