//! Tests of several modules together, and what tests share.

mod agreement;
mod flat;
mod samples;
pub(crate) mod writer;
