//! Walks the chunks of a PNG datastream without copying (PNG Third Edition § 5).
//!
//! A chunk is its data's length in four bytes, its type in four letters, its data, and a CRC of type and data in four
//! bytes. A step of the walk reads the length and the type alone. The CRC is computed only for a chunk that something
//! depends on, by whoever uses it.

use image_ingest_samples::{CpuTimer, DecodeError, WorkError};

use crate::result::Result;

/// One chunk as it is stored in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// The four-letter type.
    pub(crate) name: [u8; 4],
    /// The data alone.
    pub(crate) data: &'a [u8],
    /// Length, type, data and CRC.
    whole: &'a [u8],
}

impl Chunk<'_> {
    /// Bit 5 of the type's first byte is clear: a decoder must understand this chunk (§ 5.4).
    pub(crate) fn is_critical(&self) -> bool {
        self.name[0] & 0x20 == 0
    }

    /// Whether the stored CRC is that of type and data.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub(crate) fn crc_holds(&self, timer: &CpuTimer<'_>) -> Result<bool, WorkError> {
        let (Some(covered), Some(stored)) = (self.whole.get(4..self.whole.len() - 4), self.whole.last_chunk()) else {
            return Ok(false);
        };
        let mut crc = crc32fast::Hasher::new();
        for piece in covered.chunks(PIECE_BYTES) {
            // A file may have a million chunks without data.
            if piece.len() <= SHORT_BYTES {
                timer.step()?
            } else {
                timer.check()?
            }
            crc.update(piece);
        }
        Ok(crc.finalize() == u32::from_be_bytes(*stored))
    }

    /// Refuses a critical chunk whose CRC does not hold.
    ///
    /// # Errors
    ///
    /// `malformed`, `deadline`, `cancelled`.
    pub(crate) fn check_crc(&self, timer: &CpuTimer<'_>) -> Result<()> {
        if self.crc_holds(timer)? { Ok(()) } else { Err(DecodeError::malformed("CRC mismatch in a critical chunk")) }
    }
}

/// So many bytes have their CRC in half a millisecond where the CPU has no instruction for it.
const PIECE_BYTES: usize = 1 << 19;

/// So many bytes have their CRC in a microsecond or two.
const SHORT_BYTES: usize = 1 << 10;

/// The chunks after the signature, up to the first that is damaged.
///
/// Each step costs the same whatever the chunk holds, so a walk is bounded by the upload's size.
#[derive(Debug, Clone)]
pub(crate) struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
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

/// The eight bytes with which every PNG begins (§ 5.2).
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The largest length of a chunk, 2³¹ − 1 (§ 5.3).
const MAX_LENGTH: u32 = 0x7FFF_FFFF;

/// A chunk with its length and CRC.
#[cfg(test)]
pub(crate) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let covered = [name.as_slice(), data].concat();
    let length = u32::try_from(data.len()).expect("test chunks are short").to_be_bytes();
    [length.as_slice(), &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Result<Vec<[u8; 4]>> {
        Chunks::new(bytes)?.map(|c| c.map(|c| c.name)).collect()
    }

    fn first_crc_holds(chunk: &[u8]) -> bool {
        let file = [&SIGNATURE, chunk].concat();
        Chunks::new(&file)
            .expect("signature")
            .next()
            .expect("one")
            .expect("whole")
            .crc_holds(&CpuTimer::default())
            .expect("no budget")
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
    fn lengths_over_31_bits_and_types_that_are_no_letters_are_malformed() {
        for head in [b"\x80\0\0\0tEXt", b"\0\0\0\0tEX1"] {
            assert!(matches!(names(&[&SIGNATURE[..], head].concat()), Err(DecodeError::Malformed { .. })), "{head:?}");
        }
    }

    #[test]
    fn the_crc_is_that_of_iso_3309() {
        // The empty IEND as every PNG file ends with it, and the check value of the polynomial: "123456789" is
        // CBF43926.
        assert!(first_crc_holds(b"\0\0\0\0IEND\xAE\x42\x60\x82"));
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
    }

    /// The CRC a bit at a time (§ 5.5): the polynomial's reflected form, from all ones to the complement.
    fn by_the_letter(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
        })
    }

    #[test]
    fn the_crc_covers_type_and_data_and_not_the_length() {
        let crc = by_the_letter(b"gAMA\0\0\xB1\x8F").to_be_bytes();
        let mut bytes = [b"\0\0\0\x04gAMA\0\0\xB1\x8F".as_slice(), &crc].concat();
        assert!(first_crc_holds(&bytes));
        for at in 4..bytes.len() {
            // A changed case leaves a letter a letter.
            bytes[at] ^= 0x20;
            assert!(!first_crc_holds(&bytes), "changed at {at}");
            bytes[at] ^= 0x20;
        }
    }

    #[test]
    fn a_chunk_is_critical_by_the_case_of_its_first_letter() {
        let is_critical = |name| Chunk { name, data: b"", whole: b"" }.is_critical();
        assert!(is_critical(*b"PLTE") && is_critical(*b"CRIT"));
        assert!(!is_critical(*b"tRNS") && !is_critical(*b"cRIT"));
    }
}
