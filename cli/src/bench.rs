//! `image-ingest bench`: measures the time from uploaded bytes to canonical bytes. Its lines have the format of the
//! peers' benchmarks (`benches/peers`).

use std::fs;
use std::iter::repeat_n;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use image_ingest::{Background, Error, Ingest, IngestBuilder};
use rayon_core::ThreadPoolBuilder;
use serde::Serialize;

use crate::args::BenchArgs;
use crate::exit::{Fatal, Verdict, tell};
use crate::inputs::{self, Input};
use crate::lines::{Failure, Lines};

/// Measures every input, in order.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn run(args: &BenchArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let ingest = with_threads(args.extras.add_to(args.canonical.builder()?)?, args.threads)?
        .build()
        .map_err(|e| Fatal::new("profile", e))?;
    if args.mixed {
        return mixed(&ingest, args, lines);
    }
    let mut verdict = Verdict::AllAccepted;
    for mut input in inputs::list(&args.inputs.paths)? {
        let measured = measure(&ingest, &mut input, args);
        verdict = verdict.and(measured.is_ok());
        let result = match &measured {
            Ok(figures) => BenchResult::Figures(figures),
            Err(failure) => {
                tell(&format!("{}: {}", input.path.display(), failure.message));
                BenchResult::Error { error: failure.code }
            }
        };
        let (fmt, file) = (ingest.profile().encoding.name(), file_name(&input.path));
        lines.json(&BenchLine { peer: "image-ingest", fmt, file, result, peak_rss_kb: peak_rss_kb() })?;
    }
    Ok(verdict)
}

fn with_threads(builder: IngestBuilder, threads: usize) -> Result<IngestBuilder, Fatal> {
    if threads == 1 {
        return Ok(builder);
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Fatal::new("cannot start", e))?;
    Ok(builder.pool(Arc::new(pool)))
}

fn measure(ingest: &Ingest, input: &mut Input, args: &BenchArgs) -> Result<Figures, Failure> {
    let bytes = Bytes::from(input.read(ingest.limits().max_bytes)?);
    let run = || run_once(ingest, &bytes, args.jobs).map_err(|e| Failure::from(&e));
    let background = run()?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        let (wall_start, cpu_start) = (Instant::now(), cpu_time());
        run()?;
        cpu.push(millis(cpu_time().saturating_sub(cpu_start)) / args.jobs as f64);
        wall.push(millis(wall_start.elapsed()));
    }
    let (ms_median, many) = (median(&mut wall), args.jobs > 1);
    Ok(Figures {
        ms_median: rounded(ms_median),
        ms_min: rounded(wall.first().copied().unwrap_or(0.0)),
        cpu_ms_median: rounded(median(&mut cpu)),
        out_bytes: background.bytes.len(),
        w: background.size.width,
        h: background.size.height,
        jobs: many.then_some(args.jobs),
        images_per_s: many.then(|| rounded(args.jobs as f64 * 1e3 / ms_median.max(1e-9))),
    })
}

/// Measures batches of all inputs that are accepted, whose bytes are in memory before.
fn mixed(ingest: &Ingest, args: &BenchArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let (mut uploads, mut verdict) = (Vec::new(), Verdict::AllAccepted);
    for mut input in inputs::list(&args.inputs.paths)? {
        let accepted = input.read(ingest.limits().max_bytes).and_then(|bytes| {
            let bytes = Bytes::from(bytes);
            ingest
                .inspect(&ingest.source(bytes.clone()).map_err(|e| Failure::from(&e))?)
                .map_err(|e| Failure::from(&e))?;
            Ok(bytes)
        });
        verdict = verdict.and(accepted.is_ok());
        match accepted {
            Ok(bytes) => uploads.push(bytes),
            Err(failure) => tell(&format!("{}: {}", input.path.display(), failure.message)),
        }
    }
    let mut out_bytes = 0;
    let mut run = || -> Result<(), Fatal> {
        let sources = uploads.iter().map(|bytes| ((), ingest.source(bytes.clone())));
        out_bytes = 0;
        for ((), result) in ingest.batch(sources, args.jobs, u64::MAX).map_err(|e| Fatal::new("cannot start", e))? {
            out_bytes += result.map_err(|e| Fatal::new("an input that was accepted before", e))?.bytes.len();
        }
        Ok(())
    };
    run()?;
    let images = uploads.len().max(1) as f64;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        let (wall_start, cpu_start) = (Instant::now(), cpu_time());
        run()?;
        cpu.push(millis(cpu_time().saturating_sub(cpu_start)) / images);
        wall.push(millis(wall_start.elapsed()));
    }
    let ms_median = median(&mut wall);
    lines.json(&MixedLine {
        peer: "image-ingest",
        fmt: ingest.profile().encoding.name(),
        images: uploads.len(),
        jobs: args.jobs,
        ms_median: rounded(ms_median),
        ms_min: rounded(wall.first().copied().unwrap_or(0.0)),
        cpu_ms_median: rounded(median(&mut cpu)),
        images_per_s: rounded(uploads.len() as f64 * 1e3 / ms_median.max(1e-9)),
        out_bytes,
        peak_rss_kb: peak_rss_kb(),
    })?;
    Ok(verdict)
}

/// Ingests one copy in this thread, or one on each of `jobs` threads. Every copy starts from the uploaded bytes.
fn run_once(ingest: &Ingest, bytes: &Bytes, jobs: usize) -> Result<Background, Error> {
    let source = || ingest.source(bytes.clone());
    if jobs == 1 {
        return ingest.ingest(source()?);
    }
    let copies = repeat_n((), jobs).map(|()| ((), source()));
    let mut results = ingest.batch(copies, jobs, u64::MAX)?.map(|((), result)| result);
    // A batch of at least one upload has a result.
    let first = results.next().unwrap_or_else(|| ingest.ingest(source()?))?;
    results.try_fold(first, |_, next| next)
}

/// One line. Without a result, it has `error` in place of the figures.
#[derive(Serialize)]
struct BenchLine<'a> {
    peer: &'static str,
    fmt: &'static str,
    file: String,
    #[serde(flatten)]
    result: BenchResult<'a>,
    peak_rss_kb: u64,
}

/// The line of a batch of all inputs.
#[derive(Serialize)]
struct MixedLine {
    peer: &'static str,
    fmt: &'static str,
    images: usize,
    jobs: usize,
    /// Of a whole batch.
    ms_median: f64,
    ms_min: f64,
    /// Of an image.
    cpu_ms_median: f64,
    images_per_s: f64,
    out_bytes: usize,
    peak_rss_kb: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BenchResult<'a> {
    Figures(&'a Figures),
    Error { error: &'static str },
}

#[derive(Serialize)]
struct Figures {
    ms_median: f64,
    ms_min: f64,
    cpu_ms_median: f64,
    out_bytes: usize,
    w: u32,
    h: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images_per_s: Option<f64>,
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Sorts `values` and returns their median: the middle value, or the mean of the two middle values.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |i: usize| values.get(i).copied().unwrap_or(0.0);
    if values.len().is_multiple_of(2) { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 } else { at(middle) }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Rounds milliseconds to the microsecond.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// CPU time that this process has used, on all its threads.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// CPU time is not measured on this system, so this is 0.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}

/// The highest resident memory of this process so far, from `/proc`; 0 on systems without it.
fn peak_rss_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_both_middles() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&mut [5.0]), 5.0);
        assert_eq!(median(&mut []), 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_cpu_time_and_peak_memory() {
        assert!(cpu_time() > Duration::ZERO);
        assert!(peak_rss_kb() > 0);
    }
}
