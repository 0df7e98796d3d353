//! Finds Exif in the text chunks that ImageMagick, ExifTool and Exiv2 wrote before PNG had `eXIf`.
//!
//! The keyword is `Raw profile type exif` or `Raw profile type APP1`. The text is a line with the profile's name, a
//! line with its length in decimal, and its bytes in hexadecimal digits on lines of any length. `APP1` may hold XMP as
//! well as Exif; XMP is not read.
//!
//! Such a profile counts where no valid `eXIf` is there. Eight chunks are looked at, and a profile of more than 64 KiB
//! is as if it were absent, so that text costs little whatever an upload puts into it.

use std::borrow::Cow;

use image_ingest_samples::{CpuTimer, WorkError, reserve_exact};

use crate::chunks::Chunk;
use crate::result::Result;
use crate::zlib::inflated;

/// The chunks that may hold Exif, in file order; at most [`MAX_CHUNKS`] of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawProfiles<'a> {
    texts: Vec<Text<'a>>,
}

impl<'a> RawProfiles<'a> {
    /// Keeps a `tEXt`, `zTXt` or `iTXt` whose keyword is that of a raw profile and whose CRC holds.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub(crate) fn note(&mut self, chunk: &Chunk<'a>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        if self.texts.len() < MAX_CHUNKS
            && let Some(text) = Text::read(chunk)
            && chunk.crc_holds(timer)?
        {
            self.texts.push(text);
        }
        Ok(())
    }

    /// The first profile that begins with a TIFF header.
    ///
    /// # Errors
    ///
    /// `limit_exceeded` for a stream of too many short blocks, `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn exif(&self, timer: &CpuTimer<'_>) -> Result<Option<Vec<u8>>> {
        for text in &self.texts {
            timer.check()?;
            let text = match text {
                Text::Plain(text) => (text.len() as u64 <= MAX_TEXT_BYTES).then_some(Cow::Borrowed(*text)),
                Text::Deflated(stream) => inflated(stream, MAX_TEXT_BYTES, timer)?.map(Cow::Owned),
            };
            let block = text.map_or(Ok(None), |text| profile(&text))?;
            if let Some(exif) = block.filter(|block| has_tiff_header(block)) {
                return Ok(Some(exif));
            }
        }
        Ok(None)
    }
}

/// Whether a block of Exif begins with the eight bytes of a TIFF header (TIFF 6.0 § 2), or with `Exif\0\0` and them.
pub(crate) fn has_tiff_header(block: &[u8]) -> bool {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    matches!(tiff, [b'I', b'I', 42, 0, _, _, _, _, ..] | [b'M', b'M', 0, 42, _, _, _, _, ..])
}

/// The text of a chunk.
#[derive(Debug, Clone, Copy)]
enum Text<'a> {
    Plain(&'a [u8]),
    Deflated(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The text behind a raw profile's keyword (PNG Third Edition § 11.3.3.2 to 11.3.3.4).
    fn read(chunk: &Chunk<'a>) -> Option<Self> {
        let (keyword, rest) = split_at_zero(chunk.data)?;
        if !KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
            return None;
        }
        match &chunk.name {
            b"tEXt" => Some(Self::Plain(rest)),
            b"zTXt" => rest.strip_prefix(&[0]).map(Self::Deflated),
            _ => {
                let (&[is_deflated, 0], rest) = rest.split_first_chunk()? else { return None };
                let (_language, rest) = split_at_zero(rest)?;
                let (_translated, text) = split_at_zero(rest)?;
                Some(if is_deflated == 0 { Self::Plain(text) } else { Self::Deflated(text) })
            }
        }
    }
}

/// The bytes before the first zero byte, and those behind it.
fn split_at_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// The bytes that a text spells; `None` where it has fewer digits than it announces, or other characters among them.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`].
fn profile(text: &[u8]) -> Result<Option<Vec<u8>>, WorkError> {
    let Some((length, text)) = announced(text).filter(|(length, _)| *length <= MAX_EXIF_BYTES) else { return Ok(None) };
    let mut digits = text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|&byte| digit(byte));
    let mut bytes = Vec::new();
    reserve_exact(&mut bytes, length)?;
    for _ in 0..length {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else { return Ok(None) };
        bytes.push(high << 4 | low);
    }
    Ok(Some(bytes))
}

/// How many bytes a text says that it spells, and their digits.
fn announced(text: &[u8]) -> Option<(usize, &[u8])> {
    let text = text.trim_ascii_start();
    // The name may be of several words.
    let text = text.get(memchr::memchr(b'\n', text)?..)?.trim_ascii_start();
    let (length, text) = text.split_at_checked(text.iter().position(u8::is_ascii_whitespace)?)?;
    Some((std::str::from_utf8(length).ok()?.parse().ok()?, text))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const KEYWORDS: [&[u8]; 2] = [b"Raw profile type exif", b"Raw profile type APP1"];

/// The raw profiles that are looked at: more than any writer puts into a file.
const MAX_CHUNKS: usize = 8;

/// The longest profile: what fits a segment of a JPEG, from which these profiles come.
const MAX_EXIF_BYTES: usize = 64 * 1024;

/// The longest text: two digits for each byte, line ends, and the two lines before them.
const MAX_TEXT_BYTES: u64 = 144 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::{Chunks, SIGNATURE, chunk};

    fn orientation_6() -> Vec<u8> {
        b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec()
    }

    fn hex(bytes: &[u8], line: usize) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.as_bytes().chunks(line).map(|line| format!("\n{}", String::from_utf8_lossy(line))).collect()
    }

    #[test]
    fn a_profile_is_read_whatever_its_lines_are() {
        let bytes = orientation_6();
        for line in [1, 7, 72, 1000] {
            let text = format!("\nexif\n{:8}{}\n", bytes.len(), hex(&bytes, line));
            assert_eq!(profile(text.as_bytes()), Ok(Some(bytes.clone())), "lines of {line}");
        }
        let text = format!("generic profile\r\n{}\r\n{}", bytes.len(), hex(&bytes, 9).to_uppercase());
        assert_eq!(profile(text.as_bytes()), Ok(Some(bytes)));
    }

    #[test]
    fn a_profile_that_is_short_or_no_digits_is_absent() {
        let digits = hex(&orientation_6(), 72);
        for text in [
            format!("\nexif\n27{digits}"),
            format!("\nexif\n-1{digits}"),
            format!("\nexif\nmany{digits}"),
            format!("\nexif\n70000{digits}"),
            format!("\nexif\n26\nxy{digits}"),
            "\nexif\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(profile(text.as_bytes()), Ok(None), "{text}");
        }
    }

    /// The first Exif of these text chunks.
    fn exif_of(chunks: &[Vec<u8>]) -> Option<Vec<u8>> {
        let file = [&SIGNATURE[..], &chunks.concat()].concat();
        let mut profiles = RawProfiles::default();
        Chunks::new(&file).unwrap().for_each(|chunk| profiles.note(&chunk.unwrap(), &CpuTimer::default()).unwrap());
        profiles.exif(&CpuTimer::default()).unwrap()
    }

    #[test]
    fn each_kind_of_text_chunk_is_read() {
        let bytes = orientation_6();
        let text = format!("\nexif\n{}{}", bytes.len(), hex(&bytes, 72));
        let deflated = fdeflate::compress_to_vec(text.as_bytes());
        let keyword = b"Raw profile type exif\0".as_slice();
        for (name, rest) in [
            (b"tEXt", text.as_bytes().to_vec()),
            (b"zTXt", [b"\0", deflated.as_slice()].concat()),
            (b"iTXt", [b"\0\0en\0\0", text.as_bytes()].concat()),
            (b"iTXt", [b"\x01\0\0translated\0", deflated.as_slice()].concat()),
        ] {
            assert_eq!(exif_of(&[chunk(name, &[keyword, &rest].concat())]), Some(bytes.clone()), "{name:?}");
        }
    }

    #[test]
    fn xmp_is_passed_over_and_no_more_than_eight_chunks_are_looked_at() {
        let bytes = orientation_6();
        let text = |bytes: &[u8]| format!("Raw profile type APP1\0\nAPP1\n{}{}", bytes.len(), hex(bytes, 72));
        let exif = chunk(b"tEXt", text(&bytes).as_bytes());
        let xmp = chunk(b"tEXt", text(b"http://ns.adobe.com/xap/1.0/\0<x/>").as_bytes());
        assert_eq!(exif_of(&[vec![xmp.clone(); 7], vec![exif.clone()]].concat()), Some(bytes));
        assert_eq!(exif_of(&[vec![xmp; 8], vec![exif]].concat()), None);
    }

    #[test]
    fn a_tiff_header_has_eight_bytes_behind_an_optional_prefix() {
        for header in [b"II*\0\x08\0\0\0".as_slice(), b"MM\0*\0\0\0\x08", b"Exif\0\0II*\0\x08\0\0\0"] {
            assert!(has_tiff_header(header), "{header:?}");
            assert!(!has_tiff_header(&header[..header.len() - 1]), "{header:?}");
        }
        assert!(!has_tiff_header(b"II\0*\x08\0\0\0"));
    }
}
