//! Inflates the zlib streams of ancillary chunks, up to a limit.

use fdeflate::Decompressor;

use image_ingest_samples::zeroed;

use crate::error::{Error, Result};

/// A whole zlib stream; `None` for one that is damaged or longer than `max` bytes.
///
/// # Errors
///
/// `out_of_memory`.
pub(super) fn inflated(stream: &[u8], max: u64) -> Result<Option<Vec<u8>>> {
    // One more than allowed, so that a stream of exactly `max` bytes also reaches its Adler-32.
    let Some(most) = usize::try_from(max).ok().and_then(|max| max.checked_add(1)) else { return Ok(None) };
    let mut zlib = Decompressor::new();
    let (mut out, mut input, mut filled) = (zeroed(most.min(FIRST_BYTES))?, stream, 0);
    while !zlib.is_done() {
        if filled == out.len() {
            if filled == most {
                return Ok(None);
            }
            let more = most.min(filled * 2) - filled;
            out.try_reserve_exact(more).map_err(|_| Error::OutOfMemory { bytes: more as u64 })?;
            out.resize(filled + more, 0);
        }
        let Ok((consumed, produced)) = zlib.read(input, &mut out, filled, true) else { return Ok(None) };
        input = input.get(consumed..).unwrap_or_default();
        filled += produced;
        if consumed == 0 && produced == 0 && filled < out.len() {
            return Ok(None);
        }
    }
    out.truncate(filled);
    Ok((filled < most).then_some(out))
}

/// Room for the profiles that there are; larger ones move.
const FIRST_BYTES: usize = 16 * 1024;
