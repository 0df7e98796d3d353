//! Decodes VP8 key frames (RFC 6386), the lossy bitstream of WebP.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
mod bools;
#[cfg(feature = "checked")]
mod checked;
mod coefficient_tables;
pub(crate) mod decoder;
mod edges;
mod filter;
mod header;
pub(crate) mod kernels;
pub(crate) mod macroblock;
pub(crate) mod modes;
mod predict;
mod probabilities;
mod quant;
pub(crate) mod reconstruct;
pub(crate) mod residual;
pub(crate) mod rows;
mod segments;
pub(crate) mod strength;
pub(crate) mod subblocks;
pub(crate) mod tokens;
mod transform;
