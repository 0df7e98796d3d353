//! Decodes HEVC still pictures (ITU-T H.265), as HEIF files hold them.
//!
//! [`DecoderConfiguration`] reads what `hvcC` says, [`CodedPicture`] picks the NAL units of one picture, and [`decode`] decodes
//! it without in-loop filters. [`TiledPlanes`] and [`TileRows`] put the tiles of a grid together.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API changes
//! with any release.
#![forbid(unsafe_code)]

mod config;
mod intra;
mod nal;
mod rbsp;
mod result;
mod tile_rows;
mod tiled;

pub use config::{CodedFormat, DecoderConfiguration, Usability};
pub use intra::{DecodedPicture, DecodedPlane, decode};
pub use nal::CodedPicture;
pub use tile_rows::TileRows;
pub use tiled::TiledPlanes;
