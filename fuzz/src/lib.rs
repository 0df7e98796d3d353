//! The assertions of each fuzz target, and mutations of files that keep checksums and lengths right.
//!
//! This crate does not use libFuzzer, so that `tests/suite` can run the same functions over the seeds on any toolchain.

pub mod checks;
pub mod cost;
pub mod structure;
