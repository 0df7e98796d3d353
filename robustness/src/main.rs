//! Runs hostile, damaged and good files against the library, each under a memory and a time ceiling, and judges what came.
//!
//! Jobs run in child processes, many in turn in one; after a death the next one continues, so a panic, an abort, a signal
//! or a hang is known with its file and its change. It needs Linux, whose `/proc` tells a process's peak.
#![deny(unsafe_code)]

#[cfg(target_os = "linux")]
mod suite;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    suite::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("image-ingest-robustness: skipped: it measures by Linux's /proc");
    ExitCode::SUCCESS
}
