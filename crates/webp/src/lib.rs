//! Decodes WebP (RFC 9649): its container, VP8 key frames (RFC 6386), alpha planes, and VP8L.
//!
//! - [`Container`] walks the RIFF chunks ([`RiffChunks`]) to the primary image, an ICC profile and Exif.
//! - [`CodedImage`] is that image: VP8, VP8 with an alpha plane, or VP8L.
//! - [`LosslessLayout`] tells how much memory decoding VP8L takes, from its transforms and prefix codes.
//! - [`Vp8Decoder`] decodes VP8 to planes, [`decode_lossy_rgba`] with its alpha plane to RGBA, and [`decode_lossless`]
//!   decodes VP8L. All of them hand on rows as they have them, so no whole picture is ever held.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_samples::{CpuTimer, Size};
//! use image_ingest_webp::LosslessLayout;
//!
//! // Three bits of 0: no transform, no colour cache, one group of prefix codes. Then the five codes of the group, each
//! // of one symbol: the bits 1, 0, 0, 0 in the order in which they are read, the lowest bit of a byte first.
//! let data = [0b1000_1000, 0b1000_1000, 0b0000_1000];
//! let layout = LosslessLayout::read(&data, Size::new(1, 1), &CpuTimer::default())?;
//! assert_eq!((layout.groups, layout.cache_bits, layout.sub_pixels), (1, 0, 0));
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![deny(unsafe_code)]

mod coded_image;
mod container;
mod dispatch;
#[doc(hidden)]
pub mod portable;
mod result;
mod rgba;
mod riff;
#[cfg(test)]
mod tests;
mod upsample;
mod vp8;
mod vp8l;

pub use coded_image::{Bitstream, CodedImage};
pub use container::Container;
pub use rgba::decode_lossy_rgba;
pub use riff::{RiffChunk, RiffChunks};
pub use vp8::decoder::Vp8Decoder;
pub use vp8l::layout::LosslessLayout;
pub use vp8l::picture::decode_lossless;
