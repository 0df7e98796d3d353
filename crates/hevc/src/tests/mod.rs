//! Tests of several modules together, and what tests share.

mod agreement;
mod flat;
pub(crate) mod writer;
