//! Compares our JPEG decoder with libjpeg-turbo, sample by sample and at every scale.
//!
//! ```text
//! jpeg FILE|FOLDER...                                          every JPEG
//! jpeg --random SECONDS [--seed N] [--keep FOLDER] FILE...     and then changed copies of the small ones
//! jpeg --hashes FILE...                                        the lines of crates/jpeg/src/tests/samples.txt,
//!                                                              of files up to 100 000 bytes
//! jpeg --time FILE...                                          CPU time of both, at each scale
//! ```
//!
//! It ends with 1 where both accept a file and give other samples. Files that one side alone accepts are counted by the
//! other's reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::jpeg::{Comparison, JpegOutcome, compare, measure};
use image_ingest_oracles::random::Random;

const MAX_PIXELS: u64 = 60_000_000;
const MAX_CHANGED_PIXELS: u64 = 1_000_000;
const MAX_CHANGED_BYTES: usize = 60_000;
const MAX_HASHED_BYTES: usize = 100_000;
const TURNS: usize = 15;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let mut tally = Tally { prints_hashes: arguments.hashes, ..Tally::default() };
    let mut small = Vec::new();
    for path in arguments.files() {
        let Ok(bytes) = fs::read(&path) else { continue };
        if arguments.time {
            print_times(&path, &bytes);
            continue;
        }
        if arguments.hashes && bytes.len() > MAX_HASHED_BYTES {
            continue;
        }
        let is_probed = tally.compare(&path.display().to_string(), &bytes, MAX_PIXELS);
        if is_probed && bytes.len() < MAX_CHANGED_BYTES {
            small.push((path, bytes));
        }
    }
    if !arguments.hashes && !arguments.time {
        tally.print("files");
    }
    if let Some(seconds) = arguments.random {
        let mut changed = Tally { folder: arguments.keep, ..Tally::default() };
        changed.compare_changed(&small, Duration::from_secs(seconds), arguments.seed);
        changed.print("changed files");
        tally.different += changed.different;
    }
    if tally.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_times(path: &Path, file: &[u8]) {
    for (scale, [ours, theirs]) in measure(file, TURNS) {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("{} {scale:?}: {ratio:.3}, {ours:.2?} and {theirs:.2?}", path.display());
    }
}

/// What was compared.
#[derive(Default)]
struct Tally {
    prints_hashes: bool,
    /// Files that the probe accepts.
    probed: u64,
    /// Pictures that both decoders give, at one scale.
    equal: u64,
    different: u64,
    refused: u64,
    /// Pictures that differ for a known reason, and files that one side accepts alone, by what they are and why.
    others: BTreeMap<String, u64>,
    /// Where to keep changed files that differ.
    folder: Option<PathBuf>,
}

impl Tally {
    fn compare_changed(&mut self, files: &[(PathBuf, Vec<u8>)], time: Duration, seed: u64) {
        let (start, mut random) = (Instant::now(), Random::new(seed));
        let mut count = 0;
        while start.elapsed() < time && !files.is_empty() {
            let (path, bytes) = &files[random.below(files.len())];
            let other = &files[random.below(files.len())].1;
            let file = change(bytes, other, &mut random);
            let name = format!("{} changed, number {count} of seed {seed}", path.display());
            self.compare(&name, &file, MAX_CHANGED_PIXELS);
            count += 1;
        }
    }

    /// Compares a file, and returns whether the probe accepts it.
    fn compare(&mut self, name: &str, file: &[u8], max_pixels: u64) -> bool {
        let Some((label, comparisons)) = compare(file, max_pixels) else { return false };
        self.probed += 1;
        for Comparison { scales: scales @ [first, others], outcome } in comparisons {
            match outcome {
                JpegOutcome::Equal(hash) => {
                    self.equal += 1;
                    if self.prints_hashes {
                        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
                        println!("{file} {} {} {hash:016x}", first.divisor(), others.divisor());
                    }
                }
                JpegOutcome::Known(reason) => self.count(format!("different for a known reason: {reason}"), file),
                JpegOutcome::Different(difference) => {
                    self.different += 1;
                    println!("DIFFERENT: {name} at {scales:?}: {difference}");
                    self.keep(file);
                }
                JpegOutcome::Refused => self.refused += 1,
                JpegOutcome::OursAlone(reason) => self.count(format!("accepted by us alone, {label}: {reason}"), file),
                JpegOutcome::TheirsAlone(reason) => {
                    self.count(format!("accepted by them alone, {label}: {reason}"), file)
                }
            }
        }
        true
    }

    /// Counts a file, and keeps the first of each kind.
    fn count(&mut self, what: String, file: &[u8]) {
        if !self.others.contains_key(&what) && self.folder.is_some() {
            println!("{what}");
            self.keep(file);
        }
        *self.others.entry(what).or_default() += 1;
    }

    /// Writes a file to the folder of those that differ.
    fn keep(&self, file: &[u8]) {
        let Some(folder) = &self.folder else { return };
        let name = format!("{:x}.jpg", file.iter().fold(5381u64, |hash, &b| hash.wrapping_mul(33) ^ u64::from(b)));
        println!("  kept as {name}");
        let kept = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(name), file));
        kept.unwrap_or_else(|error| eprintln!("could not keep a file: {error}"));
    }

    fn print(&self, what: &str) {
        println!("{what}: {} probed; of their pictures, one for each scale:", self.probed);
        println!("  {} equal, {} different, {} refused by both", self.equal, self.different, self.refused);
        self.others.iter().for_each(|(what, count)| println!("  {count} {what}"));
    }
}

/// A copy of a file with some of its bytes changed, moved, or taken from another file. Half of the changes are before the
/// first scan, where the rarer values are.
fn change(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    let head = file.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap_or(file.len() - 2) + 16;
    for _ in 0..=random.below(3) {
        let within = if random.below(2) == 0 { head.min(file.len()) } else { file.len() };
        let at = random.below(within.max(1)).min(file.len() - 1);
        match random.below(8) {
            0..3 => file[at] ^= 1 << random.below(8),
            3 => file[at] = u8::try_from(random.below(256)).unwrap_or(0),
            4 => file[at] = [0, 1, 0x11, 0x22, 0x12, 0x21, 0x41, 0x44, 0x3F, 0xFF, 0xD0][random.below(11)],
            5 if file.len() > 100 => {
                file.remove(at);
            }
            6 => file.insert(at, [0, 0xFF, 0xD9, 0x55][random.below(4)]),
            _ => {
                let len = random.below(64).min(other.len()).min(file.len() - at);
                let from = random.below(other.len() - len + 1);
                file[at..at + len].copy_from_slice(&other[from..from + len]);
            }
        }
    }
    file
}
