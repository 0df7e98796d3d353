//! Checks on any target that image-ingest gives the content ids that it should: the library's self-test, then every file of
//! `golden.tsv` in the folder that is named.
//!
//! It needs nothing but files and standard output, so it runs where a test harness does not, such as in WebAssembly.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use image_ingest::{Ingest, Source, self_test};

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("usage: goldens FOLDER");
        return ExitCode::from(2);
    };
    match check(Path::new(&folder)) {
        Ok(count) => {
            println!("goldens: the self-test and {count} files have their content ids");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("goldens: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The number of files, or what is wrong with the first that has another id.
fn check(folder: &Path) -> Result<usize, String> {
    self_test().map_err(|error| error.to_string())?;
    let table = fs::read_to_string(folder.join("golden.tsv")).map_err(|error| format!("golden.tsv: {error}"))?;
    let ingest = Ingest::default();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let [name, source_id, content_id, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("golden.tsv: {line}"));
        };
        let file = fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
        let background = Source::new(file, ingest.limits()).and_then(|source| ingest.ingest(source));
        let background = background.map_err(|error| format!("{name}: {error}"))?;
        let ids = [background.source_id.to_string(), background.id.to_string()];
        if ids != [source_id, content_id] {
            return Err(format!("{name}: {ids:?} in place of {:?}", [source_id, content_id]));
        }
        count += 1;
    }
    if count == 0 { Err("golden.tsv names no file".to_owned()) } else { Ok(count) }
}
