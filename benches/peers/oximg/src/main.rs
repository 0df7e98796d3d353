//! The benchmark's job done by oximg with its fast encoder, resizing samples as stored. The arguments are RUNS and
//! FILE. It prints the same line as `image-ingest bench`. With the arguments `mixed` JOBS RUNS FILE… it prints that of
//! `image-ingest bench --mixed`, with JOBS threads that take files one after the other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, error, fs, thread};

use oximg::pipeline::{self, Encoder, ImageFormat, Params};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut args = env::args_os().skip(1).peekable();
    if args.next_if(|first| first == "mixed").is_some() {
        let mut number = || args.next().and_then(|v| v.to_str()?.parse().ok()).ok_or("usage: mixed JOBS RUNS FILE…");
        let (jobs, runs) = (number()?, number()?);
        let uploads = args.map(fs::read).collect::<Result<Vec<_>, _>>()?;
        println!("{}", mixed(jobs, runs, &uploads)?);
        return Ok(());
    }
    let runs = args.next().and_then(|v| v.to_str()?.parse().ok()).ok_or("usage: RUNS FILE")?;
    let path = PathBuf::from(args.next().ok_or("usage: RUNS FILE")?);
    let mut line = match measured(runs, &fs::read(&path)?) {
        Ok(figures) => figures,
        Err(message) => json!({ "error": message.chars().take(100).collect::<String>() }),
    };
    line["peer"] = "oximg".into();
    line["versions"] = "oximg 0.18.1".into();
    line["file"] = path.file_name().unwrap_or_default().to_string_lossy().into();
    line["peak_rss_kb"] = peak_rss_kb().into();
    println!("{line}");
    Ok(())
}

/// The time of batches of all uploads, each on one of `jobs` threads.
fn mixed(jobs: usize, runs: usize, uploads: &[Vec<u8>]) -> Result<Value, String> {
    let params = params();
    let batch = || {
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), String> {
            while let Some(data) = uploads.get(next.fetch_add(1, Ordering::Relaxed)) {
                pipeline::process(data, &params).map_err(|e| e.to_string())?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
        })
    };
    batch()?;
    let mut wall = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        batch()?;
        wall.push(start.elapsed());
    }
    let (images, ms) = (uploads.len(), median(wall));
    Ok(json!({
        "peer": "oximg",
        "images": images,
        "jobs": jobs,
        "ms_median": ms,
        "images_per_s": images as f64 * 1e3 / ms,
        "peak_rss_kb": peak_rss_kb(),
    }))
}

fn params() -> Params {
    Params {
        max_width: 2048,
        max_height: 2048,
        quality: 85.0,
        parallel: 1,
        output: Some(ImageFormat::Jpeg),
        encoder: Encoder::MozFast,
        linear_light: Some(false),
        ..Params::default()
    }
}

fn measured(runs: usize, data: &[u8]) -> Result<Value, String> {
    let params = params();
    let job = || pipeline::process(data, &params).map_err(|e| e.to_string());
    let (encoded, _) = job()?;
    let (_, width, height) = pipeline::probe(&encoded).map_err(|e| e.to_string())?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let (start, used) = (Instant::now(), cpu_time());
        job()?;
        cpu.push(cpu_time() - used);
        wall.push(start.elapsed());
    }
    Ok(json!({
        "ms_median": median(wall),
        "cpu_ms_median": median(cpu),
        "out_bytes": encoded.len(),
        "w": width,
        "h": height,
    }))
}

/// The median in milliseconds; for an even number of values, the mean of the two middle ones.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    let last = times.len().saturating_sub(1);
    (times[last / 2] + times[last.div_ceil(2)]).as_secs_f64() * 500.0
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn peak_rss_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
