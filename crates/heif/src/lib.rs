//! Reads the structure of HEIF files (ISO/IEC 23008-12): boxes, items, their extents, references and properties.
//!
//! - [`Items`] reads a file within [`HeifLimits`] and finds the primary item, the inputs and alpha planes of items,
//!   and the primary item's Exif.
//! - [`Property`] is a property of an item, with [`CleanAperture`] and [`MirrorAxis`] for its crops and mirrors.
//! - [`Grid`] is the payload of an item made of tiles, and [`Overlay`] of one made of pictures over each other.
//! - [`FourCc`] is the code of a box or an item, and [`printable`] writes it into a message.
//!
//! No picture is decoded here, and no decoder configuration is read: [image-ingest](https://docs.rs/image-ingest) hands
//! both to its HEVC decoders.
//!
//! This crate promises nothing but to image-ingest, which pins it with `=`: its API changes with any release.
//!
//! ```
//! use image_ingest_heif::{HeifLimits, Items, Property};
//! use image_ingest_samples::{CpuTimer, Size};
//!
//! fn make_box(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
//!     [&(payload.len() as u32 + 8).to_be_bytes()[..], name, payload].concat()
//! }
//!
//! // One item of type `hvc1` with a size of 64 × 48 and four bytes of data in `idat`.
//! let infe = make_box(b"infe", b"\x02\0\0\0\0\x01\0\0hvc1\0");
//! let ispe = make_box(b"ispe", &[0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 48]);
//! let ipma = make_box(b"ipma", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1]);
//! let parts = [
//!     vec![0; 4],
//!     make_box(b"hdlr", b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
//!     make_box(b"pitm", &[0, 0, 0, 0, 0, 1]),
//!     make_box(b"iinf", &[&[0, 0, 0, 0, 0, 1], &infe[..]].concat()),
//!     make_box(b"iloc", &[1, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4]),
//!     make_box(b"idat", b"data"),
//!     make_box(b"iprp", &[make_box(b"ipco", &ispe), ipma].concat()),
//! ];
//! let file = [make_box(b"ftyp", b"heic\0\0\0\0mif1"), make_box(b"meta", &parts.concat())].concat();
//!
//! let items = Items::read(&file, &HeifLimits { depth: 16, items: 1000, tiles: 1024, extents: 64 }, &CpuTimer::default())?;
//! assert_eq!(&items.item_type(items.primary)?, b"hvc1");
//! assert_eq!(items.properties(items.primary).next().transpose()?, Some(Property::Size(Size::new(64, 48))));
//! assert_eq!(items.data(items.primary)?, [b"data"]);
//! # Ok::<(), image_ingest_samples::DecodeError>(())
//! ```
#![forbid(unsafe_code)]

mod aperture;
mod boxes;
mod cursor;
mod grid;
mod infos;
mod items;
mod limits;
mod locations;
mod meta;
mod overlay;
mod properties;
mod references;
mod result;
#[cfg(test)]
mod tests;
mod transform;

pub use aperture::CleanAperture;
pub use cursor::{FourCc, printable};
pub use grid::Grid;
pub use items::Items;
pub use limits::HeifLimits;
pub use overlay::Overlay;
pub use properties::{MirrorAxis, Property};
pub use transform::Transform;
