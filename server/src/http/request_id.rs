//! The id of a request: the one that its client or a proxy gave it, or a new one.

use axum::http::{HeaderMap, HeaderName};

use crate::token::token;

/// The header that carries the id, in a request and in its answer.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, also in its extensions.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

impl RequestId {
    /// The id that the headers give, if it is 1 to 64 letters, digits, dots, dashes or underscores, and given once; else a
    /// new one. So an id can be written into a log line, a header or the history as it is.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(HEADER).iter();
        let id = match (given.next(), given.next()) {
            (Some(id), None) => id.to_str().ok().filter(|id| is_id(id)),
            _ => None,
        };
        Self(id.map_or_else(token, str::to_owned))
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::token::is_token;

    fn id(given: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        RequestId::of(&headers).0
    }

    #[test]
    fn an_id_that_can_be_written_anywhere_is_taken() {
        let longest = "a".repeat(64);
        for given in
            ["7", "0af7651916cd43dd8448eb211c80319c", "9f1c2b9e-4f0a-4b8e-9d5b-0c0f5e1a2b3c", "a.b_C", &longest]
        {
            assert_eq!(id(&[given]), given);
        }
    }

    #[test]
    fn any_other_id_is_replaced() {
        let long = "a".repeat(65);
        let others: [&[&str]; 7] = [&[], &[""], &[&long], &["a b"], &["a\"b"], &["é"], &["a", "a"]];
        for given in others {
            assert!(is_token(&id(given)), "{given:?}");
        }
    }
}
