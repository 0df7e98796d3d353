//! PNG (PNG Third Edition). Chunks and image data are read by `image-ingest-png`; what chunks say of the picture is read here.
//!
//! The primary image is the one in `IDAT`. In an APNG it is also the first frame when an `fcTL` precedes it; otherwise it
//! is the picture meant for decoders without animation, and that picture is the one ingested: later frames in `fdAT` are
//! never read. An ICC profile is inflated up to its limit, text only where it may hold Exif.

mod cost;
mod decode;
mod inflated;
mod probe;
mod raw_profile;
mod structure;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
