//! WebP (RFC 9649): the container is read here, VP8 (RFC 6386) and VP8L bitstreams go to libwebp.
//!
//! The primary image is the still picture, or the first frame of an animation on its canvas. What that frame leaves
//! uncovered is transparent: like libwebp's own `WebPAnimDecoder` and browsers, the background colour of `ANIM` is ignored.
//! Also as libwebp has it, `ICCP` and `EXIF` count only where `VP8X` announces them.

mod container;
mod cost;
mod decode;
mod probe;
#[cfg(test)]
mod tests;

pub(crate) use cost::cost;
pub(crate) use decode::decode;
pub(crate) use probe::probe;
