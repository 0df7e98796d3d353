//! Tests of several modules together, and what tests share.

mod agreement;
pub(crate) mod writer;
