//! PNG (PNG Third Edition): chunks, image data, filters, interlacing and expansion are read here; fdeflate inflates.
//!
//! The primary image is the one in `IDAT`. In an APNG it is also the first frame when an `fcTL` precedes it; otherwise it
//! is the picture meant for decoders without animation, and that picture is the one ingested: later frames in `fdAT` are
//! never read. An ICC profile is inflated up to its limit, text only where it may hold Exif.

mod chunks;
mod decode;
mod expand;
mod inflate;
mod inflated;
mod probe;
mod raw_profile;
mod structure;
mod unfilter;

pub(crate) use decode::decode;
pub(crate) use probe::probe;

#[cfg(test)]
mod tests;
