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
    /// The sub-blocks at the start of `bytes`.
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
