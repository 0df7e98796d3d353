//! Encoders of the canonical image.

pub(crate) mod webp;
