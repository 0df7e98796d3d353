//! Compares the primary images of HEIC files with libheif, sample by sample.
//!
//! `libheif PATH…` decodes every `.heic` and `.heif` file among the files and folders by our crates and by libheif, before
//! the file's transformations. It compares the planes, those of the alpha plane, and the size that is displayed. It ends
//! with 1 where they differ, or where one side alone refuses a file for a reason that is not known here.
#![forbid(unsafe_code)]

mod compare;
mod ours;
mod theirs;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use image_ingest_oracles::arguments::Arguments;
use libheif_rs::LibHeif;

use crate::compare::{HeifOutcome, compare};

fn main() -> ExitCode {
    let library = LibHeif::new();
    let mut tally = Tally::default();
    for path in Arguments::read().files().iter().filter(|path| is_heif(path)) {
        let outcome = match fs::read(path) {
            Ok(file) => compare(&library, &file, &path.to_string_lossy()),
            Err(error) => HeifOutcome::Different(vec![error.to_string()]),
        };
        tally.add(path, outcome);
    }
    println!("libheif: {tally}");
    if tally.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_heif(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("heic") || end.eq_ignore_ascii_case("heif"))
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    same: usize,
    refused: usize,
    different: usize,
    /// How many files were passed over for each reason.
    passed_over: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// Counts a file, and prints what is to be told of it.
    fn add(&mut self, path: &Path, outcome: HeifOutcome) {
        let name = path.display();
        match outcome {
            HeifOutcome::Same => self.same += 1,
            HeifOutcome::Refused => self.refused += 1,
            HeifOutcome::PassedOver(reason) => {
                println!("passed over: {name}: {reason}");
                *self.passed_over.entry(reason).or_default() += 1;
            }
            HeifOutcome::Different(differences) => {
                differences.iter().for_each(|difference| println!("different: {name}: {difference}"));
                self.different += 1;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { same, refused, different, passed_over } = self;
        let passed: usize = passed_over.values().sum();
        write!(f, "{} files, {same} the same", same + refused + different + passed)?;
        write!(f, ", {refused} refused by both, {different} different, {passed} passed over")?;
        for (index, (reason, count)) in passed_over.iter().enumerate() {
            write!(f, "{} {reason} ({count})", if index == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
