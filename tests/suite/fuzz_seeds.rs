//! The fuzz targets' assertions as plain tests: over their seeds, and over testdata/ with bytes changed.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use image_ingest::{Format, Ingest};

use crate::files;
use crate::fuzz::{checks, structure};

type Check = fn(&[u8]);

/// Every target of `fuzz/fuzz_targets`, and what it runs.
const TARGETS: [(&str, Check); 19] = [
    ("upload", checks::upload),
    ("exif", checks::exif),
    ("icc", checks::icc),
    ("probe_jpeg", |data| checks::probe(data, Format::Jpeg)),
    ("probe_png", |data| checks::probe(data, Format::Png)),
    ("probe_gif", |data| checks::probe(data, Format::Gif)),
    ("probe_webp", |data| checks::probe(data, Format::Webp)),
    ("probe_heif", |data| checks::probe(data, Format::Heic)),
    ("decode_jpeg", |data| checks::decode(data, Format::Jpeg)),
    ("decode_png", |data| checks::decode(data, Format::Png)),
    ("decode_gif", |data| checks::decode(data, Format::Gif)),
    ("decode_webp", |data| checks::decode(data, Format::Webp)),
    ("decode_heif", |data| checks::decode(data, Format::Heic)),
    ("jpeg_against_others", checks::jpeg_against_others),
    ("png_against_others", checks::png_against_others),
    ("inflate_against_others", checks::inflate_against_others),
    ("gif_against_weezl", checks::gif_against_weezl),
    ("heic_against_heifer", checks::heic_against_heifer),
    ("inspect_agrees", |data| _ = checks::inspect_agrees(data, &checks::small_ingest())),
];

/// The targets that compare with the libraries of `oracles/`, which no test of this workspace builds.
const AGAINST_ORACLES: [&str; 4] = [
    "hevc_against_libde265",
    "jpeg_against_libjpeg_turbo",
    "jpeg_encode_against_libjpeg_turbo",
    "webp_against_libwebp",
];

/// The targets that look for the files that cost most, and assert nothing.
const SEARCHES: [&str; 5] = ["cost_gif", "cost_heif", "cost_jpeg", "cost_png", "cost_webp"];

#[test]
fn every_target_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    let found: BTreeSet<String> = fs::read_dir(folder).unwrap().map(|entry| stem(entry.unwrap())).collect();
    let listed = TARGETS.iter().map(|(name, _)| *name).chain(AGAINST_ORACLES).chain(SEARCHES);
    assert_eq!(found, listed.map(str::to_owned).collect());
}

#[test]
fn every_target_holds_on_its_seeds() {
    for (target, check) in TARGETS {
        for path in files::seeds(target) {
            let bytes = fs::read(&path).unwrap();
            panic::catch_unwind(AssertUnwindSafe(|| check(&bytes))).unwrap_or_else(|_| panic!("{}", path.display()));
        }
    }
}

#[test]
fn a_file_put_together_again_is_the_same_file() {
    let kinds = [
        ("jpeg", Format::Jpeg),
        ("png", Format::Png),
        ("gif", Format::Gif),
        ("webp", Format::Webp),
        ("heic", Format::Heic),
    ];
    let ingest = Ingest::default();
    let id = |bytes: Vec<u8>| {
        let source = image_ingest::Source::new(bytes, ingest.limits()).unwrap();
        ingest.ingest(source).unwrap().id
    };
    for (folder, format) in kinds {
        for path in files::testdata(folder).into_iter().filter(|path| is_small(path)).step_by(3) {
            let bytes = fs::read(&path).unwrap();
            let parts = structure::take_apart(structure::Structure::File(format), &bytes).unwrap();
            assert_eq!(id(parts.bytes()), id(bytes), "{}", files::name(&path));
        }
    }
}

fn is_small(path: &Path) -> bool {
    fs::metadata(path).unwrap().len() < 64 * 1024
}

fn testdata() -> Vec<Vec<u8>> {
    let folders = ["jpeg", "png", "gif", "webp", "heic", "bad"];
    let files = folders.iter().flat_map(|f| files::testdata(f)).filter(|path| is_small(path));
    files.map(|path| fs::read(path).unwrap()).collect()
}

/// A small generator of positions, the same on every machine (Marsaglia's xorshift).
struct Positions(u64);

impl Positions {
    fn below(&mut self, len: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % len.max(1) as u64).unwrap()
    }
}

fn probes_hold(data: &[u8]) {
    for format in [Format::Jpeg, Format::Png, Format::Gif, Format::Webp, Format::Heic] {
        checks::probe(data, format);
    }
    checks::exif(data);
}

#[test]
fn probes_hold_on_every_seed_and_its_mutants() {
    let mut positions = Positions(0x9E37_79B9_7F4A_7C15);
    for seed in testdata() {
        probes_hold(&seed);
        for _ in 0..40 {
            let mut mutant = seed.clone();
            // Headers are where probes look.
            let head = mutant.len().min(600);
            for _ in 0..3 {
                let at = positions.below(head);
                if let Some(byte) = mutant.get_mut(at) {
                    *byte = u8::try_from(positions.below(256)).unwrap();
                }
            }
            mutant.truncate(mutant.len() - positions.below(mutant.len() / 4));
            probes_hold(&mutant);
        }
    }
}

#[test]
fn whatever_is_accepted_is_what_was_announced() {
    let ingest = Ingest::default();
    let mut positions = Positions(0x2545_F491_4F6C_DD1D);
    for seed in testdata().into_iter().filter(|s| s.len() < 24 * 1024) {
        for _ in 0..4 {
            let mut mutant = seed.clone();
            let at = positions.below(mutant.len());
            if let Some(byte) = mutant.get_mut(at) {
                *byte ^= 1 << positions.below(8);
            }
            checks::inspect_agrees(&mutant, &ingest);
        }
    }
}
