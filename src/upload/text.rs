//! Recognises uploads that are text in place of an image: encoded bytes, or a reference to a file that was not opened.

use crate::upload::format::Sniffed;

/// Describes the text that `head` begins with; `None` where it is not text.
///
/// White space and a byte order mark in front are skipped. `is_all` says that no further bytes will come or be looked at.
pub(crate) fn sniff_text(head: &[u8], is_all: bool) -> Option<Sniffed> {
    if BYTE_ORDER_MARK.starts_with(head) && !is_all {
        return Some(Sniffed::NeedsMore);
    }
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).trim_ascii_start();
    let could_be = |magic: &[u8]| magic.len() > text.len() && magic[..text.len()].eq_ignore_ascii_case(text);
    if !is_all && BEGINNINGS.iter().any(|(magic, _)| could_be(magic)) {
        return Some(Sniffed::NeedsMore);
    }
    let is = |magic: &[u8]| text.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic));
    if let Some((_, seen)) = BEGINNINGS.iter().find(|(magic, _)| is(magic)) {
        return Some(Sniffed::Unknown(seen));
    }
    match text {
        // Base64 of an ISO base media file: three zero bytes, a length, and `ftyp`, whose first and last bits share
        // characters with the bytes around it.
        [b'A', b'A', b'A', b'A', _, _, b'Z', b'0', b'e', b'X', ..] => Some(Sniffed::Unknown(BASE64)),
        [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic() => Some(Sniffed::Unknown(PATH)),
        _ if !is_text(text.get(..TEXT_BYTES).unwrap_or(text)) => None,
        _ if is_all || text.len() >= TEXT_BYTES => Some(Sniffed::Unknown(PLAIN)),
        _ => Some(Sniffed::NeedsMore),
    }
}

/// Whether a client that sends what `seen` describes probably meant to send a file.
pub(crate) fn stands_for_a_file(seen: &str) -> bool {
    [BASE64, DATA_URL, URL, PATH, JSON, HTML, MULTIPART, PLAIN].contains(&seen)
}

/// Whether the bytes are UTF-8 without control characters other than white space. The last character may be cut.
fn is_text(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_some() => return false,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}

/// An upload that begins like nothing known is taken for text after this many bytes without a control character.
const TEXT_BYTES: usize = 16;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

const BASE64: &str = "base64 text";
const DATA_URL: &str = "a data URL";
const URL: &str = "a URL";
const PATH: &str = "a file path";
const JSON: &str = "JSON";
const HTML: &str = "HTML";
const MULTIPART: &str = "multipart form data";
const PLAIN: &str = "plain text";

/// How texts of each kind begin, in upper or lower case. Where one beginning is part of another, the longer comes first.
pub(crate) const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"/9j/", BASE64),
    (b"iVBORw0KGgo", BASE64),
    (b"R0lGOD", BASE64),
    (b"UklGR", BASE64),
    (b"data:", DATA_URL),
    (b"http://", URL),
    (b"https://", URL),
    (b"file://", PATH),
    (b"\\\\", PATH),
    (b"./", PATH),
    (b".\\", PATH),
    (b"../", PATH),
    (b"~/", PATH),
    (b"/", PATH),
    (b"<svg", "SVG"),
    (b"<?xml", "XML or SVG"),
    (b"<!doctype html", HTML),
    (b"<html", HTML),
    (b"<head", HTML),
    (b"<body", HTML),
    (b"<", "XML or HTML"),
    (b"{", JSON),
    (b"[", JSON),
    (b"\"", JSON),
    (b"content-disposition:", MULTIPART),
    (b"content-type:", MULTIPART),
    (b"--", MULTIPART),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::sniff::sniff;

    #[test]
    fn what_stands_for_a_file_is_named() {
        for (text, seen) in [
            ("/9j/4AAQSkZJRgABAQ", BASE64),
            ("iVBORw0KGgoAAAANSUhEUg", BASE64),
            ("R0lGODlhAQABAIAAAAAAAP", BASE64),
            ("UklGRiIAAABXRUJQVlA4", BASE64),
            ("AAAAGGZ0eXBoZWljAAAA", BASE64),
            ("AAAAHGZ0eXBtaWYxAAAA", BASE64),
            ("data:image/png;base64,iVBORw0", DATA_URL),
            ("https://example.org/a.jpg", URL),
            ("HTTP://EXAMPLE.ORG/A.JPG", URL),
            ("/home/me/a.jpg", PATH),
            ("C:\\Users\\me\\a.jpg", PATH),
            ("d:/a.jpg", PATH),
            ("./a.jpg", PATH),
            ("..\\a.jpg is a name", PLAIN),
            ("file:///home/me/a.jpg", PATH),
            ("\\\\server\\share\\a.jpg", PATH),
            ("{\"image\": \"a\"}", JSON),
            ("[1, 2]", JSON),
            ("\r\n<!DOCTYPE HTML>", HTML),
            ("<html lang=\"en\">", HTML),
            ("\u{FEFF}<?xml version=\"1.0\"?>", "XML or SVG"),
            ("<svg xmlns=\"\">", "SVG"),
            ("------WebKitFormBoundary7MA4YWxk\r\n", MULTIPART),
            ("Content-Disposition: form-data", MULTIPART),
            ("no file was chosen", PLAIN),
            ("файл не выбран", PLAIN),
        ] {
            assert_eq!(sniff(text.as_bytes()), Sniffed::Unknown(seen), "{text}");
            let first = (0..=text.len()).map(|n| sniff(&text.as_bytes()[..n])).find(|s| *s != Sniffed::NeedsMore);
            assert_eq!(first, Some(Sniffed::Unknown(seen)), "{text}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_called_so() {
        for bytes in [&b"a text with\0a zero"[..], b"\x01\x02\x03\x04", b"\xFFabcdefghijklmnopq", b"GIF8\x80"] {
            assert_eq!(sniff(bytes), Sniffed::Unknown("unrecognised data"));
        }
    }

    #[test]
    fn a_short_text_is_one_at_its_end() {
        assert_eq!(sniff_text(b"no file", true), Some(Sniffed::Unknown(PLAIN)));
        assert_eq!(sniff_text(b"no file", false), Some(Sniffed::NeedsMore));
    }
}
