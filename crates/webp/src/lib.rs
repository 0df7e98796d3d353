//! Reads the structure of a VP8L bitstream (RFC 9649 § 3): transforms, colour cache, and groups of prefix codes.
//!
//! The pixels are not decoded here. What is read tells how much memory a decoder of them needs.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API changes
//! with any release.
//!
//! ```
//! use image_ingest_samples::Size;
//! use image_ingest_webp::LosslessLayout;
//!
//! // No transform, no colour cache, one group of five prefix codes, each of one symbol, 0.
//! let layout = LosslessLayout::read(&[0b0100_1000, 0b0001_0010, 0b1000_0100, 0b0000_0000], Size::new(1, 1))?;
//! assert_eq!(layout.groups, 1);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![forbid(unsafe_code)]

mod bits;
mod image;
mod layout;
mod prefix;
mod result;
#[cfg(test)]
mod tests;

pub use layout::LosslessLayout;
