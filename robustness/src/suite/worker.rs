//! The child process: reads a case from each line of standard input, runs it, and answers with a line.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, panic};

use bytes::Bytes;
use image_ingest::{Background, Error, Ingest, Inspection, Source, self_test};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::answer::{ACCEPTED, CaseAnswer, NOTHING};
use super::case::{Asked, Mutation};
use super::memory::Peak;

/// The address space of a child: twice the memory limit of a job, and room for code, stacks and arenas.
const MEMORY_CEILING: u64 = 1536 << 20;

/// The file of the last case and its bytes.
#[derive(Default)]
struct Current {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Answers until standard input ends.
pub(super) fn serve() -> ExitCode {
    let ceiling = Rlimit { current: Some(MEMORY_CEILING), maximum: Some(MEMORY_CEILING) };
    let no_core = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::As, ceiling).is_err() || setrlimit(Resource::Core, no_core).is_err() {
        return ExitCode::FAILURE;
    }
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "somewhere".into(), |l| format!("{}:{}", l.file(), l.line()));
        *last_panic() = Some(place);
    }));
    // Loads the code and tables of every format into memory, so that they do not count in any measurement.
    if self_test().is_err() {
        return ExitCode::FAILURE;
    }
    let mut current = Current::default();
    let done = io::stdin().lock().lines().try_for_each(|line| answer(&line?, &mut current));
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A line is a path, a mutation, what is asked for, and how often to run: more than once gives the least CPU time of whole file and
/// mutant, in turn.
fn answer(line: &str, current: &mut Current) -> io::Result<()> {
    let wrong = || io::Error::other("not a case");
    let mut fields = line.split('\t');
    let (path, mutation, asked, times) = (fields.next(), fields.next(), fields.next(), fields.next());
    let path = PathBuf::from(path.ok_or_else(wrong)?);
    let mutation = mutation.and_then(Mutation::parse).ok_or_else(wrong)?;
    let ingest = ingest(asked.and_then(Asked::parse).ok_or_else(wrong)?);
    let times: u32 = times.and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
    if current.path != path {
        *current = Current { bytes: fs::read(&path)?, path };
    }
    let mut out = io::stdout().lock();
    if times > 1 {
        let (whole, mutant) = least(&ingest, &current.bytes, mutation, times);
        writeln!(out, "{}\t{}\t{}", whole.as_nanos(), mutant[0].as_nanos(), mutant[1].as_nanos())?;
    } else {
        writeln!(out, "{}", run(&ingest, mutation.apply(&current.bytes)))?;
    }
    out.flush()
}

fn ingest(asked: Asked) -> Ingest {
    if asked == Asked::Canonical {
        return Ingest::default();
    }
    let specs = [("device", "cover:1170x2532"), ("card", "fit:640"), ("thumb", "cover:256x256@0.3,0.7:jpeg70")];
    let builder = specs.iter().fold(Ingest::builder().facts(true), |builder, (name, spec)| {
        builder.rendition(*name, spec.parse().expect("a specification"))
    });
    builder.build().expect("three names")
}

fn run(ingest: &Ingest, bytes: Vec<u8>) -> CaseAnswer {
    let upload = Bytes::from(bytes);
    *last_panic() = None;
    let peak = Peak::begin();
    let (inspected, inspect_cpu) = timed(|| inspect(ingest, &upload));
    let (ingested, ingest_cpu) = timed(|| whole(ingest, &upload));
    let (resident, heap) = peak.end();
    let of_header = |f: fn(&Inspection) -> u64| inspected.as_ref().map_or(0, f);
    CaseAnswer {
        inspect: code(&inspected),
        ingest: code(&ingested),
        inspect_cpu,
        ingest_cpu,
        resident: resident + upload.len() as u64,
        heap: heap + upload.len() as u64,
        estimate: of_header(|i| i.memory_bytes),
        format: inspected.as_ref().map_or_else(|_| NOTHING.into(), |i| i.header.format.to_string()),
        pixels: of_header(|i| u64::from(i.header.coded_size.width) * u64::from(i.header.coded_size.height)),
        id: ingested.map_or_else(|_| NOTHING.into(), |background| ids(&background)),
        panic: last_panic().take().unwrap_or_else(|| NOTHING.into()),
    }
}

/// The least CPU times of `times` runs: of ingesting the whole file, and of inspecting and ingesting the mutant.
fn least(ingest: &Ingest, bytes: &[u8], mutation: Mutation, times: u32) -> (Duration, [Duration; 2]) {
    let (original, mutant) = (Bytes::copy_from_slice(bytes), Bytes::from(mutation.apply(bytes)));
    let mut best = [Duration::MAX; 3];
    for _ in 0..times {
        let took = [
            timed(|| whole(ingest, &original)).1,
            timed(|| inspect(ingest, &mutant)).1,
            timed(|| whole(ingest, &mutant)).1,
        ];
        best.iter_mut().zip(took).for_each(|(best, took)| *best = took.min(*best));
    }
    (best[0], [best[1], best[2]])
}

fn inspect(ingest: &Ingest, upload: &Bytes) -> Result<Inspection, Error> {
    ingest.inspect(&ingest.source(upload.clone())?)
}

fn whole(ingest: &Ingest, upload: &Bytes) -> Result<Background, Error> {
    ingest.ingest(Source::new(upload.clone(), ingest.limits())?)
}

/// The content ids of a picture and of its renditions.
fn ids(background: &Background) -> String {
    let ids = std::iter::once(background.id).chain(background.renditions.iter().map(|rendition| rendition.id));
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}

fn code<T>(result: &Result<T, Error>) -> String {
    result.as_ref().map_or_else(|e| e.code(), |_| ACCEPTED).into()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = cpu();
    let result = work();
    (result, cpu().saturating_sub(started))
}

/// CPU time of this process, on all its threads.
fn cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// The place of the last panic. The library catches panics, so the hook must record them.
fn last_panic() -> std::sync::MutexGuard<'static, Option<String>> {
    static LAST: Mutex<Option<String>> = Mutex::new(None);
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}
