//! GIF (GIF87a, GIF89a).
//!
//! The primary image is the first frame on its canvas. Where the specification and the field part, this follows what
//! Chromium's decoder (Wuffs) and Pillow agree on: the canvas grows to hold the first frame, whatever the canvas does not
//! get from that frame is transparent (the background colour index is ignored), and an index beyond the colour table is
//! opaque black. Without any colour table, indices are levels of gray as in Pillow, or black and white where there are no
//! others, as GIF89a § 18 recommends. Later frames are counted, never decoded.

mod blocks;
mod cost;
mod decode;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
