//! What each fuzz target asserts, and how files are changed so that their checksums and lengths still hold.
//!
//! Free of libFuzzer, so that `tests/suite` runs the same functions over the seeds on any toolchain.

pub mod checks;
pub mod structure;
