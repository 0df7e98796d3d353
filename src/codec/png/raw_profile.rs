//! Finds Exif in the text chunks that ImageMagick, ExifTool and Exiv2 wrote before PNG had `eXIf`.
//!
//! The keyword is `Raw profile type exif` or `Raw profile type APP1`. The text is a line with the profile's name, a line with
//! its length in decimal, and its bytes in hexadecimal digits on lines of any length. `APP1` may hold XMP as well as Exif;
//! XMP says nothing here.

use std::borrow::Cow;

use image_ingest_png::Chunk;

use super::inflated::inflated;
use crate::codec::exif::Exif;
use crate::error::Result;

/// The chunks that may hold Exif, in file order: no more of them than are worth a look.
#[derive(Default)]
pub(super) struct RawProfiles<'a> {
    texts: Vec<Text<'a>>,
}

impl<'a> RawProfiles<'a> {
    /// Keeps a `tEXt`, `zTXt` or `iTXt` whose keyword is that of a raw profile and whose CRC holds.
    pub(super) fn note(&mut self, chunk: &Chunk<'a>) {
        if self.texts.len() < MOST_CHUNKS
            && let Some(text) = Text::read(chunk)
            && chunk.crc_holds()
        {
            self.texts.push(text);
        }
    }

    /// The first profile that holds a TIFF structure.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn exif(&self) -> Result<Option<Exif>> {
        for text in &self.texts {
            let text = match text {
                Text::Plain(text) => Some(Cow::Borrowed(*text)),
                Text::Deflated(stream) => inflated(stream, MAX_TEXT_BYTES)?.map(Cow::Owned),
            };
            if let Some(exif) = text.and_then(|text| Exif::parse(&profile(&text)?)) {
                return Ok(Some(exif));
            }
        }
        Ok(None)
    }
}

/// The text of a chunk.
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

/// What is before the first zero byte, and what is behind it.
fn split_at_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// The bytes that a text spells: all that it announces, or nothing.
fn profile(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_start();
    // The name may be of several words.
    let text = text.get(memchr::memchr(b'\n', text)?..)?.trim_ascii_start();
    let (length, text) = text.split_at_checked(text.iter().position(u8::is_ascii_whitespace)?)?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    if length > MAX_EXIF_BYTES {
        return None;
    }
    let mut digits = text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|&byte| digit(byte));
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).ok()?;
    for _ in 0..length {
        bytes.push(digits.next()?? << 4 | digits.next()??);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const KEYWORDS: [&[u8]; 2] = [b"Raw profile type exif", b"Raw profile type APP1"];

/// Exif and XMP in as many parts as any writer makes of them.
const MOST_CHUNKS: usize = 8;

/// What fits the segment of a JPEG, from which these profiles come.
const MAX_EXIF_BYTES: usize = 64 * 1024;

/// Two digits for each byte, and what stands around them.
const MAX_TEXT_BYTES: u64 = 144 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(profile(text.as_bytes()), Some(bytes.clone()), "lines of {line}");
        }
        let text = format!("generic profile\r\n{}\r\n{}", bytes.len(), hex(&bytes, 9).to_uppercase());
        assert_eq!(profile(text.as_bytes()), Some(bytes));
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
            assert_eq!(profile(text.as_bytes()), None, "{text}");
        }
    }
}
