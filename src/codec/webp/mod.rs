//! webp.

use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::Pixels;

/// Reads the header.
pub(crate) fn probe(_bytes: &[u8], _limits: &Limits) -> Result<Header> {
    Err(Error::unsupported(Format::Webp, "not built yet"))
}

/// Decodes the primary image.
pub(crate) fn decode(_bytes: &[u8], _header: &Header) -> Result<Pixels> {
    Err(Error::unsupported(Format::Webp, "not built yet"))
}
