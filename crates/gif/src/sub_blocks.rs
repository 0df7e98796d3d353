//! Data sub-blocks (GIF89a § 15): a length, as many bytes, and so on up to a length of 0.

use image_ingest_samples::{CpuTimer, WorkError};

/// The sub-blocks at the start of some bytes, up to their terminator.
///
/// ```
/// use image_ingest_gif::SubBlocks;
/// use image_ingest_samples::CpuTimer;
///
/// let blocks = SubBlocks::of(b"\x03abc\x01d\x00;");
/// assert_eq!(blocks.clone().collect::<Vec<_>>(), [&b"abc"[..], b"d"]);
/// assert_eq!(blocks.after(&CpuTimer::default())?, Some(&b";"[..]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SubBlocks<'a> {
    rest: &'a [u8],
}

impl<'a> SubBlocks<'a> {
    /// The sub-blocks at the start of `bytes`, which begin with the first one's length.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What follows the terminator; `None` where the bytes end before it.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub fn after(&self, timer: &CpuTimer<'_>) -> Result<Option<&'a [u8]>, WorkError> {
        let mut rest = self.rest;
        while let Some((&length, following)) = rest.split_first() {
            timer.step()?;
            if length == 0 {
                return Ok(Some(following));
            }
            rest = following.get(usize::from(length)..).unwrap_or_default();
        }
        Ok(None)
    }
}

impl<'a> Iterator for SubBlocks<'a> {
    type Item = &'a [u8];

    /// The next sub-block; as much of it as there is, where the bytes end inside it.
    fn next(&mut self) -> Option<&'a [u8]> {
        let (&length, following) = self.rest.split_first().filter(|(length, _)| **length > 0)?;
        let (block, rest) = following.split_at(usize::from(length).min(following.len()));
        self.rest = rest;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_sub_block_gives_what_there_is_and_has_no_terminator() {
        let blocks = SubBlocks::of(b"\x01a\x03bc");
        assert_eq!(blocks.clone().collect::<Vec<_>>(), [&b"a"[..], b"bc"]);
        assert_eq!(blocks.after(&CpuTimer::default()), Ok(None));
        assert_eq!(SubBlocks::of(b"").after(&CpuTimer::default()), Ok(None));
        assert_eq!(SubBlocks::of(b"\x01a").after(&CpuTimer::default()), Ok(None));
    }

    #[test]
    fn the_terminator_alone_is_no_sub_block() {
        let mut blocks = SubBlocks::of(b"\0rest");
        assert_eq!(blocks.next(), None);
        assert_eq!(blocks.after(&CpuTimer::default()), Ok(Some(&b"rest"[..])));
    }
}
