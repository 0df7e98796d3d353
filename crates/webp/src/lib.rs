//! Reads the structure of a WebP file (RFC 9649): its container, and the prefix codes of a VP8L bitstream.
//!
//! - [`Container`] walks the RIFF chunks ([`RiffChunks`]) to the primary image, an ICC profile and Exif.
//! - [`CodedImage`] is that image: VP8, VP8 with an alpha plane, or VP8L.
//! - [`LosslessLayout`] tells how much memory a decoder of VP8L needs, from its transforms and prefix codes.
//!
//! No pixel of a picture is decoded here. [image-ingest](https://docs.rs/image-ingest) leaves that to libwebp, after a
//! probe by this crate has accepted the file.
//!
//! This crate promises nothing but to image-ingest, which pins it with `=`: its API changes with any release.
//!
//! ```
//! use image_ingest_samples::Size;
//! use image_ingest_webp::LosslessLayout;
//!
//! // Three bits of 0: no transform, no colour cache, one group of prefix codes. Then the five codes of the group, each
//! // of one symbol: the bits 1, 0, 0, 0 in the order in which they are read, the lowest bit of a byte first.
//! let layout = LosslessLayout::read(&[0b1000_1000, 0b1000_1000, 0b0000_1000], Size::new(1, 1))?;
//! assert_eq!((layout.groups, layout.cache_bits, layout.sub_pixels), (1, 0, 0));
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![forbid(unsafe_code)]

mod alphabet;
mod bits;
mod coded_image;
mod container;
mod entropy_image;
mod layout;
mod prefix;
mod result;
mod riff;
#[cfg(test)]
mod tests;

pub use coded_image::{Bitstream, CodedImage};
pub use container::Container;
pub use layout::LosslessLayout;
pub use riff::{RiffChunk, RiffChunks};
