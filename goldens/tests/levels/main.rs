//! The bytes are the same with the code for AVX2 and without it, and those of `levels.tsv`: of generated pictures over kinds of
//! channels × depths × subsampling × orientations, and of the files of testdata/ that are not large, each under several profiles.
//!
//! The switch is one for the process, so this is a test of its own. Where a CPU has no AVX2 there is one level.
//! `IMAGE_INGEST_BLESS=1 cargo test --package image-ingest-goldens` writes the table anew.

mod pictures;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use image_ingest_goldens::Ingests;
use image_ingest_samples::Avx2;

/// Larger files show nothing that smaller ones do not, and would take most of the time where a machine is emulated.
const LARGEST_BYTES: usize = 60_000;

fn testdata() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let golden = fs::read_to_string(root.join("golden.tsv")).unwrap();
    let names = golden.lines().skip(1).map(|line| line.split('\t').next().unwrap());
    names
        .map(|name| (format!("testdata/{name}"), fs::read(root.join(name)).unwrap()))
        .filter(|(_, file)| file.len() <= LARGEST_BYTES)
        .collect()
}

#[test]
fn every_level_gives_the_same_bytes() {
    let generated = pictures::all();
    assert!(generated.len() > 350, "{} pictures", generated.len());
    let files = [testdata(), generated].concat();
    let ingests = Ingests::default();
    let ids = || -> BTreeMap<&str, String> {
        let id = |(name, file): &(_, Vec<u8>)| ingests.id_of_all(file).unwrap_or_else(|e| panic!("{name}: {e}"));
        files.iter().map(|of| (of.0.as_str(), id(of).to_string())).collect()
    };
    let here = ids();
    assert_eq!(here.len(), files.len(), "two have one name");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("levels.tsv");
    if std::env::var_os("IMAGE_INGEST_BLESS").is_some() {
        let rows: Vec<_> = here.iter().map(|(name, id)| format!("{name}\t{id}\n")).collect();
        fs::write(&table, format!("file\tid\n{}", rows.concat())).unwrap();
    }
    let table = fs::read_to_string(&table).unwrap();
    let golden: BTreeMap<&str, &str> = table.lines().skip(1).filter_map(|line| line.split_once('\t')).collect();
    let differs = |ids: &BTreeMap<&str, String>| -> Vec<String> {
        ids.iter()
            .filter(|(name, id)| golden.get(*name) != Some(&id.as_str()))
            .map(|(name, _)| (*name).to_owned())
            .collect()
    };
    assert_eq!(differs(&here), [""; 0]);
    assert_eq!(golden.len(), here.len(), "levels.tsv names files that are gone");
    if Avx2::find().is_none() {
        eprintln!("skipped: this CPU has no AVX2 to be hidden");
        return;
    }
    Avx2::hide();
    assert!(Avx2::find().is_none());
    assert_eq!(differs(&ids()), [""; 0]);
}
