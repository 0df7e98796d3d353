//! HEIF with HEVC pictures: `image-ingest-heif` reads the structure, `image-ingest-hevc` decodes the pictures.
//!
//! Boxes follow ISO/IEC 14496-12, items and their properties ISO/IEC 23008-12. Only the primary item is looked at.
//!
//! `irot` and `imir` say the orientation, and Exif turns nothing (ISO/IEC 23008-12): phones write both Exif and `irot`.
//! Where a file of no MIAF brand has neither `irot` nor `imir`, Exif may be all that its writer has said. Then the
//! picture stays as it is stored, and the header tells the value (`exif_orientation_ignored`).

mod colour;
mod cost;
mod decode;
mod image;
mod layers;
mod mosaic;
mod picture;
mod probe;
mod refusal;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
