//! Runs jobs. `ingest` knows the order of the stages; the other modules are about one job's result, or about many jobs.

#[cfg(feature = "threads")]
pub(crate) mod batch;
pub(crate) mod builder;
pub(crate) mod ingest;
pub(crate) mod known;
pub(crate) mod receipt;
pub(crate) mod rendition;
pub(crate) mod self_test;
