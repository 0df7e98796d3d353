//! Compares the decoders of `image-ingest-webp` with libwebp, sample by sample.
//!
//! `webp [--hashes] [--time] [--random SECONDS] [--seed N] [--keep FOLDER] PATH...` compares the primary image of every
//! WebP among the files and folders, and then generated bitstreams and changed copies of theirs for so many seconds, of
//! which it keeps those that differ in the folder. It ends with 1 where both accept a picture and give other samples. With
//! `--hashes` it prints the lines of `crates/webp/src/tests/samples.txt` alone, with `--time` how the CPU time of
//! libwebp and of our portable code relate to ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, process};

use image_ingest_c_decoders::webp_decode::{self, WebpOutput};
use image_ingest_oracles::arguments::Arguments;
use image_ingest_oracles::random::Random;
use image_ingest_oracles::webp::{WebpComparison, WebpForm, WebpOutcome, compare, decode, decode_by_libwebp};
use image_ingest_oracles::webp_inputs::Bitstreams;
use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError, sample_count};
use image_ingest_webp::{Bitstream, Container};

const MAX_PIXELS: u64 = 70_000_000;
const MAX_CHANGED_PIXELS: u64 = 4_000_000;
const MAX_SEED_BYTES: usize = 60_000;

fn main() {
    let arguments = Arguments::read();
    let (mut tally, mut seeds) = (Tally { hashes: arguments.hashes, ..Tally::default() }, Vec::new());
    for path in arguments.files() {
        let Ok(file) = fs::read(&path) else { continue };
        tally.compare(&file, MAX_PIXELS, &path.display().to_string());
        seeds.extend(Bitstreams::of(&file).filter(|seed| seed.len() < MAX_SEED_BYTES));
        if arguments.time {
            measure(&file, &path);
        }
    }
    if !arguments.hashes {
        tally.print("files");
    }
    if let Some(seconds) = arguments.random {
        let mut changed = Tally { keep: arguments.keep, ..Tally::default() };
        changed.compare_random(&seeds, Duration::from_secs(seconds), arguments.seed);
        changed.print("generated and changed files");
        tally.different += changed.different;
    }
    process::exit(i32::from(tally.different > 0));
}

/// What was compared.
#[derive(Default)]
struct Tally {
    hashes: bool,
    /// Where files that differ are kept.
    keep: Option<PathBuf>,
    equal: BTreeMap<&'static str, u64>,
    different: u64,
    overflown: u64,
    /// By what both sides say, or the one that refuses alone.
    refused: BTreeMap<String, u64>,
}

impl Tally {
    fn compare_random(&mut self, seeds: &[Bitstreams], time: Duration, seed: u64) {
        let (mut random, start) = (Random::new(seed), Instant::now());
        while start.elapsed() < time {
            let state = random.next_u64();
            let file = Bitstreams::random(seeds, &mut Random::new(state)).file();
            self.compare(&file, MAX_CHANGED_PIXELS, &format!("random_{state:016x}.webp"));
        }
    }

    fn compare(&mut self, file: &[u8], max_pixels: u64, name: &str) {
        for WebpComparison { form, outcome } in compare(file, max_pixels) {
            let form = form.name();
            match outcome {
                WebpOutcome::Equal(hash) => {
                    *self.equal.entry(form).or_default() += 1;
                    if self.hashes {
                        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
                        println!("{file} {form} {hash:016x}");
                    }
                }
                WebpOutcome::Overflow => self.overflown += 1,
                WebpOutcome::Different(difference) => {
                    self.different += 1;
                    println!("DIFFERENT: {name}, {form}: {difference}");
                    self.keep(file, name);
                }
                WebpOutcome::Refused(ours, theirs) => self.count(format!("both, {form}: {ours}, {theirs}"), file, ""),
                WebpOutcome::OursAlone(status) => self.count(format!("libwebp alone, {form}: {status}"), file, name),
                WebpOutcome::TheirsAlone(reason) => self.count(format!("us alone, {form}: {reason}"), file, name),
            }
        }
    }

    /// Counts a refusal, and keeps the first of its kind where it has a name.
    fn count(&mut self, kind: String, file: &[u8], name: &str) {
        let count = self.refused.entry(kind).or_default();
        *count += 1;
        if *count == 1 && !name.is_empty() {
            self.keep(file, name);
        }
    }

    fn keep(&self, file: &[u8], name: &str) {
        let Some(folder) = &self.keep else { return };
        let kept = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(name), file));
        println!("  kept: {name}: {kept:?}");
    }

    fn print(&self, what: &str) {
        println!("{what}: {:?} equal, {} different, {} by overflow alone", self.equal, self.different, self.overflown);
        self.refused.iter().for_each(|(kind, count)| println!("  {count} refused by {kind}"));
    }
}

/// Takes rows and forgets them.
struct Nothing;

impl RowSink for Nothing {
    fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        std::hint::black_box(rows);
        Ok(())
    }
}

/// Prints the least CPU time of libwebp, our code and our portable code, measured in turn.
fn measure(file: &[u8], path: &Path) {
    let Ok(Container { image, .. }) = Container::read(file, &CpuTimer::default()) else { return };
    let form = match image.bitstream {
        Bitstream::Vp8 if image.alpha => WebpForm::LossyRgba,
        Bitstream::Vp8 => WebpForm::Planes,
        Bitstream::Vp8l => WebpForm::LosslessRgba,
    };
    let mut times = [Duration::MAX; 3];
    let least = |time: &mut Duration, work: &mut dyn FnMut() -> bool| {
        let began = cpu_time();
        let done = work();
        *time = (*time).min(cpu_time().saturating_sub(began));
        done
    };
    for _ in 0..(20_000_000 / image.size.pixels().max(1)).clamp(15, 200) {
        let [theirs, ours, portable] = &mut times;
        let done = least(theirs, &mut || match form {
            WebpForm::Planes => image.frame().is_ok_and(|f| decode_by_libwebp(f, image.size, &mut Nothing).is_ok()),
            _ => {
                let mut samples = vec![0; sample_count(image.size, 4).unwrap_or(0)];
                let output = WebpOutput::Rgba { samples: &mut samples, stride: image.size.width as usize * 4 };
                webp_decode::decode(image.data, image.size, output).is_ok()
            }
        });
        if !done
            || !least(ours, &mut || decode(&image, form, false, &mut Nothing).is_ok())
            || !least(portable, &mut || decode(&image, form, true, &mut Nothing).is_ok())
        {
            return;
        }
    }
    let [theirs, ours, portable] = times.map(|time| time.as_secs_f64() * 1e3);
    println!(
        "{:6.2} MP {:13} libwebp {theirs:7.2} ms, ours {ours:7.2} = {:.2} x, portable {portable:7.2} = {:.2} x  {}",
        image.size.pixels() as f64 / 1e6,
        form.name(),
        ours / theirs,
        portable / theirs,
        path.file_name().unwrap_or_default().to_string_lossy(),
    );
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
