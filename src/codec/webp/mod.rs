//! WebP (RFC 9649): `image-ingest-webp` reads the container and decodes VP8 (RFC 6386), alpha planes and VP8L.
//!
//! The primary image is the still picture, or the first frame of an animation on its canvas. What that frame leaves
//! uncovered is transparent: libwebp's own `WebPAnimDecoder` and browsers ignore the background colour of `ANIM`, too.

mod cost;
mod decode;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
