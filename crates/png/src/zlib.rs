//! Inflates the zlib stream of an ancillary chunk to its end, up to a limit (PNG Third Edition § 10.3).

use image_ingest_samples::{CpuTimer, DecodeError, WorkError, zeroed};

use crate::inflate::Inflater;
use crate::inflate::fault::InflateFault;
use crate::result::Result;

/// A whole zlib stream, its Adler-32 checked; `None` for one that is damaged or gives more than `max_bytes`.
///
/// The buffer doubles as it fills, so a short stream costs little and a long one no more than `max_bytes` + 1.
///
/// # Errors
///
/// `limit_exceeded` for too many blocks with codes of their own, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn inflated(stream: &[u8], max_bytes: u64, timer: &CpuTimer<'_>) -> Result<Option<Vec<u8>>> {
    // One more than allowed, so that a stream of exactly `max_bytes` also reaches its Adler-32.
    let Some(most) = usize::try_from(max_bytes).ok().and_then(|max| max.checked_add(1)) else { return Ok(None) };
    let mut zlib = Inflater::new().with_free_blocks(FREE_BLOCKS);
    let (mut out, mut input, mut filled) = (zeroed(most.min(FIRST_BYTES))?, stream, 0);
    while !zlib.is_done() {
        if filled == out.len() {
            if filled == most {
                return Ok(None);
            }
            let more = most.min(filled * 2) - filled;
            out.try_reserve_exact(more).map_err(|_| WorkError::OutOfMemory { bytes: more as u64 })?;
            out.resize(filled + more, 0);
        }
        let (consumed, produced) = match inflate_some(&mut zlib, &mut input, &mut out, filled) {
            Ok(counts) => counts,
            Err(InflateFault::Blocks) => return Err(too_many_blocks(FREE_BLOCKS)),
            Err(_) => return Ok(None),
        };
        timer.check()?;
        filled += produced;
        // No progress though there is room: the stream ends before its last block or its Adler-32.
        if consumed == 0 && produced == 0 && filled < out.len() {
            return Ok(None);
        }
    }
    out.truncate(filled);
    Ok((filled < most).then_some(out))
}

/// Blocks with codes of their own that a profile or a text may have, whatever their length: few, so that a header is
/// refused quickly. An encoder begins a block after some thousand symbols.
const FREE_BLOCKS: u64 = 512;

/// What [`InflateFault::Blocks`] is of a stream that may have `limit` short ones.
pub(crate) fn too_many_blocks(limit: u64) -> DecodeError {
    DecodeError::LimitExceeded { what: "short deflate blocks with codes of their own", actual: limit + 1, limit }
}

/// Inflates a piece of `input` to `out` from `filled` on, and moves `input` behind what was read. Returns how many bytes
/// were read and how many came.
///
/// A piece is small: a deflate stream may be blocks that hold nothing, and cost a set of prefix codes each.
///
/// # Errors
///
/// [`InflateFault`].
pub(crate) fn inflate_some(
    zlib: &mut Inflater,
    input: &mut &[u8],
    out: &mut [u8],
    filled: usize,
) -> Result<(usize, usize), InflateFault> {
    let piece = &input[..input.len().min(PIECE_BYTES)];
    let (consumed, produced) = zlib.read(piece, out, filled)?;
    *input = input.get(consumed..).unwrap_or_default();
    Ok((consumed, produced))
}

/// The most input between two looks at the budget.
const PIECE_BYTES: usize = 8 * 1024;

/// The first buffer. Most ICC profiles fit; a longer one is moved when the buffer grows.
const FIRST_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The zlib stream of "abc" in one stored block (RFC 1950 § 2.2, RFC 1951 § 3.2.4), written by hand.
    const ABC: [u8; 14] = [0x78, 0x01, 0x01, 3, 0, 0xFC, 0xFF, b'a', b'b', b'c', 0x02, 0x4D, 0x01, 0x27];

    fn within(stream: &[u8], max_bytes: u64) -> Option<Vec<u8>> {
        inflated(stream, max_bytes, &CpuTimer::default()).unwrap()
    }

    #[test]
    fn a_stored_block_comes_back() {
        assert_eq!(within(&ABC, 3), Some(b"abc".to_vec()));
    }

    #[test]
    fn a_stream_over_the_limit_or_cut_or_with_a_wrong_checksum_is_none() {
        assert_eq!(within(&ABC, 2), None);
        (0..ABC.len()).for_each(|n| assert_eq!(within(&ABC[..n], 99), None, "cut at {n}"));
        let mut wrong = ABC;
        wrong[13] ^= 1;
        assert_eq!(within(&wrong, 99), None);
    }

    #[test]
    fn the_limit_is_inclusive_whatever_the_first_buffer_is() {
        for len in [0, 1, FIRST_BYTES - 1, FIRST_BYTES, FIRST_BYTES + 1, 5 * FIRST_BYTES] {
            let bytes: Vec<u8> = (0..len).map(|at| (at * at / 7).to_le_bytes()[0]).collect();
            let stream = fdeflate::compress_to_vec(&bytes);
            assert_eq!(within(&stream, len as u64), Some(bytes), "{len} bytes");
            assert_eq!(within(&stream, (len as u64).saturating_sub(1)).is_some(), len == 0, "{len} bytes");
        }
    }
}
