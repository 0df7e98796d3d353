//! GIF (GIF87a, GIF89a), which `image-ingest-gif` reads: its blocks, and the first frame's indices and colours.
//!
//! The primary image is the first frame on its canvas. What the canvas does not get from that frame is transparent; the
//! background colour index is ignored. Later frames are counted, never decoded.

mod cost;
mod decode;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
