//! Decodes HEVC still pictures (ITU-T H.265), as HEIF files hold them.
//!
//! - [`DecoderConfiguration`] reads `hvcC`, and [`CodedFormat`] what its sequence parameter set says of the pictures.
//! - [`CodedPicture`] picks the NAL units of one picture from the data of an item.
//! - [`decode`] decodes them to a [`DecodedPicture`], without in-loop filters.
//! - [`TiledPlanes`] and [`TileRows`] put the tiles of a grid together, whole or one row of tiles at a time.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
#![forbid(unsafe_code)]

mod coded_format;
mod coded_picture;
mod config;
mod decoded_picture;
mod intra;
mod nal;
mod parameters;
mod rbsp;
mod result;
mod scan;
mod tile_rows;
mod tiled_planes;

pub use coded_format::CodedFormat;
pub use coded_picture::CodedPicture;
pub use config::DecoderConfiguration;
pub use decoded_picture::{DecodedPicture, DecodedPlane};
pub use intra::decode;
pub use parameters::usability::Usability;
pub use tile_rows::TileRows;
pub use tiled_planes::TiledPlanes;

#[cfg(test)]
mod tests;
