//! HEIF with HEVC pictures: the container is read here, coded pictures are decoded by `image-ingest-hevc` or by libde265.
//!
//! Boxes follow ISO/IEC 14496-12, items and their properties ISO/IEC 23008-12. Only the primary item is looked at.
//! Orientation is said by `irot` and `imir`; Exif turns nothing, and is read only to tell where it asks for a turn.

mod agreement;
mod alpha;
mod boxes;
mod cost;
mod decode;
mod grid;
mod image;
mod items;
mod probe;
mod properties;
#[cfg(test)]
mod tests;
mod transform;

pub(crate) use agreement::decoders_agree;
pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
