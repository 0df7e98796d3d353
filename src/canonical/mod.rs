//! Turns decoded rows into the canonical image: reduced, sRGB, opaque.
//!
//! [`RowStages`] does it a few rows at a time, and gives them to a [`CanonicalSink`]: an encoder, or [`CanonicalBuffer`]
//! where the whole image has to exist. It still lies as it was stored. Whoever reads a whole image makes it upright: the
//! JPEG encoder a row of MCUs at a time.

mod buffer;
mod image;
mod row_stages;
mod sink;

pub(crate) use self::buffer::CanonicalBuffer;
pub use self::image::{Canonical, CanonicalSamples};
pub(crate) use self::row_stages::RowStages;
pub(crate) use self::sink::{CanonicalKind, CanonicalSink};
