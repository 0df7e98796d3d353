//! Renditions: further sizes of a picture, made from the canonical samples of the same decode.

pub use crate::plan::rendition::{Focus, ParseRenditionError, RenditionSpec};
