//! Encodes canonical rows: the canonical file, renditions and facts, all from one pass over them.
//!
//! [`Outputs`] is a [`CanonicalSink`]: rows of an image go in as they are stored, upright or turned, and the files come out at the
//! end, upright. A [`Frame`] is what a rendition shows of the image. [`CanonicalBuffer`] keeps an image whole where that is
//! needed, and [`hand_on`] gives its upright rows to a sink. No later stage changes a byte.
//!
//! This crate promises nothing but to [image-ingest](https://docs.rs/image-ingest), which pins it with `=`: its API
//! changes with any release.
//!
//! ```
//! use image_ingest_encode::{CanonicalKind, CanonicalSink, Encoding, Frame, Outputs};
//! use image_ingest_samples::{CpuTimer, Orientation, Rect, Size};
//!
//! let (size, encoding, timer) = (Size::new(64, 48), Encoding::Jpeg { quality: 85 }, CpuTimer::default());
//! let small = Frame { crop: Rect::whole(size), target: Size::new(16, 12) };
//! let mut outputs = Outputs::new(size, Orientation::Upright, encoding, [(small, encoding)].into_iter(), true)?;
//! outputs.begin(CanonicalKind::Rgb, size)?;
//! for _ in 0..48 {
//!     outputs.take(0, &[250, 120, 10].repeat(64), &timer)?;
//! }
//! let encoded = outputs.finish(&timer)?;
//! assert!(encoded.bytes.starts_with(b"\xFF\xD8") && encoded.renditions[0].len() < encoded.bytes.len());
//! assert!(encoded.facts.is_some_and(|facts| facts.high_key));
//! # Ok::<(), image_ingest_samples::WorkError>(())
//! ```
#![forbid(unsafe_code)]

mod buffer;
mod canonical;
mod encoding;
mod framed;
mod image_encoder;
mod jpeg;
mod outputs;
mod result;
mod sink;
#[cfg(test)]
mod tests;
mod upright;
#[cfg(feature = "webp-encode")]
mod webp;

pub use buffer::CanonicalBuffer;
pub use canonical::{Canonical, CanonicalSamples};
pub use encoding::{Encoding, ParseEncodingError};
pub use framed::Frame;
pub use image_encoder::encode;
pub use outputs::{Encoded, OutputTimes, Outputs};
pub use sink::{CanonicalKind, CanonicalSink};
pub use upright::hand_on;
