//! Reads a PNG datastream (PNG Third Edition): its chunks, and its image data as samples.
//!
//! [`ImageHeader::read`] reads the size alone, so that a caller can refuse it. [`Datastream::read`] then reads every
//! chunk, and [`PngPicture`] inflates and unfilters the image data row by row. Decoding gives gray, RGB or RGBA samples
//! of 8 bits, or of 16 where the file has 16. Colours are as they are stored: [`PictureChunks`] says what they mean.
//!
//! The primary image is the one in `IDAT`; later frames of an animation, in `fdAT`, are never read.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_png::{Datastream, ImageHeader};
//! use image_ingest_samples::{CpuTimer, Size};
//!
//! // One gray pixel of 8 bits: filter type 0 and 200, in a stored block of deflate.
//! let file = b"\x89PNG\r\n\x1a\n\
//!     \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
//!     \0\0\0\x0dIDAT\x78\x01\x01\x02\0\xfd\xff\0\xc8\0\xca\0\xc9\xad\x63\x23\xb2\
//!     \0\0\0\0IEND\xae\x42\x60\x82";
//! assert_eq!(ImageHeader::read(file)?.size, Size::new(1, 1));
//! let mut kept = Vec::new();
//! Datastream::read(file, &CpuTimer::default())?.picture().decode(&mut kept, &CpuTimer::default())?;
//! assert_eq!(kept, [200]);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![deny(unsafe_code)]

mod adam7;
mod adler;
mod chunks;
mod datastream;
mod dispatch;
mod expand;
mod header;
mod image_data;
mod inflate;
mod picture;
mod picture_chunks;
mod raw_profile;
mod result;
mod rows;
#[cfg(test)]
mod tests;
mod unfilter;
mod zlib;

pub use datastream::Datastream;
pub use header::{ColorType, ImageHeader};
pub use inflate::Inflater;
pub use inflate::fault::InflateFault;
pub use picture::PngPicture;
pub use picture_chunks::PictureChunks;
