//! PNG (PNG Third Edition): the structure is walked here. Rows that are samples as they stand are inflated and unfiltered
//! here as well; palettes, `tRNS`, depths below 8 and interlaced pictures come from the `png` crate.
//!
//! The primary image is the one in `IDAT`. In an APNG it is also the first frame when an `fcTL` precedes it; otherwise it
//! is the picture meant for decoders without animation, and that picture is the one ingested: later frames in `fdAT` are
//! never read. Text chunks are never inflated, an ICC profile only up to its limit.

mod chunks;
mod decode;
mod inflate;
mod probe;
mod unfilter;

pub(crate) use decode::decode;
pub(crate) use probe::probe;

#[cfg(test)]
mod tests;
