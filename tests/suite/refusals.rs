//! What must be refused is, with the code its folder names, and nothing that is cut short becomes a picture silently.

use std::fs;
use std::path::Path;

use image_ingest::{Blame, ContentId, Error, Ingest, Limits, Source};

use crate::files;

fn outcome(bytes: Vec<u8>) -> Result<ContentId, Error> {
    let ingest = Ingest::default();
    ingest.ingest(Source::new(bytes, ingest.limits())?).map(|background| background.id)
}

#[test]
fn every_bad_file_is_refused_with_the_code_of_its_folder() {
    let mut wrong = Vec::new();
    for path in files::testdata("bad") {
        let code = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        match outcome(fs::read(&path).unwrap()) {
            Ok(_) => wrong.push(format!("{}: accepted", files::name(&path))),
            Err(e) if e.code() != code => wrong.push(format!("{}: {} ({e})", files::name(&path), e.code())),
            Err(e) => assert_eq!(e.blame(), Blame::Upload, "{}", files::name(&path)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cap_is_inclusive_and_says_both_numbers() {
    let limits = Limits::default();
    let mut bytes = b"GIF89a".to_vec();
    bytes.resize(10_485_760, 0);
    assert!(Source::new(bytes.clone(), &limits).is_ok());
    bytes.push(0);
    let error = Source::new(bytes, &limits).unwrap_err();
    assert_eq!((error.code(), error.limit_and_actual()), ("too_large", Some((10_485_760, 10_485_761))));
}

#[test]
fn a_cut_file_is_refused_or_whole() {
    for folder in ["jpeg", "png", "gif", "webp", "heic"] {
        for path in files::testdata(folder) {
            truncations(&path);
        }
    }
}

/// A file cut at each percent, a large one at each tenth, is refused, unless what is gone was no part of the picture:
/// then it is the same picture.
fn truncations(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let whole = outcome(bytes.clone()).unwrap();
    let step = if bytes.len() > 100_000 { 10 } else { 1 };
    for percent in (0..100).step_by(step) {
        match outcome(bytes[..bytes.len() * percent / 100].to_vec()) {
            Ok(cut) => assert_eq!(cut, whole, "{} cut to {percent} % is another picture", files::name(path)),
            Err(e) => {
                let expected = ["truncated", "empty", "unknown_format", "malformed"];
                assert!(expected.contains(&e.code()), "{} at {percent} %: {} {e}", files::name(path), e.code());
            }
        }
    }
}
