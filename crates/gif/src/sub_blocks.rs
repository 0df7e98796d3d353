//! Data sub-blocks (GIF89a § 15): a length, as many bytes, and so on up to a length of 0.

/// The sub-blocks at the start of some bytes, up to their terminator.
///
/// ```
/// use image_ingest_gif::SubBlocks;
///
/// let blocks = SubBlocks::of(b"\x03abc\x01d\x00;");
/// assert_eq!(blocks.clone().collect::<Vec<_>>(), [&b"abc"[..], b"d"]);
/// assert_eq!(blocks.after(), Some(&b";"[..]));
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
    #[must_use]
    pub fn after(&self) -> Option<&'a [u8]> {
        let mut rest = self.rest;
        loop {
            let (&length, following) = rest.split_first()?;
            if length == 0 {
                return Some(following);
            }
            rest = following.get(usize::from(length)..)?;
        }
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
        assert_eq!(blocks.after(), None);
        assert_eq!(SubBlocks::of(b"").after(), None);
        assert_eq!(SubBlocks::of(b"\x01a").after(), None);
    }

    #[test]
    fn the_terminator_alone_is_no_sub_block() {
        let mut blocks = SubBlocks::of(b"\0rest");
        assert_eq!((blocks.next(), blocks.after()), (None, Some(&b"rest"[..])));
    }
}
