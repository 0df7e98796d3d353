//! The generator gives the same bytes each time, and they are the committed ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::catalogue::{Entry, parallel};
use crate::{credits, files};

#[test]
fn generating_twice_gives_the_same_bytes() {
    let quick = |entry: &Entry| !entry.heavy && !entry.path.ends_with(".heic");
    let quick: Vec<Entry> = files::testdata().into_iter().filter(quick).collect();
    let differs = parallel(&quick, |entry| (entry.bytes() != entry.bytes()).then(|| entry.path.clone()));
    assert_eq!(differs.into_iter().flatten().collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn committed_files_are_what_the_generator_makes() {
    assert_eq!(changed(|entry| !entry.heavy), Vec::<String>::new(), "run the generator and commit what it writes");
}

#[test]
#[ignore = "encodes 12 MP pictures: seconds with --release, a minute without"]
fn committed_heavy_files_are_what_the_generator_makes() {
    assert_eq!(changed(|entry| entry.heavy), Vec::<String>::new(), "run the generator and commit what it writes");
}

#[test]
fn committed_credits_name_every_file() {
    let text = fs::read_to_string(folder().join("CREDITS.md")).unwrap();
    assert_eq!(text, credits::text(&files::testdata()));
}

#[test]
fn every_committed_file_is_in_the_catalogue() {
    let known: BTreeSet<String> = files::testdata().into_iter().map(|entry| entry.path).collect();
    let found: BTreeSet<String> = FOLDERS.iter().flat_map(|name| listed(&folder().join(name))).collect();
    assert_eq!(known.symmetric_difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn committed_files_fit_their_budget() {
    let sizes =
        FOLDERS.iter().flat_map(|name| listed(&folder().join(name))).map(|path| fs::metadata(folder().join(path)));
    let total: u64 = sizes.map(|metadata| metadata.unwrap().len()).sum();
    assert!(total <= 15_000_000, "{total} bytes");
}

const FOLDERS: [&str; 7] = ["jpeg", "png", "gif", "webp", "heic", "same", "bad"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Paths of the chosen files that are missing or differ from what the generator makes.
fn changed(chosen: impl Fn(&Entry) -> bool) -> Vec<String> {
    let entries: Vec<Entry> = files::testdata().into_iter().filter(chosen).collect();
    let differs = parallel(&entries, |entry| {
        let committed = fs::read(folder().join(&entry.path)).ok();
        (committed != Some(entry.bytes())).then(|| entry.path.clone())
    });
    differs.into_iter().flatten().collect()
}

/// Files below `path`, relative to `testdata/`.
fn listed(path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(folder()).unwrap().to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            out.extend(listed(&path));
        } else {
            out.push(name);
        }
    }
    out
}
