//! Runs jobs: the one place that knows the order of the stages, and what surrounds it.

pub(crate) mod batch;
pub(crate) mod builder;
pub(crate) mod ingest;
pub(crate) mod known;
pub(crate) mod receipt;
pub(crate) mod self_test;
