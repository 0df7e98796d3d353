//! Checks the head of a request before hyper reads it, so that every refusal of one has the form of the contract.
//!
//! Hyper answers a head that it cannot read with an empty 400, and takes one that has both `Transfer-Encoding` and
//! `Content-Length`, or no `Host`. RFC 9112 §§ 3.2 and 6.3 require or recommend to refuse those.

use axum::http::uri::Authority;
use axum::http::{Method, Uri, Version};
use httparse::{Header, Status};

use crate::refusal::Refusal;

/// How long the body after a head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    Bytes(u64),
    /// Told by the chunks.
    Chunked,
}

/// The most bytes of a head.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most header fields of a head, which is also hyper's limit.
const MAX_HEADERS: usize = 100;

/// Hyper's limit for the target.
const MAX_TARGET_BYTES: usize = u16::MAX as usize - 1;

/// The length of the head at the start of `bytes`, with the empty line at its end; `None` if it does not end there.
/// Nothing before `searched` is looked at again. A line may end with a line feed alone (RFC 9112 § 2.2).
pub(super) fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    // The end may have begun up to three bytes before.
    let from = searched.saturating_sub(3);
    let after_line = |at: usize| match bytes.get(at + 1..) {
        Some([b'\n', ..]) => Some(at + 2),
        Some([b'\r', b'\n', ..]) => Some(at + 3),
        _ => None,
    };
    let lines = bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| at).find_map(after_line)
}

/// Refuses at once what cannot become a head: a method begins with a token's character (RFC 9110 § 5.6.2). A client that
/// speaks TLS would wait for an answer otherwise.
pub(super) fn check_first(bytes: &[u8]) -> Result<(), Refusal> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let begins = bytes.first().is_none_or(is_token);
    if begins { Ok(()) } else { Err(Refusal::BadRequest("the request does not begin with a method")) }
}

/// Checks a whole head.
pub(super) fn check(head: &[u8]) -> Result<BodyLength, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(Status::Complete(len)) if len == head.len() => {}
        Ok(_) => return Err(Refusal::BadRequest("the head of the request cannot be read")),
        Err(error) => return Err(unreadable(error)),
    }
    let target = request.path.unwrap_or_default();
    if target.len() > MAX_TARGET_BYTES {
        return Err(Refusal::TargetTooLong);
    }
    Uri::try_from(target).map_err(|_| Refusal::BadRequest("the request's target is no path or URL"))?;
    Method::from_bytes(request.method.unwrap_or_default().as_bytes())
        .map_err(|_| Refusal::BadRequest("the method is no word"))?;
    let version = if request.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    check_host(request.headers, version)?;
    body_length(request.headers, version)
}

/// Refuses what is too long to be a head; `bytes` is what there is of it.
pub(super) fn too_long(bytes: &[u8]) -> Refusal {
    let is_in_first_line = !bytes.iter().take(MAX_HEAD_BYTES).any(|byte| *byte == b'\n');
    if is_in_first_line { Refusal::TargetTooLong } else { Refusal::HeadTooLarge }
}

fn unreadable(error: httparse::Error) -> Refusal {
    Refusal::BadRequest(match error {
        httparse::Error::TooManyHeaders => return Refusal::HeadTooLarge,
        httparse::Error::Version => "the request is not of HTTP/1.0 or HTTP/1.1",
        httparse::Error::HeaderName | httparse::Error::HeaderValue => "a header field cannot be read",
        _ => "the head of the request cannot be read",
    })
}

/// HTTP/1.1 has one `Host`, whose value is empty or an authority without user (RFC 9112 § 3.2).
fn check_host(headers: &[Header<'_>], version: Version) -> Result<(), Refusal> {
    let mut hosts = values(headers, "host");
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_10 => Ok(()),
        (None, _) => Err(Refusal::BadRequest("the header field Host is missing")),
        (_, Some(_)) => Err(Refusal::BadRequest("there is more than one header field Host")),
        (Some(host), None) => {
            let host = host.trim_ascii();
            let is_host = host.is_empty() || (!host.contains(&b'@') && Authority::try_from(host).is_ok());
            if is_host { Ok(()) } else { Err(Refusal::BadRequest("the header field Host is no host")) }
        }
    }
}

/// The length of the body (RFC 9112 § 6.3).
fn body_length(headers: &[Header<'_>], version: Version) -> Result<BodyLength, Refusal> {
    let mut encodings = values(headers, "transfer-encoding").peekable();
    let mut lengths = values(headers, "content-length").peekable();
    if encodings.peek().is_none() {
        return content_length(lengths);
    }
    if lengths.peek().is_some() {
        return Err(Refusal::BadRequest("there are both Transfer-Encoding and Content-Length"));
    }
    let is_chunked = encodings.last().is_some_and(|value| {
        let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        last.trim_ascii().eq_ignore_ascii_case(b"chunked")
    });
    if is_chunked && version == Version::HTTP_11 {
        Ok(BodyLength::Chunked)
    } else {
        Err(Refusal::BadRequest("the header field Transfer-Encoding does not end with chunked"))
    }
}

fn content_length<'h>(mut lengths: impl Iterator<Item = &'h [u8]>) -> Result<BodyLength, Refusal> {
    let Some(first) = lengths.next() else {
        return Ok(BodyLength::Bytes(0));
    };
    let length = |value: &[u8]| {
        let text = std::str::from_utf8(value.trim_ascii()).ok()?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Hyper marks bodies without a length by the two greatest numbers.
        text.parse::<u64>().ok().filter(|length| digits && *length < u64::MAX - 1)
    };
    match length(first) {
        Some(bytes) if lengths.all(|other| length(other) == Some(bytes)) => Ok(BodyLength::Bytes(bytes)),
        _ => Err(Refusal::BadRequest("the header field Content-Length is no number of bytes")),
    }
}

/// The values of all header fields of this name.
fn values<'h>(headers: &'h [Header<'_>], name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(head: &str) -> Result<BodyLength, String> {
        check(head.as_bytes()).map_err(|refusal| format!("{} {}", refusal.status().as_u16(), refusal.code()))
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_is_cut() {
        for (text, end) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", Some(27)),
            ("GET / HTTP/1.1\nHost: a\n\nrest", Some(24)),
            ("GET / HTTP/1.1\r\n\r\n", Some(18)),
            ("GET / HTTP/1.1\r\nHost: a\r\n", None),
            ("", None),
        ] {
            for searched in 0..end.unwrap_or(text.len()) {
                assert_eq!(end_of_head(text.as_bytes(), searched), end, "{text:?} {searched}");
            }
        }
    }

    #[test]
    fn bodies_have_a_length() {
        let with = |fields: &str| checked(&format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        assert_eq!(with(""), Ok(BodyLength::Bytes(0)));
        assert_eq!(with("Content-Length: 17\r\n"), Ok(BodyLength::Bytes(17)));
        assert_eq!(with("Content-Length: 17\r\ncontent-length: 17\r\n"), Ok(BodyLength::Bytes(17)));
        assert_eq!(with("Transfer-Encoding: chunked\r\n"), Ok(BodyLength::Chunked));
        assert_eq!(with("Transfer-Encoding: gzip, Chunked\r\n"), Ok(BodyLength::Chunked));
        for fields in [
            "Content-Length: 17\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 17\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Content-Length: 17\r\nContent-Length: 18\r\n",
            "Content-Length: +17\r\n",
            "Content-Length: 17, 17\r\n",
            "Content-Length: 18446744073709551615\r\n",
            "Content-Length:\r\n",
        ] {
            assert_eq!(with(fields), Err("400 bad_request".into()), "{fields}");
        }
        assert!(checked("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn http_1_1_has_one_host() {
        let with = |fields: &str| checked(&format!("GET / HTTP/1.1\r\n{fields}\r\n"));
        for fields in ["Host: a\r\n", "host: a.example:80\r\n", "Host: [::1]:80\r\n", "Host:\r\n"] {
            assert!(with(fields).is_ok(), "{fields}");
        }
        for fields in ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n", "Host: u@a\r\n", "Host: a/b\r\n"] {
            assert_eq!(with(fields), Err("400 bad_request".into()), "{fields}");
        }
        assert!(checked("GET / HTTP/1.0\r\n\r\n").is_ok());
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for head in
            ["\u{1}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n"]
        {
            assert_eq!(checked(head), Err("400 bad_request".into()), "{head:?}");
        }
        let many = "X: y\r\n".repeat(MAX_HEADERS);
        assert_eq!(checked(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")), Err("431 head_too_large".into()));
        let long = "a".repeat(MAX_TARGET_BYTES);
        assert_eq!(checked(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), Err("414 target_too_long".into()));
    }
}
