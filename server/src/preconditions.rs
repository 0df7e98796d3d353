//! The preconditions of a request: `If-Match` (RFC 9110 § 13.1.1) and `Idempotency-Key`.

use axum::http::{HeaderMap, header};
use image_ingest::SourceId;

use crate::refusal::Refusal;
use crate::state::ChatKey;

/// Which versions a change may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    Absent,
    /// `*`: any version.
    Any,
    /// Any of these; entity tags that are not versions match nothing and are left out.
    Versions(Vec<i64>),
}

impl IfMatch {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut versions = Vec::new();
        let mut present = false;
        for value in headers.get_all(header::IF_MATCH) {
            present = true;
            let text = value.to_str().map_err(|_| INVALID_IF_MATCH)?.trim();
            if text == "*" {
                return Ok(Self::Any);
            }
            for tag in text.split(',').map(str::trim) {
                versions.extend(version(tag)?);
            }
        }
        Ok(if present { Self::Versions(versions) } else { Self::Absent })
    }

    pub(crate) fn allows(&self, version: Option<i64>) -> bool {
        match (self, version) {
            (Self::Absent, _) => true,
            (Self::Any, version) => version.is_some(),
            (Self::Versions(versions), Some(version)) => versions.contains(&version),
            (Self::Versions(_), None) => false,
        }
    }
}

const INVALID_IF_MATCH: Refusal = Refusal::InvalidParameter("If-Match is no list of quoted versions");

/// The version in an entity tag; `None` for a weak tag or one that is not a version.
fn version(tag: &str) -> Result<Option<i64>, Refusal> {
    let (weak, opaque) = tag.strip_prefix("W/").map_or((false, tag), |opaque| (true, opaque));
    let text = opaque.strip_prefix('"').and_then(|t| t.strip_suffix('"')).ok_or(INVALID_IF_MATCH)?;
    let is_version = !weak && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    Ok(text.parse().ok().filter(|_| is_version))
}

/// A request's idempotency key, and a digest of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Idempotency {
    pub(crate) name: String,
    /// BLAKE3 over method, chat, options and upload.
    pub(crate) request: String,
}

/// The idempotency key of a request, if it has one.
pub(crate) fn idempotency_name(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let name = value.to_str().ok().filter(|name| (1..=255).contains(&name.len()));
    name.map(|name| Some(name.to_owned()))
        .ok_or(Refusal::InvalidParameter("Idempotency-Key is not 1 to 255 characters"))
}

impl Idempotency {
    pub(crate) fn of(name: String, key: &ChatKey, receipt: bool, upload: Option<SourceId>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key.chat.as_str().as_bytes()).update(&[0, u8::from(receipt), u8::from(upload.is_some())]);
        hasher.update(upload.as_ref().map_or(&[], |id| id.as_bytes()));
        Self { name, request: hasher.finalize().to_hex().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn if_match(value: &str) -> Result<IfMatch, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
        IfMatch::of(&headers)
    }

    #[test]
    fn versions_match_exactly() {
        let tag = if_match("\"3\", \"5\"").unwrap();
        assert_eq!([None, Some(3), Some(4), Some(5)].map(|v| tag.allows(v)), [false, true, false, true]);
    }

    #[test]
    fn a_star_needs_any_version_and_absence_none() {
        let star = if_match("*").unwrap();
        assert_eq!([None, Some(1)].map(|v| star.allows(v)), [false, true]);
        assert!(IfMatch::of(&HeaderMap::new()).unwrap().allows(None));
    }

    #[test]
    fn weak_and_foreign_tags_match_nothing() {
        for value in ["W/\"3\"", "\"abc\"", "\"+3\"", "\"\"", "\"99999999999999999999\""] {
            assert!(!if_match(value).unwrap().allows(Some(3)), "{value}");
        }
    }

    #[test]
    fn unquoted_text_is_refused() {
        for value in ["3", "\"3", "", "\"3\","] {
            assert_eq!(if_match(value).unwrap_err().code(), "invalid_parameter", "{value}");
        }
    }
}
