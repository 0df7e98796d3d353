//! The kernels for AVX2: the same samples as those for any machine, bit by bit.

pub(crate) mod filter;
mod lanes;
pub(crate) mod plane;
pub(crate) mod subblocks;
mod transform;
