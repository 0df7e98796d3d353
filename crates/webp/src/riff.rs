//! Splits a RIFF file into chunks without copying (RFC 9649 § 2.3 and § 2.4).
//!
//! A chunk is a name of four characters, the number of bytes of its data as 32 bits, little-endian, and the data. A
//! byte that belongs to no chunk follows data of odd length.

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// One chunk of a RIFF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiffChunk<'a> {
    /// Its name, such as `b"VP8 "`.
    pub name: [u8; 4],
    /// Its data, without the byte that pads an odd length.
    pub data: &'a [u8],
}

/// Iterates over the chunks of a RIFF list and ends after the first error.
///
/// A chunk that does not fit into the list is `truncated` where the file ends before the list does, and `malformed`
/// otherwise. Each step takes at least the 8 bytes of a chunk's header, so there are at most as many steps as an eighth
/// of the upload's bytes.
///
/// ```
/// use image_ingest_webp::{RiffChunk, RiffChunks};
///
/// let mut chunks = RiffChunks::in_webp(b"RIFF\x0e\0\0\0WEBPNAME\x01\0\0\0\x07\0")?;
/// assert_eq!(chunks.next().transpose()?, Some(RiffChunk { name: *b"NAME", data: &[7] }));
/// assert!(chunks.next().is_none());
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RiffChunks<'a> {
    rest: &'a [u8],
    /// Whether the file ends before the list does. The end is then an error, which is given once.
    is_cut: bool,
}

impl<'a> RiffChunks<'a> {
    /// The chunks inside the RIFF header of a WebP file. What follows the RIFF chunk is ignored.
    ///
    /// A file that ends before its RIFF chunk does is refused only when the walk reaches that end: its last chunk may
    /// be whole, and may be all that a reader needs.
    ///
    /// # Errors
    ///
    /// `truncated` for fewer bytes than the header has, `malformed` for another header.
    pub fn in_webp(file: &'a [u8]) -> Result<Self> {
        let Some((&[r0, r1, r2, r3, s0, s1, s2, s3, w0, w1, w2, w3], body)) = file.split_first_chunk() else {
            return Err(ended());
        };
        if [r0, r1, r2, r3] != *b"RIFF" || [w0, w1, w2, w3] != *b"WEBP" {
            return Err(DecodeError::malformed("no RIFF header of a WebP"));
        }
        // The RIFF chunk's length counts the four bytes `WEBP`, which are read already.
        let size = u32::from_le_bytes([s0, s1, s2, s3])
            .checked_sub(4)
            .ok_or_else(|| DecodeError::malformed("empty RIFF chunk"))?;
        let inside = usize::try_from(size).ok().and_then(|size| body.get(..size));
        Ok(Self { rest: inside.unwrap_or(body), is_cut: inside.is_none() })
    }

    /// The chunks of a list whose bytes are all there, such as the data of `ANMF`.
    #[must_use]
    pub const fn in_chunk(rest: &'a [u8]) -> Self {
        Self { rest, is_cut: false }
    }

    /// The bytes from the next chunk on.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next chunk; `None` where its header or its data does not fit.
    fn step(&mut self) -> Option<RiffChunk<'a>> {
        let (name, rest) = self.rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*size)).ok()?)?;
        // The byte that pads an odd length may be missing at the very end.
        self.rest = if data.len() % 2 == 1 { rest.get(1..).unwrap_or_default() } else { rest };
        Some(RiffChunk { name: *name, data })
    }
}

impl<'a> Iterator for RiffChunks<'a> {
    type Item = Result<RiffChunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return self.is_cut.then(|| {
                self.is_cut = false;
                Err(ended())
            });
        }
        let is_cut = self.is_cut;
        let chunk = self
            .step()
            .ok_or_else(|| if is_cut { ended() } else { DecodeError::malformed("a chunk reaches beyond its parent") });
        if chunk.is_err() {
            (self.rest, self.is_cut) = (&[], false);
        }
        Some(chunk)
    }
}

fn ended() -> DecodeError {
    DecodeError::truncated("the file ends before its RIFF chunk does")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and data of the chunks, and the error that ended the walk.
    fn walk(chunks: RiffChunks<'_>) -> (Vec<(&[u8; 4], usize)>, Option<String>) {
        let mut seen = Vec::new();
        for chunk in chunks {
            match chunk {
                Ok(RiffChunk { name: [b'A', ..], data }) => seen.push((b"A   ", data.len())),
                Ok(RiffChunk { data, .. }) => seen.push((b"B   ", data.len())),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    }

    #[test]
    fn a_byte_pads_data_of_odd_length() {
        let list = b"A   \x03\0\0\0abc\0B   \x02\0\0\0de";
        assert_eq!(walk(RiffChunks::in_chunk(list)), (vec![(b"A   ", 3), (b"B   ", 2)], None));
    }

    #[test]
    fn the_last_byte_of_padding_may_be_missing() {
        assert_eq!(walk(RiffChunks::in_chunk(b"A   \x01\0\0\0a")), (vec![(b"A   ", 1)], None));
    }

    #[test]
    fn a_chunk_beyond_its_list_is_malformed_and_the_last() {
        let (seen, error) = walk(RiffChunks::in_chunk(b"A   \0\0\0\0B   \x03\0\0\0ab"));
        assert_eq!(
            (seen, error.as_deref()),
            (vec![(b"A   ", 0)], Some("malformed: a chunk reaches beyond its parent"))
        );
        let mut chunks = RiffChunks::in_chunk(b"A");
        assert!(chunks.next().unwrap().is_err());
        assert!(chunks.next().is_none());
    }

    #[test]
    fn the_length_of_the_riff_chunk_counts_its_form_type() {
        let file = b"RIFF\x0c\0\0\0WEBPA   \0\0\0\0B   \0\0\0\0";
        assert_eq!(walk(RiffChunks::in_webp(file).unwrap()), (vec![(b"A   ", 0)], None));
    }

    #[test]
    fn a_file_that_is_cut_is_truncated_after_its_whole_chunks() {
        let file = b"RIFF\x14\0\0\0WEBPA   \0\0\0\0B   \0\0\0\0";
        let truncated = Some("truncated: the file ends before its RIFF chunk does".to_owned());
        for len in 20..file.len() {
            assert_eq!(walk(RiffChunks::in_webp(&file[..len]).unwrap()), (vec![(b"A   ", 0)], truncated.clone()));
        }
        for len in 0..12 {
            assert!(matches!(RiffChunks::in_webp(&file[..len]), Err(DecodeError::Truncated { .. })));
        }
    }

    #[test]
    fn other_headers_are_malformed() {
        for header in [b"RIFX\x04\0\0\0WEBP", b"RIFF\x04\0\0\0WAVE", b"RIFF\x03\0\0\0WEBP"] {
            assert!(matches!(RiffChunks::in_webp(header), Err(DecodeError::Malformed { .. })));
        }
    }
}
