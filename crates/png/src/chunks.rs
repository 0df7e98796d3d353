//! Walks the chunks of a PNG datastream without copying (PNG Third Edition § 5).

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// One chunk as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The four-letter type.
    pub name: [u8; 4],
    /// The data alone.
    pub data: &'a [u8],
    /// Length, type, data and CRC.
    pub whole: &'a [u8],
}

impl Chunk<'_> {
    /// Bit 5 of the type's first byte is clear: a decoder must understand this chunk (§ 5.4).
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.name[0] & 0x20 == 0
    }

    /// The stored CRC is that of type and data.
    #[must_use]
    pub fn crc_holds(&self) -> bool {
        let (Some(covered), Some(stored)) = (self.whole.get(4..self.whole.len() - 4), self.whole.last_chunk()) else {
            return false;
        };
        crc32fast::hash(covered) == u32::from_be_bytes(*stored)
    }

    /// Refuses a critical chunk whose CRC does not hold.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`].
    pub fn check_crc(&self) -> Result<()> {
        if self.crc_holds() { Ok(()) } else { Err(DecodeError::malformed("CRC mismatch in a critical chunk")) }
    }
}

/// The chunks after the signature, up to the first that is damaged.
///
/// Each step costs the same whatever the chunk holds, so a walk is bounded by the upload's size.
#[derive(Debug, Clone)]
pub struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`].
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        match bytes.strip_prefix(&SIGNATURE) {
            Some(rest) => Ok(Self { rest }),
            None if SIGNATURE.starts_with(bytes) => Err(DecodeError::truncated("the signature is cut")),
            None => Err(DecodeError::malformed("no PNG signature")),
        }
    }

    fn step(&mut self) -> Result<Chunk<'a>> {
        let cut = || DecodeError::truncated("the file ends inside a chunk");
        let length = u32::from_be_bytes(*self.rest.first_chunk().ok_or_else(cut)?);
        let name: [u8; 4] = *self.rest.get(4..).and_then(<[u8]>::first_chunk).ok_or_else(cut)?;
        if length > MAX_LENGTH || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(DecodeError::malformed("not a chunk where one must begin"));
        }
        let end = usize::try_from(length).ok().and_then(|n| n.checked_add(8)).ok_or_else(cut)?;
        let (whole, rest) = end.checked_add(4).and_then(|all| self.rest.split_at_checked(all)).ok_or_else(cut)?;
        self.rest = rest;
        Ok(Chunk { name, data: whole.get(8..end).unwrap_or_default(), whole })
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let chunk = self.step();
        if chunk.is_err() {
            self.rest = &[];
        }
        Some(chunk)
    }
}

/// The eight bytes every PNG begins with (§ 5.2).
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A length must not exceed 2³¹ − 1 (§ 5.3).
const MAX_LENGTH: u32 = 0x7FFF_FFFF;

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with its length and CRC.
    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let covered = [name.as_slice(), data].concat();
        let length = u32::try_from(data.len()).expect("test chunks are short").to_be_bytes();
        [length.as_slice(), &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
    }

    fn names(bytes: &[u8]) -> Result<Vec<[u8; 4]>> {
        Chunks::new(bytes)?.map(|c| c.map(|c| c.name)).collect()
    }

    #[test]
    fn chunks_come_in_file_order() {
        let file = [SIGNATURE.to_vec(), chunk(b"IHDR", &[0; 13]), chunk(b"tEXt", b""), chunk(b"IEND", b"")].concat();
        assert_eq!(names(&file).expect("whole"), [*b"IHDR", *b"tEXt", *b"IEND"]);
    }

    #[test]
    fn a_cut_inside_a_chunk_is_truncated() {
        let file = [SIGNATURE.to_vec(), chunk(b"IHDR", &[0; 13])].concat();
        for n in (0..8).chain(9..file.len()) {
            assert!(matches!(names(&file[..n]), Err(DecodeError::Truncated { .. })), "at {n}");
        }
    }

    #[test]
    fn lengths_over_31_bits_are_malformed() {
        let file = [&SIGNATURE[..], b"\x80\0\0\0tEXt"].concat();
        assert!(matches!(names(&file), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn a_changed_byte_breaks_the_crc() {
        let mut bytes = [SIGNATURE.to_vec(), chunk(b"gAMA", &[0, 0, 1, 2])].concat();
        let holds = |b: &[u8]| Chunks::new(b).expect("signature").next().expect("one").expect("whole").crc_holds();
        assert!(holds(&bytes));
        bytes[17] ^= 1;
        assert!(!holds(&bytes));
    }
}
