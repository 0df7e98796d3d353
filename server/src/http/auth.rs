//! API keys, which identify the account of a request. Only the BLAKE3 of a key is stored. Every failure gets the same
//! answer, so that a client cannot tell which part of a key is wrong.

use axum::http::{HeaderMap, header};

use crate::app::App;
use crate::refusal::Refusal;
use crate::token::{hex, random};

/// A new key: its public id, the key itself, and the hash that is stored.
pub(crate) fn new_key() -> (String, String, String) {
    let id = hex(&random::<6>());
    let key = format!("{PREFIX}{id}_{}", hex(&random::<24>()));
    let hash = blake3::hash(key.as_bytes()).to_hex().to_string();
    (id, key, hash)
}

const PREFIX: &str = "bl_live_";

impl App {
    /// The account of the request's key.
    pub(super) async fn account(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let key = bearer(headers).ok_or(Refusal::Unauthenticated)?;
        let (id, _) = key.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(Refusal::Unauthenticated)?;
        let (account, kept) = self.state.active_key(id).await?.ok_or(Refusal::Unauthenticated)?;
        let kept = blake3::Hash::from_hex(kept).map_err(|_| Refusal::Unauthenticated)?;
        // `blake3::Hash` compares in constant time.
        if blake3::hash(key.as_bytes()) == kept { Ok(account) } else { Err(Refusal::Unauthenticated) }
    }
}

/// The token of `Authorization: Bearer`, whose scheme is case-insensitive (RFC 9110 § 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, others) = (values.next()?, values.next());
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (others.is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_is_read() {
        assert_eq!(bearer(&with(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&with(&["bearer  abc"])), Some("abc"));
        for others in [&[][..], &["Basic abc"], &["abc"], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&with(others)), None);
        }
    }

    #[test]
    fn a_new_key_carries_its_id_and_is_kept_as_a_hash() {
        let (id, key, hash) = new_key();
        assert!(key.starts_with(&format!("{PREFIX}{id}_")));
        assert_eq!(blake3::hash(key.as_bytes()).to_hex().as_str(), hash);
    }
}
