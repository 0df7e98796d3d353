//! The benchmark's job done by oximg with its fast encoder, resizing samples as stored. The arguments are RUNS and
//! FILE. It prints the same line as `image-ingest bench`.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, error, fs};

use oximg::pipeline::{self, Encoder, ImageFormat, Params};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut args = env::args_os().skip(1);
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

fn measured(runs: usize, data: &[u8]) -> Result<Value, String> {
    let params = Params {
        max_width: 2048,
        max_height: 2048,
        quality: 85.0,
        parallel: 1,
        output: Some(ImageFormat::Jpeg),
        encoder: Encoder::MozFast,
        linear_light: Some(false),
        ..Params::default()
    };
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
