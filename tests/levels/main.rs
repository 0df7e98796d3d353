//! The bytes are the same with the code for AVX2 and without it: of every file of testdata/, and of generated pictures over
//! kinds of channels × depths × subsampling × orientations × geometries.
//!
//! The switch is one for the process, so this is a test of its own. Where a CPU has no AVX2 there is one level, and the goldens
//! are of that.

mod pictures;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use image_ingest::{Background, Encoding, Geometry, Ingest, IngestBuilder, Profile};
use image_ingest_samples::Avx2;

/// Everything that is made of an upload, by its ids, and the facts.
fn outputs(ingest: &Ingest, name: &str, upload: &[u8]) -> Vec<String> {
    let made = ingest.source(upload.to_vec()).and_then(|source| ingest.ingest(source));
    let Background { id, renditions, receipt, .. } = made.unwrap_or_else(|e| panic!("{name}: {e}"));
    let renditions = renditions.iter().map(|rendition| rendition.id.to_string());
    [id.to_string()].into_iter().chain(renditions).chain(receipt.facts.map(|facts| format!("{facts:?}"))).collect()
}

/// Profiles that do not reduce, reduce by an exact half where there is one, by a filter, and crop; with renditions of the
/// canonical rows, of parts of them, and of halves.
fn ingests(name: &str) -> Vec<Ingest> {
    let fit = |max_edge| Geometry::Fit { max_edge };
    let geometries = [fit(2048), fit(80), fit(67), Geometry::Cover { width: 45, height: 62 }];
    let of = |geometry| {
        let mut profile = Profile::default();
        (profile.geometry, profile.encoding) = (geometry, Encoding::Jpeg { quality: 75 });
        let renditions = [("same", "fit:2048:jpeg40"), ("part", "cover:31x40@0.2,0.9"), ("small", "fit:20")];
        let rendition =
            |builder: IngestBuilder, (name, spec): (&str, &str)| builder.rendition(name, spec.parse().unwrap());
        let builder = renditions.into_iter().fold(Ingest::builder().profile(profile).facts(true), rendition);
        builder.build().unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    geometries.map(of).into()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

#[test]
fn every_level_gives_the_same_bytes() {
    if Avx2::find().is_none() {
        eprintln!("skipped: this CPU has no AVX2");
        return;
    }
    let golden = fs::read_to_string(testdata().join("golden.tsv")).unwrap();
    let goldens: BTreeMap<&str, &str> = golden
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|columns| (columns[0], columns[2]))
        .collect();
    let generated: Vec<_> = pictures::all();
    assert!(generated.len() > 350, "{} pictures", generated.len());
    let all = |name: &str, upload: &[u8]| -> Vec<Vec<String>> {
        ingests(name).iter().map(|ingest| outputs(ingest, name, upload)).collect()
    };
    let with: Vec<_> = generated.iter().map(|(name, upload)| all(name, upload)).collect();
    Avx2::hide();
    assert!(Avx2::find().is_none());
    for ((name, upload), with) in generated.iter().zip(with) {
        assert_eq!(all(name, upload), with, "{name}");
    }
    for (name, id) in goldens {
        assert_eq!(outputs(&Ingest::default(), name, &fs::read(testdata().join(name)).unwrap()), [id], "{name}");
    }
}
