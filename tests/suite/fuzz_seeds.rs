//! The fuzz targets' invariants over testdata/, whole, cut and with single bytes changed, as plain tests.

use std::fs;

use image_ingest::stages::{exif_orientation, probe, sniff};
use image_ingest::{ContentId, Format, Ingest, Limits, Source};

use crate::files;

fn seeds() -> Vec<Vec<u8>> {
    let folders = ["jpeg", "png", "gif", "webp", "heic", "bad"];
    let files = folders.iter().flat_map(|f| files::testdata(f)).map(|p| fs::read(p).unwrap());
    files.filter(|bytes| bytes.len() < 64 * 1024).collect()
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
    let limits = Limits::default();
    for format in [Format::Jpeg, Format::Png, Format::Gif, Format::Webp, Format::Heic] {
        if let Ok(header) = probe(data, format, &limits) {
            assert!(header.coded_size.pixels() > 0 && header.coded_size.pixels() <= limits.max_pixels);
            assert!(header.size().pixels() > 0 && header.size().pixels() <= header.coded_size.pixels());
        }
    }
    assert!((1..=8).contains(&exif_orientation(data)));
}

#[test]
fn probes_hold_on_every_seed_and_its_mutants() {
    let mut positions = Positions(0x9E37_79B9_7F4A_7C15);
    for seed in seeds() {
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
    for seed in seeds().into_iter().filter(|s| s.len() < 24 * 1024) {
        for _ in 0..4 {
            let mut mutant = seed.clone();
            let at = positions.below(mutant.len());
            if let Some(byte) = mutant.get_mut(at) {
                *byte ^= 1 << positions.below(8);
            }
            let Ok(source) = Source::new(mutant, ingest.limits()) else { continue };
            match (ingest.inspect(source.clone()), ingest.ingest(source)) {
                (Ok(inspection), Ok(background)) => {
                    assert_eq!(inspection.canonical_size, background.size);
                    assert_eq!(background.id, ContentId::of(&background.bytes));
                }
                (Err(a), Err(b)) => assert_eq!(a.code(), b.code()),
                (Ok(_), Err(e)) => assert_ne!(e.code(), "internal", "{e}"),
                (Err(e), Ok(_)) => panic!("inspect alone refuses: {e}"),
            }
        }
    }
}

#[test]
fn more_bytes_never_change_a_decision() {
    for seed in seeds() {
        let decided = (0..seed.len().min(64)).find_map(|n| sniff(&seed[..n]));
        if let Some(format) = decided {
            assert_eq!(sniff(&seed), Some(format));
        }
    }
}
