//! The stored canonical image by its token, where this server stores objects itself.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::connection_state::ConnectionState;
use super::object_body::ObjectBody;
use crate::app::App;
use crate::objects::{StoreFailed, media_type};
use crate::refusal::Refusal;
use crate::token::is_token;

pub(super) async fn get(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let token = path.ok().map(|Path(token)| token).filter(|token| is_token(token) && app.objects.are_served_here());
    let token = token.ok_or(Refusal::NotFound)?;
    if !app.state.is_used(&token).await? {
        return Err(Refusal::NotFound);
    }
    // The token is random, so the tag reveals neither the content id nor the upload.
    let tag = format!("\"{token}\"");
    if is_known(&parts.headers, &tag) {
        return Ok(with_caching(&tag, StatusCode::NOT_MODIFIED.into_response()));
    }
    let permit = app.readers.permit()?;
    let object = app.objects.read(&token).await.map_err(failed)?.ok_or(Refusal::NotFound)?;
    let kind = HeaderValue::from_static(media_type(&object.first));
    let connection = parts.extensions.get::<Arc<ConnectionState>>().cloned().unwrap_or_default();
    let body = Body::new(ObjectBody::new(object, connection, permit));
    Ok(with_caching(&tag, ([(header::CONTENT_TYPE, kind)], body).into_response()))
}

fn failed(error: StoreFailed) -> Refusal {
    tracing::error!(%error, "an object was not read");
    Refusal::StorageUnavailable
}

/// Whether `If-None-Match` has the tag, by the weak comparison (RFC 9110 § 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn with_caching(tag: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let known = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            is_known(&headers, "\"abc\"")
        };
        for values in [&["\"abc\""][..], &["W/\"abc\""], &["*"], &["\"x\", W/\"abc\""], &["\"x\"", "\"abc\""]] {
            assert!(known(values), "{values:?}");
        }
        for values in [&[][..], &["abc"], &["w/\"abc\""], &["\"abcd\""], &["W/W/\"abc\""]] {
            assert!(!known(values), "{values:?}");
        }
    }
}
