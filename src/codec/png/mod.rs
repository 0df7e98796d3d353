//! PNG (PNG Third Edition), which `image-ingest-png` reads: its chunks and its image data.
//!
//! The primary image is the one in `IDAT`. In an APNG it is also the first frame when an `fcTL` precedes it; otherwise
//! it is the picture meant for decoders without animation, and that picture is the one ingested. An ICC profile is
//! inflated up to its limit, text only where it may hold Exif.

mod cost;
mod decode;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
