//! Finds the end of a chunked body (RFC 9112 § 7.1), so that what follows is known to be a head.
//!
//! Hyper decodes the body. This is as strict as hyper; a body that breaks the rules has no end here, and hyper ends the
//! connection.

/// How far a chunked body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    state: State,
    /// The size of the chunk, or what is left of it.
    size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line after the last chunk: a trailer field, or the end.
    Trailers,
    Trailer,
    TrailerLf,
    EndLf,
    Broken,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self { state: State::Size, size: 0 }
    }

    /// Goes on by `bytes`. Returns how many of them belong to the body, if it ends in them.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.state == State::Data {
                let skipped = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += skipped;
                self.size -= skipped as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            at += 1;
            if (self.state, *byte) == (State::EndLf, b'\n') {
                return Some(at);
            }
            self.state = self.after(*byte);
        }
        None
    }

    fn after(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                match self.size.checked_mul(16).and_then(|size| size.checked_add(digit)) {
                    Some(size) => self.size = size,
                    None => return State::Broken,
                }
                State::Size
            }
            (State::Size, b' ' | b'\t' | b';') => State::Extension,
            (State::Size | State::Extension, b'\r') => State::SizeLf,
            (State::Extension, byte) if byte != b'\n' => State::Extension,
            (State::SizeLf, b'\n') if self.size == 0 => State::Trailers,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::Trailers, b'\r') => State::EndLf,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::Trailers | State::Trailer, _) => State::Trailer,
            (State::TrailerLf, b'\n') => State::Trailers,
            _ => State::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_however_the_body_is_cut() {
        for (body, end) in [
            ("0\r\n\r\nGET", Some(5)),
            ("5\r\nhello\r\n0\r\n\r\nGET", Some(15)),
            ("A;x=\"y\"\r\n0123456789\r\n1 \r\n\n\r\n000\r\nX: y\r\nZ: \r\n\r\nGET", Some(46)),
            ("5\r\nhello\r\n", None),
            ("5\r\nhelloGET / HTTP/1.1\r\n\r\n", None),
            ("5\nhello\n0\n\n", None),
            ("fffffffffffffffff\r\n", None),
            ("x\r\n", None),
        ] {
            let bytes = body.as_bytes();
            for cut in 0..=bytes.len() {
                let mut chunks = Chunks::new();
                let (first, rest) = bytes.split_at(cut);
                let found = chunks.end(first).or_else(|| chunks.end(rest).map(|end| cut + end));
                assert_eq!(found, end, "{body:?} {cut}");
            }
        }
    }
}
