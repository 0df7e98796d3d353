//! VP8L, the lossless bitstream (RFC 9649 § 3).
//!
//! `structure` reads what stands before the pixels: transforms, and groups of prefix codes ([`code_lengths`], [`prefix`],
//! `group`). `image_data` decodes pixels, `rows` applies the inverse transforms (`predictor`, `cross_color`, `palette`),
//! and `picture` gives samples, `alpha` those of an alpha plane. `layout` reads the structure alone.

pub(crate) mod alpha;
mod alphabet;
mod backward;
mod bits;
mod blocks;
mod code_lengths;
mod color_cache;
mod columns;
mod cross_color;
mod group;
mod image_data;
pub(crate) mod layout;
mod palette;
pub(crate) mod picture;
mod pixel;
pub(crate) mod predictor;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod predictor_lanes;
#[cfg(target_arch = "x86_64")]
pub(crate) mod predictor_sse2;
mod prefix;
pub(crate) mod rows;
mod structure;
#[cfg(test)]
mod tests;
