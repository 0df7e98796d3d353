//! Facts of every file of testdata/: those of the table, and near to what the reference implementations say.
//!
//! `IMAGE_INGEST_BLESS=1 cargo test --test suite facts::every` writes the table anew; `make facts` writes the references'.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image_ingest::facts::{Facts, PdqHash};
use image_ingest::stages::ingest_with_canonical;
use image_ingest::{Ingest, Size};

use crate::files;

const FOLDERS: [&str; 6] = ["jpeg", "png", "gif", "webp", "heic", "same"];

fn inputs() -> Vec<PathBuf> {
    FOLDERS.iter().flat_map(|folder| files::testdata(folder)).collect()
}

fn collecting() -> Ingest {
    Ingest::builder().facts(true).build().unwrap()
}

fn facts(path: &Path) -> Facts {
    facts_of(fs::read(path).unwrap())
}

fn facts_of(bytes: Vec<u8>) -> Facts {
    let ingest = collecting();
    ingest.ingest(ingest.source(bytes).unwrap()).unwrap().receipt.facts.expect("they were asked for")
}

fn row(path: &Path, facts: &Facts) -> String {
    let Facts { thumbhash, pdq, pdq_quality, average, dominant, luminance, high_key, .. } = facts;
    let name = files::name(path);
    format!("{name}\t{thumbhash}\t{pdq}\t{pdq_quality}\t{average}\t{dominant}\t{luminance}\t{high_key}")
}

/// The lines of a table by their first cell, without its header.
fn table(text: &str) -> BTreeMap<&str, Vec<&str>> {
    text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()).map(|cells| (cells[0], cells)).collect()
}

#[test]
fn every_file_has_the_facts_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/facts.tsv");
    let rows: Vec<String> = inputs().iter().map(|path| row(path, &facts(path))).collect();
    if std::env::var_os("IMAGE_INGEST_BLESS").is_some() {
        let header = "file\tthumbhash\tpdq\tpdq_quality\taverage\tdominant\tluminance\thigh_key";
        fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        return;
    }
    let text = fs::read_to_string(&path).unwrap();
    let known: Vec<&str> = text.lines().skip(1).collect();
    for (made, known) in rows.iter().zip(&known) {
        assert_eq!(made, known);
    }
    assert_eq!(rows.len(), known.len(), "facts.tsv names other files");
}

#[test]
fn facts_are_near_to_those_of_the_references() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = fs::read_to_string(root.join("testdata/facts.tsv")).unwrap();
    let theirs = fs::read_to_string(root.join("conformance/facts/reference.tsv")).unwrap();
    let (ours, theirs) = (table(&ours), table(&theirs));
    assert!(ours.keys().eq(theirs.keys()), "the tables name other files");
    let mut telling = 0;
    for (file, ours) in &ours {
        let theirs = &theirs[file];
        assert!(differ_by_a_step(ours[1], theirs[1]), "{file}: ThumbHash {} and {}", ours[1], theirs[1]);
        let [hash, reference] = [ours[2], theirs[2]].map(bytes_of_hex);
        let off: u32 = hash.iter().zip(&reference).map(|(a, b)| (a ^ b).count_ones()).sum();
        let quality: [u8; 2] = [ours[3], theirs[3]].map(|quality| quality.parse().unwrap());
        assert!(quality[0].abs_diff(quality[1]) <= 2, "{file}: quality {quality:?}");
        if quality[1] >= 50 {
            telling += 1;
            assert!(off <= 10, "{file}: {off} bits of PDQ");
        }
    }
    assert!(telling > 100, "{telling} files have a hash that tells something");
}

/// Whether no number in two ThumbHashes of base64 differs by more than one. Where a channel's scale is 0, its varying terms
/// show nothing.
fn differ_by_a_step(ours: &str, theirs: &str) -> bool {
    let [ours, theirs] = [ours, theirs].map(|text| values(&bytes_of_base64(text)));
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a.abs_diff(*b) <= 1)
}

fn values(hash: &[u8]) -> Vec<u64> {
    let header = hash[..5].iter().rev().fold(0, |header, byte| header << 8 | u64::from(*byte));
    let field = |start: u32, bits: u32| header >> start & ((1 << bits) - 1);
    let constants =
        [(0, 6), (6, 6), (12, 6), (18, 5), (24, 3), (27, 6), (33, 6), (39, 1)].map(|(at, bits)| field(at, bits));
    let [.., lightness_scale, shorter, p_scale, q_scale, is_landscape] = constants;
    let (nx, ny) = if is_landscape == 1 { (7, shorter.max(3)) } else { (shorter.max(3), 7) };
    let count =
        |nx: u64, ny: u64| (0..ny).map(|cy| (0..nx).filter(|cx| cx * ny < nx * (ny - cy)).count()).sum::<usize>() - 1;
    let scales = [(count(nx, ny), lightness_scale), (count(3, 3), p_scale), (count(3, 3), q_scale)];
    let mut terms = hash[5..].iter().flat_map(|byte| [byte & 15, byte >> 4].map(u64::from));
    let varying = scales.iter().flat_map(|&(count, scale)| {
        terms.by_ref().take(count).map(|term| if scale == 0 { 0 } else { term }).collect::<Vec<_>>()
    });
    constants.into_iter().chain(varying).collect()
}

fn bytes_of_hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

fn bytes_of_base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |c: u8| digits.iter().position(|digit| *digit == c).unwrap_or(0);
    let groups = text.as_bytes().chunks(4).flat_map(|group| {
        let [.., a, b, c] = group.iter().fold(0, |sum, c| sum << 6 | value(*c)).to_be_bytes();
        [a, b, c]
    });
    let padding = text.bytes().filter(|c| *c == b'=').count();
    let mut bytes: Vec<u8> = groups.collect();
    bytes.truncate(bytes.len() - padding);
    bytes
}

/// The same picture as PNG, as JPEG and WebP of quality 75, and turned.
#[test]
fn a_picture_has_nearly_the_same_hash_in_every_format() {
    for file in ["jpeg/size_1600x1200.jpg", "png/rgb8.png", "webp/lossy_333x251.webp"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file);
        let picture = image::open(&path).unwrap_or_else(|e| panic!("{file}: {e}")).to_rgb8();
        let size = Size::new(picture.width(), picture.height());
        let encoded = |encode: &dyn Fn(&mut std::io::Cursor<Vec<u8>>)| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            encode(&mut bytes);
            bytes.into_inner()
        };
        let png = encoded(&|to| picture.write_to(to, image::ImageFormat::Png).unwrap());
        let jpeg = encoded(&|to| {
            image::codecs::jpeg::JpegEncoder::new_with_quality(to, 75).encode_image(&picture).unwrap();
        });
        let webp = files::lossy_webp(size, picture.as_raw(), 75);
        let reference = facts_of(png);
        for (what, bytes) in [("JPEG", jpeg), ("WebP", webp)] {
            let facts = facts_of(bytes);
            let distance = reference.pdq.distance(&facts.pdq);
            assert!(distance <= 31, "{file} as {what}: {distance} bits");
            let off = |a: u8, b: u8| a.abs_diff(b);
            assert!(reference.average.0.iter().zip(facts.average.0).all(|(a, b)| off(*a, b) <= 3), "{file} as {what}");
        }
    }
}

/// Photos of the corpus, HEIC among them: their canonical JPEG, and what was uploaded.
#[test]
fn a_photo_and_its_canonical_image_have_nearly_the_same_hash() {
    let ingest = collecting();
    for path in files::corpus("perf") {
        let made = ingest.ingest(ingest.source(fs::read(&path).unwrap()).unwrap()).unwrap();
        let hash = |made: &image_ingest::Background| -> PdqHash { made.receipt.facts.as_ref().unwrap().pdq };
        let again = ingest.ingest(ingest.source(made.bytes.clone()).unwrap()).unwrap();
        let distance = hash(&made).distance(&hash(&again));
        assert!(distance <= 31, "{}: {distance} bits", path.display());
    }
}

/// Both where rows are encoded as they come and where the whole image is kept and turned.
#[test]
fn facts_are_those_of_the_upright_canonical_image() {
    let turned: Vec<Facts> = (1..=8)
        .filter_map(|n| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/jpeg/orientation_{n}.jpg"));
            path.exists().then(|| facts(&path))
        })
        .collect();
    assert!(turned.len() > 1, "files that are turned");
    for facts in &turned[1..] {
        assert!(turned[0].pdq.distance(&facts.pdq) <= 31);
        assert_eq!(turned[0].thumbhash.0[3..5], facts.thumbhash.0[3..5], "its aspect");
    }
    let ingest = collecting();
    for path in inputs().iter().step_by(9) {
        let source = || ingest.source(fs::read(path).unwrap()).unwrap();
        let (whole, _) = ingest_with_canonical(&ingest, source()).unwrap();
        let rows = ingest.ingest(source()).unwrap();
        assert_eq!(rows.receipt.facts, whole.receipt.facts, "{}", files::name(path));
    }
}
