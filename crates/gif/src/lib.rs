//! Decodes the LZW codes of a GIF frame (GIF89a appendix F) to indices into its colour table.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API changes
//! with any release.
//!
//! ```
//! use image_ingest_gif::{SubBlocks, decode};
//! use image_ingest_samples::CpuTimer;
//!
//! // Codes of three bits, and of four behind the third: clear, 1, 1, end.
//! let data = SubBlocks::of(&[2, 0b0100_1100, 0b0000_1010, 0]);
//! let mut indices = [0; 2];
//! decode(2, data, &mut indices, &CpuTimer::default())?;
//! assert_eq!(indices, [1, 1]);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![forbid(unsafe_code)]

mod lzw;
mod result;
mod sub_blocks;

pub use lzw::decode;
pub use sub_blocks::SubBlocks;
