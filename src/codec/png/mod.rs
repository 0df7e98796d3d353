//! png.

use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::Pixels;

/// Reads the header.
pub(crate) fn probe(_bytes: &[u8], _limits: &Limits) -> Result<Header> {
    Err(Error::unsupported(Format::Png, "not built yet"))
}

/// Decodes the primary image.
pub(crate) fn decode(_bytes: &[u8], _header: &Header, _limits: &Limits) -> Result<Pixels> {
    Err(Error::unsupported(Format::Png, "not built yet"))
}
