//! Every file of testdata/ has the content id that `golden.tsv` says, through every way in.
//!
//! A changed id fails until the canonical version is raised. `IMAGE_INGEST_BLESS=1 cargo test --test suite golden::every`
//! writes the table anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use image_ingest::stages::ingest_with_canonical;
use image_ingest::{Background, Error, Geometry, Ingest, Known, Limits, Outcome, Profile, Source};

use crate::files;

const FOLDERS: [&str; 6] = ["jpeg", "png", "gif", "webp", "heic", "same"];

fn inputs() -> Vec<PathBuf> {
    FOLDERS.iter().flat_map(|f| files::testdata(f)).collect()
}

fn ingest(path: &Path) -> Result<Background, Error> {
    let ingest = Ingest::default();
    ingest.ingest(Source::new(fs::read(path).unwrap(), ingest.limits())?)
}

fn row(path: &Path, background: &Background) -> String {
    let (name, size) = (files::name(path), background.size);
    format!("{name}\t{}\t{}\t{}x{}", background.source_id, background.id, size.width, size.height)
}

#[test]
fn every_file_has_its_golden_id() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden.tsv");
    let made: Vec<(PathBuf, Background)> = inputs()
        .into_iter()
        .map(|path| {
            let background = ingest(&path).unwrap_or_else(|e| panic!("{}: {e} ({})", files::name(&path), e.code()));
            (path, background)
        })
        .collect();
    if std::env::var_os("IMAGE_INGEST_BLESS").is_some() {
        let rows: Vec<String> = made.iter().map(|(path, background)| row(path, background)).collect();
        let text = format!("file\tsource_id\tcontent_id\tsize\n{}\n", rows.join("\n"));
        fs::write(&table, text).unwrap();
        return;
    }
    let text = fs::read_to_string(&table).unwrap();
    let golden: BTreeMap<&str, &str> = text.lines().skip(1).map(|l| (l.split('\t').next().unwrap(), l)).collect();
    let mut wrong = String::new();
    for (path, background) in &made {
        let name = files::name(path);
        let now = row(path, background);
        if golden.get(name.as_str()) != Some(&now.as_str()) {
            let kept = keep(&name, background);
            let was = golden.get(name.as_str()).unwrap_or(&"nothing");
            let _ = writeln!(wrong, "was {was}\nnow {now}\n    the image is at {}", kept.display());
        }
    }
    assert!(wrong.is_empty(), "other than golden:\n{wrong}");
    assert_eq!(golden.len(), made.len(), "golden.tsv names files that are gone");
}

/// Writes an unexpected image where it can be looked at.
fn keep(name: &str, background: &Background) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}.jpg", name.replace('/', "_")));
    fs::write(&path, &background.bytes).unwrap();
    path
}

#[test]
fn the_same_samples_have_one_id_whatever_carries_them() {
    let mut groups: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for path in files::testdata("same") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let group = stem.split('_').next().unwrap().to_owned();
        groups.entry(group).or_default().push((files::name(&path), ingest(&path).unwrap().id.to_string()));
    }
    for (group, members) in groups {
        assert!(members.len() > 1, "{group} has one member");
        assert!(members.windows(2).all(|w| w[0].1 == w[1].1), "{group}: {members:#?}");
    }
}

#[test]
fn chunking_does_not_change_the_result() {
    let ingest = Ingest::default();
    for path in inputs().into_iter().step_by(7) {
        let bytes = Bytes::from(fs::read(&path).unwrap());
        let whole = ingest.ingest(Source::new(bytes.clone(), ingest.limits()).unwrap()).unwrap();
        for size in [1 + bytes.len() / 3, 4096, 17] {
            let mut upload = ingest.upload();
            (0..bytes.len()).step_by(size).for_each(|at| {
                upload.push(bytes.slice(at..(at + size).min(bytes.len()))).unwrap();
            });
            let chunked = ingest.ingest(upload.finish().unwrap()).unwrap();
            assert_eq!((chunked.id, chunked.source_id, &chunked.bytes), (whole.id, whole.source_id, &whole.bytes));
        }
    }
}

#[test]
fn threads_do_not_change_the_result_or_the_order() {
    let ingest = Ingest::default();
    let paths = inputs();
    let ids = |jobs: usize| -> Vec<String> {
        let sources = paths.iter().enumerate().map(|(i, p)| (i, ingest.source(fs::read(p).unwrap())));
        let results = ingest.batch(sources, jobs, 256 << 20).unwrap();
        results
            .enumerate()
            .map(|(i, (tag, result))| {
                assert_eq!(tag, i);
                result.unwrap().id.to_string()
            })
            .collect()
    };
    let one = ids(1);
    assert_eq!(one.len(), paths.len());
    assert_eq!(one, ids(2));
    for (path, id) in paths.iter().zip(&one).step_by(11) {
        assert_eq!(self::ingest(path).unwrap().id.to_string(), *id);
    }
}

#[test]
fn what_is_known_is_unchanged() {
    let ingest = Ingest::default();
    let path = &files::testdata("jpeg")[0];
    let source = || Source::new(fs::read(path).unwrap(), ingest.limits()).unwrap();
    let background = ingest.ingest(source()).unwrap();
    let unchanged = |known: &Known, source: Source| {
        matches!(ingest.ingest_if_changed(source, known).unwrap(), Outcome::Unchanged { .. })
    };
    let fingerprint = || ingest.profile().fingerprint();
    let other = image_ingest::ContentId::of(b"another picture");
    assert!(unchanged(&Known::with_source(other, background.source_id, fingerprint()), source()), "by source id");
    assert!(!unchanged(&Known::with_source(other, background.source_id, "another profile"), source()));
    assert!(unchanged(&Known::content(background.id, fingerprint()), source()), "by content id");
    assert!(!unchanged(&Known::content(other, fingerprint()), source()));
    let put_back = || ingest.source(background.bytes.clone()).unwrap();
    assert!(unchanged(&Known::content(background.id, fingerprint()), put_back()), "the canonical bytes themselves");
}

#[test]
fn canonical_bytes_put_back_under_another_profile_are_decided_by_it() {
    let small = |max_edge: u32| {
        let mut profile = Profile::default();
        profile.geometry = Geometry::Fit { max_edge };
        Ingest::builder().profile(profile).build().unwrap()
    };
    let (large, small) = (small(300), small(100));
    let path = &files::testdata("jpeg")[0];
    let made = large.ingest(large.source(fs::read(path).unwrap()).unwrap()).unwrap();
    let known = Known::content(made.id, large.profile().fingerprint());
    let put_back = |ingest: &Ingest| ingest.ingest_if_changed(ingest.source(made.bytes.clone()).unwrap(), &known);
    assert!(matches!(put_back(&large).unwrap(), Outcome::Unchanged { .. }));
    let Outcome::Changed(reduced) = put_back(&small).unwrap() else { panic!("a smaller picture is another") };
    assert!(reduced.size.longer() <= 100 && reduced.id != made.id);
}

/// Both where the canonical image stands upright and where it is turned.
#[test]
fn rows_that_are_encoded_as_they_come_give_the_bytes_of_whole_images() {
    let ingest = Ingest::default();
    for path in inputs() {
        let source = || Source::new(fs::read(&path).unwrap(), ingest.limits()).unwrap();
        let (whole, _) = ingest_with_canonical(&ingest, source()).unwrap();
        let rows = ingest.ingest(source()).unwrap();
        assert!(rows.bytes == whole.bytes, "{}", files::name(&path));
        let facts = |b: &Background| (b.receipt.alpha_composed, b.receipt.dct_scale_divisor, b.size);
        assert_eq!(facts(&rows), facts(&whole), "{}", files::name(&path));
    }
}

#[test]
fn a_source_of_other_limits_is_checked_again() {
    let bytes = fs::read(&files::testdata("png")[0]).unwrap();
    let source = Ingest::default().source(bytes.clone()).unwrap();
    let mut limits = Limits::default();
    limits.max_bytes = bytes.len() as u64 - 1;
    let strict = Ingest::builder().limits(limits).build().unwrap();
    assert_eq!(strict.inspect(&source).unwrap_err().code(), "too_large");
    assert_eq!(strict.ingest(source).unwrap_err().code(), "too_large");
}

#[test]
fn an_id_is_blake3_of_the_bytes() {
    let background = ingest(&files::testdata("png")[0]).unwrap();
    assert_eq!(background.id.as_bytes(), blake3::hash(&background.bytes).as_bytes());
}

#[test]
fn the_self_test_holds_in_this_build() {
    image_ingest::self_test().unwrap();
}
