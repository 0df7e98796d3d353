//! Checks on any target that image-ingest gives the content ids that it should: the library's self-test, then every file of
//! `golden.tsv` in the first folder that is named, then every file of `levels.tsv` in the second under several profiles.
//!
//! It needs nothing but files and standard output, so it runs where a test harness does not, such as in WebAssembly.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use image_ingest::{Ingest, Source, self_test};
use image_ingest_goldens::Ingests;

fn main() -> ExitCode {
    let folders: Vec<String> = env::args().skip(1).collect();
    let checked = match &folders[..] {
        [testdata] => check_default(Path::new(testdata)),
        [testdata, pictures] => check_default(Path::new(testdata)).and_then(|report| {
            let count = check_levels(Path::new(testdata), Path::new(pictures))?;
            Ok(format!("{report}, and {count} theirs under several profiles"))
        }),
        _ => {
            eprintln!("usage: goldens TESTDATA [PICTURES]");
            return ExitCode::from(2);
        }
    };
    match checked {
        Ok(report) => {
            println!("goldens: {report}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("goldens: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// What was checked, or what is wrong with the first file that has another id.
fn check_default(folder: &Path) -> Result<String, String> {
    self_test().map_err(|error| error.to_string())?;
    let ingest = Ingest::default();
    let count = for_each(&folder.join("golden.tsv"), |name, columns| {
        let file = read(&folder.join(name))?;
        let background = Source::new(file, ingest.limits()).and_then(|source| ingest.ingest(source));
        let background = background.map_err(|error| error.to_string())?;
        let ids = [background.source_id.to_string(), background.id.to_string()];
        if columns.starts_with(&ids.each_ref().map(String::as_str)) {
            Ok(())
        } else {
            Err(format!("{ids:?} in place of {columns:?}"))
        }
    })?;
    Ok(format!("the self-test and {count} files have their content ids"))
}

/// The number of files, of test data and of generated ones, or what is wrong with the first.
fn check_levels(testdata: &Path, pictures: &Path) -> Result<usize, String> {
    let ingests = Ingests::default();
    for_each(&pictures.join("levels.tsv"), |name, columns| {
        let path = name.strip_prefix("testdata/").map_or(pictures.join(name), |name| testdata.join(name));
        let id = ingests.id_of_all(&read(&path)?).map_err(|error| error.to_string())?.to_string();
        if columns == [id.as_str()] { Ok(()) } else { Err(format!("{id} in place of {columns:?}")) }
    })
}

/// Gives every row of a table but the first to `check`: its name, and the other columns.
fn for_each(table: &Path, check: impl Fn(&str, &[&str]) -> Result<(), String>) -> Result<usize, String> {
    let text = fs::read_to_string(table).map_err(|error| format!("{}: {error}", table.display()))?;
    let mut count = 0;
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, columns) = columns.split_first().ok_or("an empty line")?;
        check(name, columns).map_err(|reason| format!("{name}: {reason}"))?;
        count += 1;
    }
    if count == 0 { Err(format!("{} names no file", table.display())) } else { Ok(count) }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| error.to_string())
}
