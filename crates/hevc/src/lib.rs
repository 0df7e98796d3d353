//! Decodes HEVC still pictures (ITU-T H.265), as HEIF files hold them.
//!
//! - [`DecoderConfiguration`] reads `hvcC`, and [`CodedFormat`] what its sequence parameter set says of the pictures.
//! - [`CodedPicture`] picks the NAL units of one picture from the data of an item.
//! - [`decode`] decodes them to a [`DecodedPicture`], with or without [`InLoopFilters`], and [`PictureMemory`] many of them
//!   in the same memory.
//! - [`TiledPlanes`] and [`TileRows`] put the tiles of a grid together, whole or one row of tiles at a time.
//!
//! ```
//! use image_ingest_hevc::{CodedPicture, DecoderConfiguration, InLoopFilters, decode};
//! use image_ingest_samples::{CpuTimer, Samples, Size};
//!
//! // A gray picture of 16 × 16 samples: the payload of `hvcC`, and the data of the item.
//! let mut payload = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfc, 0xf8, 0xf8, 0, 0, 3, 2];
//! let sequence_set = [
//!     0x42, 1, 1, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0, 0xc2, 0x21, 0x17, 0x7a, 0xbc, 0x20, 0x80,
//! ];
//! let picture_set = [0x44, 1, 0xc0, 0x71, 0x80, 0x12];
//! payload.extend([33, 0, 1, 0, 27]);
//! payload.extend(sequence_set);
//! payload.extend([34, 0, 1, 0, 6]);
//! payload.extend(picture_set);
//! let item = [0, 0, 0, 5, 0x26, 1, 0xaf, 0x23, 0x78];
//!
//! let config = DecoderConfiguration::read(&payload)?;
//! assert_eq!(config.sequence()?.size, Size::new(16, 16));
//! let coded = CodedPicture::read(&config, &item, &CpuTimer::default())?;
//! let picture = decode(&coded, InLoopFilters::Applied, &CpuTimer::default())?;
//! assert!(picture.planes[0].samples == Samples::U8(vec![128; 256]));
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
#![deny(unsafe_code)]

mod coded_format;
mod coded_picture;
mod config;
mod decoded_picture;
mod dispatch;
mod intra;
mod md5;
mod nal;
mod parameters;
mod picture_hash;
mod rbsp;
mod result;
mod scan;
mod tile_rows;
mod tiled_planes;

pub use coded_format::CodedFormat;
pub use coded_picture::CodedPicture;
pub use config::DecoderConfiguration;
pub use decoded_picture::{DecodedPicture, DecodedPlane};
#[cfg(feature = "recorder")]
#[doc(hidden)]
pub use intra::recorder;
#[cfg(feature = "recorder")]
#[doc(hidden)]
pub use intra::tools_in_use::ToolsInUse;
pub use intra::{InLoopFilters, PictureMemory, decode};
pub use parameters::usability::Usability;
pub use tile_rows::TileRows;
pub use tiled_planes::TiledPlanes;

#[cfg(test)]
mod tests;
