//! Decodes the image data of a PNG (PNG Third Edition): chunks, inflating, unfiltering, Adam7, and expansion to samples.
//!
//! What chunks other than `IHDR` and `IDAT` say is for the caller to read; what of it changes pixels comes in by
//! [`PixelChunks`].
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API changes
//! with any release.
#![forbid(unsafe_code)]

mod adam7;
mod chunks;
mod expand;
mod header;
mod inflate;
mod picture;
mod result;
mod rows;
mod unfilter;

pub use chunks::{Chunk, Chunks};
pub use header::{ColorType, ImageHeader};
pub use inflate::ImageData;
pub use picture::{Picture, PixelChunks};
