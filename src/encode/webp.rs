//! WebP.
use crate::canonical::Canonical;
use crate::error::{Error, Result};

pub(super) fn encode(_canonical: &Canonical, _quality: u8) -> Result<Vec<u8>> {
    Err(Error::internal("not built yet"))
}
