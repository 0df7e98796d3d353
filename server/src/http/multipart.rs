//! Splits a multipart body (RFC 2046 § 5.1.1) into its parts while it arrives. The content of a part is not copied.

use bytes::{Buf as _, Bytes};
use httparse::Status;
use memchr::memmem::{self, Finder};

use super::parameter::parameter;

/// The most bytes before the first part, and in the head of a part.
const FRAMING_BYTES: usize = 16 * 1024;

/// The most fields in the head of a part.
const MAX_FIELDS: usize = 32;

/// What comes next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A part begins; its name, if it has one.
    Part(Option<Vec<u8>>),
    /// The next bytes of the part, never none.
    Content(Bytes),
    /// The part is complete.
    PartEnd,
    /// The body is complete, whatever follows.
    End,
    /// More bytes are needed.
    NeedsMore,
}

/// Why a body is no multipart body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    Framing,
    FramingTooLong,
}

/// The parts of one body. [`Self::push`] takes its bytes, and [`Self::next`] gives its pieces.
pub(super) struct Multipart {
    /// CRLF, two hyphens and the boundary. No byte of it but the first is CR.
    delimiter: Bytes,
    finder: Finder<'static>,
    at: At,
    /// Bytes of the body that are not looked at yet.
    input: Bytes,
    /// The number of bytes before `input` that are the beginning of the delimiter, or of content that looks like it.
    matched: usize,
    /// What has come of the head of a part.
    head: Vec<u8>,
    /// Bytes before the first part.
    preamble: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Preamble,
    Head,
    Content,
    End,
}

impl Multipart {
    /// The parts of a body with this Content-Type; `None` if it is not `multipart/form-data` with a boundary of 1 to 70
    /// characters.
    pub(super) fn new(content_type: &[u8]) -> Option<Self> {
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let boundary = parameter(content_type, b"boundary")?;
        let is_boundary = (1..=70).contains(&boundary.len()) && boundary.iter().all(|byte| matches!(byte, b' '..=b'~'));
        if !essence.eq_ignore_ascii_case(b"multipart/form-data") || !is_boundary {
            return None;
        }
        let delimiter = [b"\r\n--", &boundary[..]].concat();
        Some(Self {
            finder: Finder::new(&delimiter).into_owned(),
            delimiter: delimiter.into(),
            at: At::Preamble,
            input: Bytes::new(),
            // The first delimiter may be at the very beginning, where a line begins without CRLF.
            matched: 2,
            head: Vec::new(),
            preamble: 0,
        })
    }

    /// Takes the next bytes of the body, once those before are used up.
    pub(super) fn push(&mut self, bytes: Bytes) {
        debug_assert!(self.input.is_empty());
        self.input = bytes;
    }

    /// The next piece.
    ///
    /// # Errors
    ///
    /// The body is no multipart body, or has too much before or at the beginning of a part.
    pub(super) fn next(&mut self) -> Result<Piece, Broken> {
        match self.at {
            At::Preamble => loop {
                match self.until_delimiter() {
                    Piece::Content(bytes) => self.preamble += bytes.len(),
                    Piece::PartEnd => return self.head(),
                    other => return Ok(other),
                }
                if self.preamble > FRAMING_BYTES {
                    return Err(Broken::FramingTooLong);
                }
            },
            At::Head => self.head(),
            At::Content => Ok(self.until_delimiter()),
            At::End => Ok(Piece::End),
        }
    }

    /// The bytes before the next delimiter, or their end.
    fn until_delimiter(&mut self) -> Piece {
        if self.matched > 0 {
            let expected = &self.delimiter[self.matched..];
            let same = self.input.iter().zip(expected).take_while(|(byte, expected)| byte == expected).count();
            let begun = self.matched + same;
            self.input.advance(same);
            if begun == self.delimiter.len() {
                (self.at, self.matched) = (At::Head, 0);
                return Piece::PartEnd;
            }
            if self.input.is_empty() {
                self.matched = begun;
                return Piece::NeedsMore;
            }
            // No delimiter can begin within those bytes, since CR is only its first.
            self.matched = 0;
            return Piece::Content(self.delimiter.slice(..begun));
        }
        if self.input.is_empty() {
            return Piece::NeedsMore;
        }
        let end = self.finder.find(&self.input).unwrap_or_else(|| self.possible_delimiter());
        if end > 0 {
            return Piece::Content(self.input.split_to(end));
        }
        let begun = self.input.len().min(self.delimiter.len());
        self.input.advance(begun);
        self.matched = begun;
        self.until_delimiter()
    }

    /// Where the last bytes of the input may begin a delimiter; the input's length if they do not.
    fn possible_delimiter(&self) -> usize {
        let len = self.input.len();
        let last = len.saturating_sub(self.delimiter.len() - 1);
        let begins = |cr: usize| self.delimiter.starts_with(&self.input[cr..]);
        memchr::memrchr(b'\r', &self.input[last..]).map(|at| last + at).filter(|cr| begins(*cr)).unwrap_or(len)
    }

    /// Reads from behind a delimiter to the end of the part's head, if there is one.
    fn head(&mut self) -> Result<Piece, Broken> {
        let before = self.head.len();
        let taken = self.input.len().min(FRAMING_BYTES + 1 - before);
        self.head.extend_from_slice(&self.input[..taken]);
        if self.head.starts_with(b"--") {
            self.at = At::End;
            return Ok(Piece::End);
        }
        let from = before.saturating_sub(3);
        let Some(end) = memmem::find(&self.head[from..], b"\r\n\r\n").map(|at| from + at + 4) else {
            self.input.advance(taken);
            return if self.head.len() > FRAMING_BYTES { Err(Broken::FramingTooLong) } else { Ok(Piece::NeedsMore) };
        };
        self.input.advance(end - before);
        self.head.truncate(end);
        let name = name(&self.head)?;
        self.head.clear();
        self.at = At::Content;
        Ok(Piece::Part(name))
    }
}

/// The name of a part (RFC 7578 § 4.2), from what follows a delimiter: blanks, a line's end, and fields up to a blank line.
fn name(head: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
    let blanks = head.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let fields = head[blanks..].strip_prefix(b"\r\n").ok_or(Broken::Framing)?;
    let mut headers = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(fields, &mut headers) {
        // The parser takes lines without CR, so it may see an end where others see none.
        Ok(Status::Complete((len, headers))) if len == fields.len() => {
            let disposition = headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-disposition"));
            Ok(disposition.and_then(|field| parameter(field.value, b"name")))
        }
        _ => Err(Broken::Framing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a part, and its content.
    type Part = (Option<Vec<u8>>, Vec<u8>);

    /// The parts of a body that arrives in pieces of `len` bytes, and whether it is complete.
    fn parts(body: &[u8], len: usize) -> Result<(Vec<Part>, bool), Broken> {
        let mut multipart = Multipart::new(b"multipart/form-data; boundary=b-b").unwrap();
        let mut pieces = body.chunks(len);
        let mut parts = Vec::new();
        let mut complete = true;
        loop {
            match multipart.next()? {
                Piece::Part(name) => {
                    assert!(std::mem::take(&mut complete));
                    parts.push((name, Vec::new()));
                }
                Piece::Content(bytes) => {
                    assert!(!bytes.is_empty() && !complete);
                    parts.last_mut().unwrap().1.extend_from_slice(&bytes);
                }
                Piece::PartEnd => assert!(!std::mem::replace(&mut complete, true)),
                Piece::End => return Ok((parts, true)),
                Piece::NeedsMore => match pieces.next() {
                    Some(piece) => multipart.push(Bytes::copy_from_slice(piece)),
                    None => return Ok((parts, false)),
                },
            }
        }
    }

    fn part(name: Option<&str>, content: &[u8]) -> Part {
        (name.map(|name| name.as_bytes().to_vec()), content.to_vec())
    }

    #[test]
    fn parts_are_the_same_however_the_body_arrives() {
        let file = "Content-Disposition: form-data; name=file; filename=a.jpg\r\nContent-Type: image/jpeg";
        let body = [
            "before\r\n--b\r\n--b-b \t\r\n",
            file,
            "\r\n\r\n\r\r\n--b\r\n--b-a\r\n-b-b--b-b\r\n--b-b\r\n\r\n\r\n--b-b\r\ncontent-disposition: x; NAME=\"n\"\r\n\r\n",
            "\r\n--b-b--after\r\n--b-b\r\n",
        ]
        .concat();
        let expected =
            vec![part(Some("file"), b"\r\r\n--b\r\n--b-a\r\n-b-b--b-b"), part(None, b""), part(Some("n"), b"")];
        for len in 1..=body.len() {
            assert_eq!(parts(body.as_bytes(), len), Ok((expected.clone(), true)), "pieces of {len}");
        }
        for end in 0..body.len() - "--after\r\n--b-b\r\n".len() {
            let (parts, ended) = parts(&body.as_bytes()[..end], 7).unwrap();
            assert!(!ended && parts.len() <= 3, "the first {end} bytes");
        }
    }

    /// The content of the one part of a body, found by looking at every place in turn.
    fn content(body: &[u8]) -> Option<&[u8]> {
        let end = (0..body.len()).find(|at| body[*at..].starts_with(b"\r\n--b-b"))?;
        Some(&body[..end])
    }

    #[test]
    fn a_part_ends_at_its_first_delimiter() {
        let words: [&[u8]; 8] = [b"\r", b"\n", b"\r\n", b"-", b"--", b"b", b"b-b", b"\r\n--b-b"];
        let mut random = 1_u32;
        for _ in 0..20_000 {
            let mut body = Vec::new();
            for _ in 0..12 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                body.extend_from_slice(words[(random >> 24) as usize % words.len()]);
            }
            body.extend_from_slice(b"\r\n--b-b--");
            let expected = content(&body).unwrap();
            let len = 1 + (random >> 8) as usize % 9;
            let whole = [b"--b-b\r\n\r\n", &body[..]].concat();
            // What follows the first delimiter may be no part.
            let mut found = Multipart::new(b"multipart/form-data; boundary=b-b").unwrap();
            let (mut pieces, mut content) = (whole.chunks(len), Vec::new());
            loop {
                match found.next().unwrap() {
                    Piece::Content(bytes) => content.extend_from_slice(&bytes),
                    Piece::PartEnd => break,
                    Piece::NeedsMore => found.push(Bytes::copy_from_slice(pieces.next().unwrap())),
                    Piece::Part(name) => assert_eq!(name, None),
                    Piece::End => unreachable!(),
                }
            }
            assert_eq!(content, expected, "{:?} in pieces of {len}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn content_is_not_copied() {
        let mut multipart = Multipart::new(b"multipart/form-data; boundary=b").unwrap();
        multipart.push(Bytes::from_static(b"--b\r\n\r\n"));
        assert_eq!(multipart.next(), Ok(Piece::Part(None)));
        assert_eq!(multipart.next(), Ok(Piece::NeedsMore));
        let bytes = Bytes::from(vec![7; 100_000]);
        multipart.push(bytes.clone());
        let Ok(Piece::Content(content)) = multipart.next() else { panic!("no content") };
        assert_eq!((content.as_ptr(), content.len()), (bytes.as_ptr(), bytes.len()));
    }

    #[test]
    fn what_is_before_and_at_the_beginning_of_a_part_is_bounded() {
        let long = |len: usize| vec![b'x'; len];
        let preamble = |len| [&long(len)[..], b"\r\n--b-b--"].concat();
        let head = |len| [b"--b-b\r\nX: ", &long(len)[..], b"\r\n\r\n\r\n--b-b--"].concat();
        for piece in [1, 1000, 100_000] {
            assert_eq!(parts(&preamble(FRAMING_BYTES - 4), piece), Ok((vec![], true)));
            assert_eq!(parts(&preamble(FRAMING_BYTES + 1), piece), Err(Broken::FramingTooLong));
            assert_eq!(parts(&head(FRAMING_BYTES - 9), piece), Ok((vec![part(None, b"")], true)));
            assert_eq!(parts(&head(FRAMING_BYTES), piece), Err(Broken::FramingTooLong));
        }
    }

    #[test]
    fn two_readers_do_not_see_two_heads() {
        for head in
            ["x\r\n\r\n", "\nA: b\r\n\r\n", "\r\nA: b\n\nC: d\r\n\r\n", "\r\nno field\r\n\r\n", "\r\n: b\r\n\r\n"]
        {
            assert_eq!(parts(format!("--b-b{head}").as_bytes(), 5), Err(Broken::Framing), "{head:?}");
        }
        let fields = "A: b\r\n".repeat(MAX_FIELDS + 1);
        assert_eq!(parts(format!("--b-b\r\n{fields}\r\n").as_bytes(), 100), Err(Broken::Framing));
    }

    #[test]
    fn a_boundary_has_1_to_70_characters() {
        let boundary = |value: &str| Multipart::new(value.as_bytes()).map(|parts| parts.delimiter);
        let long = format!("multipart/form-data; boundary={}", "x".repeat(70));
        assert_eq!(boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"").as_deref(), Some(&b"\r\n--a b"[..]));
        assert!(boundary(&long).is_some());
        for wrong in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=\"a\tb\"",
            "multipart/form-data; boundary=\"open",
            "multipart/mixed; boundary=x",
            "image/jpeg; boundary=x",
            "",
            &format!("{long}x"),
        ] {
            assert_eq!(boundary(wrong), None, "{wrong}");
        }
    }
}
