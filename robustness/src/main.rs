//! Runs hostile, damaged and good files against the library, each with a limit of memory and time, and checks the
//! results.
//!
//! Jobs run in child processes, many in one after another. If a child dies, a new one continues, so every panic, abort,
//! signal or hang is attributed to its file and mutation. The program needs Linux, because it reads a process's memory
//! peak from `/proc`.
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
