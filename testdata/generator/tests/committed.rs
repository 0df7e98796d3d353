//! The committed files are what the generator makes, each time and on each machine.

use std::fs;
use std::path::{Path, PathBuf};

use testdata_generator::stale_testdata;

const STALE: &str = "run the generator and commit what it writes";

#[test]
fn committed_files_are_what_the_generator_makes() {
    assert_eq!(stale_testdata(&testdata(), false).unwrap(), Vec::<String>::new(), "{STALE}");
}

#[test]
#[ignore = "encodes 12 MP pictures: seconds with --release, a minute without"]
fn committed_heavy_files_are_what_the_generator_makes() {
    assert_eq!(stale_testdata(&testdata(), true).unwrap(), Vec::<String>::new(), "{STALE}");
}

#[test]
fn what_is_missing_changed_or_unknown_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("gif")).unwrap();
    fs::create_dir_all(at("kept")).unwrap();
    for same in ["gif/animated.gif", "CREDITS.md"] {
        fs::copy(testdata().join(same), at(same)).unwrap();
    }
    for other in ["gif/interlaced.gif", "gif/unknown.gif", "kept/of_others.gif"] {
        fs::write(at(other), b"GIF89a").unwrap();
    }
    let stale = stale_testdata(folder.path(), false).unwrap();
    let names = |path: &str| stale.iter().any(|stale| stale == path);
    assert!(["gif/interlaced.gif", "gif/unknown.gif"].into_iter().all(names), "{stale:?}");
    assert!(stale.iter().any(|path| path.starts_with("jpeg/")), "{stale:?}");
    assert!(!["gif/animated.gif", "CREDITS.md", "kept/of_others.gif"].into_iter().any(names), "{stale:?}");
}

#[test]
fn committed_files_fit_their_budget() {
    let folders = fs::read_dir(testdata()).unwrap().map(|entry| entry.unwrap().path());
    let total: u64 = folders.filter(|path| !path.ends_with("generator")).map(|path| size(&path)).sum();
    assert!(total <= 15_000_000, "{total} bytes");
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Bytes of a file, or of all below a folder.
fn size(path: &Path) -> u64 {
    if !path.is_dir() {
        return fs::metadata(path).unwrap().len();
    }
    fs::read_dir(path).unwrap().map(|entry| size(&entry.unwrap().path())).sum()
}
