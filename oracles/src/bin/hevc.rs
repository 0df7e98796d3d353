//! Compares the HEVC decoder with libde265, without and with in-loop filters.
//!
//! `hevc [--random SECONDS] [--seed N] [--keep FOLDER] [--time] [--hashes] PATH…` compares every coded picture of HEIC
//! files and the first of byte streams. With `--random` it goes on with generated pictures, and with changed bytes of
//! the files' pictures. It ends with 1 where samples differ.
//!
//! `--keep` writes generated pictures that differ as byte streams, with our samples beside them. It also writes pictures
//! of all tools, which a third decoder has to judge: libde265 does not decode them all right. With `--hashes` it prints
//! the lines of `crates/hevc/src/tests/samples.txt` for the streams there, and those of `tests/suite/hevc_samples.txt` for
//! `testdata/heic`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_ingest_hevc::InLoopFilters;
use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::hevc::{HevcOutcome, by_libde265, by_ours, compare, hash, is_of_libde265};
use image_ingest_oracles::hevc_pictures::{HevcInput, pictures};
use image_ingest_oracles::hevc_streams::{self, HevcScope, RandomPicture};
use image_ingest_oracles::random::Random;

const BOTH: [InLoopFilters; 2] = [InLoopFilters::LeftOut, InLoopFilters::Applied];

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let mut report = Report::default();
    let mut inputs = Vec::new();
    for path in arguments.files() {
        let Ok(file) = std::fs::read(&path) else { continue };
        for (index, input) in pictures(&file).into_iter().enumerate() {
            let name = format!("{} picture {index}", path.display());
            if arguments.hashes {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let is_stream = name.ends_with(".hevc");
                let name = if is_stream { name.into_owned() } else { format!("{name}#{index}") };
                print_hashes(&name, &input);
            } else if arguments.time {
                time(&name, &input);
            } else {
                report.compare(&name, &input);
            }
            inputs.push(input);
        }
    }
    if arguments.hashes || arguments.time {
        return ExitCode::SUCCESS;
    }
    report.print("files");
    if let Some(seconds) = arguments.random {
        let mut random = Report::default();
        random.compare_random(&inputs, Duration::from_secs(seconds), &arguments);
        random.print("generated and changed pictures");
        report.different += random.different;
    }
    if report.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Report {
    same: usize,
    by_hash: usize,
    different: usize,
    refused: BTreeMap<String, usize>,
}

impl Report {
    /// Compares one picture both ways; whether it is as it should be.
    fn compare(&mut self, name: &str, input: &HevcInput) -> bool {
        self.compare_where(name, input, |_| true)
    }

    /// [`Self::compare`], in the ways that are `wanted`.
    fn compare_where(&mut self, name: &str, input: &HevcInput, wanted: impl Fn(InLoopFilters) -> bool) -> bool {
        let before = self.different;
        for filters in BOTH.into_iter().filter(|&filters| wanted(filters)) {
            match compare(input, filters) {
                HevcOutcome::Same => self.same += 1,
                HevcOutcome::OursByHash => self.by_hash += 1,
                HevcOutcome::Refused(reason) => *self.refused.entry(reason).or_default() += 1,
                HevcOutcome::Different(difference) => {
                    self.different += 1;
                    println!("different: {name}, {filters:?}: {difference}");
                }
            }
        }
        self.different == before
    }

    /// Generated pictures, and each third time a changed one of `inputs`.
    fn compare_random(&mut self, inputs: &[HevcInput], time: Duration, arguments: &Arguments) {
        let end = Instant::now() + time;
        let mut random = Random::new(arguments.seed);
        for number in arguments.seed.. {
            if Instant::now() > end {
                break;
            }
            if !inputs.is_empty() && number.is_multiple_of(3) {
                let input = changed(&inputs[random.below(inputs.len())], &mut random);
                let head = &input.item[..input.item.len().min(24)];
                self.compare_where(&format!("changed, number {number}, {head:02x?}"), &input, |filters| {
                    is_of_libde265(&input, filters, usize::MAX)
                });
                continue;
            }
            if let (Some(folder), 1) = (&arguments.keep, number % 4) {
                if let Some(picture) = hevc_streams::picture(number, HevcScope::All) {
                    println!("kept: {number} {}", picture.tools);
                    write(folder, number, &picture);
                }
                continue;
            }
            let Some(picture) = hevc_streams::picture(number, HevcScope::OfLibde265) else { continue };
            let is_right = self.compare(&format!("generated, number {number}, {}", picture.tools), &picture.input());
            if let (false, Some(folder)) = (is_right, &arguments.keep) {
                write(folder, number, &picture);
            }
        }
    }

    fn print(&self, what: &str) {
        let Self { same, by_hash, different, .. } = self;
        println!("{what}: {same} are the same, {by_hash} ours by their own hash, {different} differ");
        self.refused.iter().for_each(|(reason, count)| println!("  {count} refused here: {reason}"));
    }
}

fn changed(input: &HevcInput, random: &mut Random) -> HevcInput {
    let mut input = input.clone();
    let len = input.item.len();
    for _ in 0..=random.below(3) {
        let at = random.below(len);
        input.item[at] ^= 1 << random.below(8);
    }
    input
}

/// Writes a byte stream, and the samples that our decoder makes of it, for a third decoder.
fn write(folder: &Path, number: u64, picture: &RandomPicture) {
    let ours = by_ours(&picture.input(), InLoopFilters::Applied);
    let samples = ours.map(|ours| ours.view().iter().flatten().flat_map(|plane| plane.bytes.to_vec()).collect());
    let files = [("hevc", picture.byte_stream()), ("yuv", samples.unwrap_or_default())];
    for (extension, bytes) in files {
        let path = folder.join(format!("{number}.{extension}"));
        if let Err(error) = std::fs::write(&path, bytes) {
            println!("{} is not written: {error}", path.display());
        }
    }
}

/// Prints the least time of each decoder in 15 rounds, one after the other.
fn time(name: &str, input: &HevcInput) {
    for filters in BOTH {
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        for _ in 0..15 {
            let start = Instant::now();
            let is_decoded = by_ours(input, filters).is_ok();
            ours = ours.min(start.elapsed());
            let start = Instant::now();
            let is_decoded = by_libde265(input, filters, |_| ()).is_ok() && is_decoded;
            theirs = theirs.min(start.elapsed());
            if !is_decoded {
                return;
            }
        }
        println!(
            "{name}, {filters:?}: {ours:?}, libde265 {theirs:?}: {:.2}",
            ours.as_secs_f64() / theirs.as_secs_f64()
        );
    }
}

/// Prints a line for each way of decoding: the name, `filtered` or `unfiltered`, and the hash of all samples. They are
/// those of libde265 where it decodes all tools of the picture.
fn print_hashes(name: &str, input: &HevcInput) {
    for (filters, way) in BOTH.into_iter().zip(["unfiltered", "filtered"]) {
        let hash = if is_of_libde265(input, filters, usize::MAX) {
            by_libde265(input, filters, hash).ok()
        } else {
            by_ours(input, filters).ok().map(|picture| hash(&picture.view()))
        };
        if let Some(hash) = hash {
            println!("{name} {way} {hash:016x}");
        }
    }
}
