//! Real files, where the corpus is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|e| e == "heic" || e == "heif") {
            found.push(entry);
        }
    }
}

#[test]
fn real_files_are_accepted_or_refused_with_a_reason() {
    let Some(corpus) = std::env::var_os("IMAGE_INGEST_CORPUS") else {
        eprintln!("skipped: IMAGE_INGEST_CORPUS is not set");
        return;
    };
    let mut found = Vec::new();
    files(Path::new(&corpus), &mut found);
    let limits = Limits::default();
    found.sort();
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        let start = Instant::now();
        let name = path.file_name().unwrap().display();
        match probe(&bytes, &limits) {
            Err(e) => println!("{name}: {} {e} {:?}", e.code(), start.elapsed()),
            Ok(h) => {
                let probed = start.elapsed();
                let color = h.color.name();
                println!(
                    "{name}: {:?} crop {:?} {:?} {:?} {}bit alpha {} {color} {probed:?}",
                    h.coded_size, h.crop, h.orientation, h.coding, h.bit_depth, h.has_alpha
                );
                let picture = Picture::read(&bytes, &limits).unwrap();
                println!("    {:?} {:?}", picture.signal, picture.siting);
                let start = Instant::now();
                match decode(&bytes, &h, &limits) {
                    Err(e) => println!(
                        "    {} {e} {:?} {:?}",
                        e.code(),
                        std::error::Error::source(&e).map(|s| s.to_string()),
                        start.elapsed()
                    ),
                    Ok(p) => println!("    {:?} {:?}", p.size(), start.elapsed()),
                }
            }
        }
    }
}
