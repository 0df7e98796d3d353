//! A process that has little address space left answers large uploads with a picture or `out_of_memory`, and goes on.
//!
//! A child process may use so much more address space than it has, and ingests one file. Nothing is told to fail here, as in
//! `tests/allocation`: the system has no more, for whatever is allocated first beyond it.
#![cfg(target_os = "linux")]

mod pictures;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use image_ingest::{Encoding, Ingest, IngestBuilder, Profile, Size};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MIB: u64 = 1 << 20;

#[test]
fn large_uploads_in_little_memory_end_no_process() {
    no_process_ends(Size::new(2016, 1512), &[("canonical", &[4]), ("everything", &[10])]);
}

#[test]
#[ignore = "takes minutes; run by make test-slow"]
fn large_uploads_in_any_memory_end_no_process() {
    let margins = &[8, 12, 16, 24, 32, 48, 64, 96];
    no_process_ends(Size::new(4032, 3024), &[("canonical", margins), ("everything", margins)]);
}

/// Ingests every file, of `size` if it is made here, into each of the outputs, with each of their margins in MiB. With a
/// single one, a small table may be what there is no room for, and that ends a process.
fn no_process_ends(size: Size, outputs: &[(&str, &[u64])]) {
    let folder = tempfile::tempdir().unwrap();
    let files = pictures::write(folder.path(), size);
    let tasks: Vec<_> = files.iter().flat_map(|file| outputs.iter().map(move |outputs| (file, outputs))).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((file, (outputs, margins))) = tasks.get(next.fetch_add(1, Relaxed)) {
                    wrong.lock().unwrap().extend(faults(file, outputs, margins));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the answers for one file.
fn faults(file: &Path, outputs: &str, margins: &[u64]) -> Vec<String> {
    let (mut ids, mut wrong) = (BTreeSet::new(), Vec::new());
    for margin in margins {
        match answer(file, outputs, *margin) {
            Ok(answer) if answer == "out_of_memory" => (),
            Ok(answer) if answer.starts_with("obj_") => drop(ids.insert(answer)),
            Ok(other) | Err(other) => wrong.push(format!("{} {outputs}, {margin} MiB: {other}", file.display())),
        }
    }
    if ids.len() > 1 {
        wrong.push(format!("{} {outputs}: {ids:?}", file.display()));
    }
    wrong
}

/// What a child says of a file; `Err` where it died.
fn answer(file: &Path, outputs: &str, margin: u64) -> Result<String, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "ingests_in_a_child", "--nocapture"]);
    // Without arenas of threads, for each of which glibc sets 64 MiB of address space aside beforehand.
    command.env("MALLOC_ARENA_MAX", "1");
    command.env("IMAGE_INGEST_MARGIN_FILE", file).env("IMAGE_INGEST_MARGIN_TASK", format!("{outputs} {margin}"));
    let output = command.output().unwrap();
    let (text, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let answer = text.lines().find_map(|line| line.strip_prefix("answer "));
    match answer.filter(|_| output.status.success()) {
        Some(answer) => Ok(answer.to_owned()),
        None => Err(format!("{}: {}", output.status, log.trim())),
    }
}

/// What [`answer`] starts; nothing where it did not.
#[test]
fn ingests_in_a_child() {
    let Ok(task) = std::env::var("IMAGE_INGEST_MARGIN_TASK") else { return };
    let file = PathBuf::from(std::env::var_os("IMAGE_INGEST_MARGIN_FILE").unwrap());
    let (outputs, margin) = task.split_once(' ').unwrap();
    let ingest = ingest(outputs);
    let source = ingest.source(fs::read(file).unwrap()).unwrap();
    let before = getrlimit(Resource::As);
    let limit = address_space() + margin.parse::<u64>().unwrap() * MIB;
    setrlimit(Resource::As, Rlimit { current: Some(limit), ..before }).unwrap();
    let result = ingest.ingest(source);
    setrlimit(Resource::As, before).unwrap();
    println!("answer {}", result.map_or_else(|e| e.code().to_owned(), |made| made.id.to_string()));
}

/// The address space of this process, in bytes.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * rustix::param::page_size() as u64
}

/// The canonical image alone, or with renditions and facts, and the tiles of a HEIC on threads.
fn ingest(outputs: &str) -> Ingest {
    let mut profile = Profile::default();
    if cfg!(feature = "webp-encode") && outputs == "everything" {
        profile.encoding = Encoding::Webp { quality: 80 };
    }
    let builder = Ingest::builder().profile(profile);
    if outputs == "canonical" {
        return builder.build().unwrap();
    }
    let rendition = |builder: IngestBuilder, (name, spec): (&str, &str)| builder.rendition(name, spec.parse().unwrap());
    let renditions = [("same", "fit:2048"), ("card", "fit:640"), ("part", "cover:256x256")];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    renditions.into_iter().fold(builder.facts(true).pool(Arc::new(pool)), rendition).build().unwrap()
}
