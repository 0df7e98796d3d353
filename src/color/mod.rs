//! Colour.

use crate::header::{ColorDescription, Header};

/// The way from stored samples to sRGB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    /// Stored samples are sRGB already.
    Identity,
    /// Through this description.
    From(ColorDescription),
}

/// Decides the conversion.
pub(crate) fn conversion(_header: &Header) -> Conversion {
    Conversion::Identity
}
