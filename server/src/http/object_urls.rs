//! The stored canonical image by its token, where this server stores objects itself.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::objects::media_type;
use crate::refusal::Refusal;
use crate::token::is_token;

pub(super) async fn get(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let token = path.ok().map(|Path(token)| token).filter(|token| is_token(token));
    match object(&app, token).await {
        Ok((token, bytes)) => {
            // The token is random, so the tag reveals neither the content id nor the upload.
            let tag = format!("\"{token}\"");
            let known = parts.headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
            if known.is_some_and(|known| known.split(',').any(|k| matches!(k.trim(), k if k == tag || k == "*"))) {
                return with_caching(&tag, StatusCode::NOT_MODIFIED.into_response());
            }
            let kind = HeaderValue::from_static(media_type(&bytes));
            with_caching(&tag, ([(header::CONTENT_TYPE, kind)], bytes).into_response())
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn object(app: &App, token: Option<String>) -> Result<(String, bytes::Bytes), Refusal> {
    let token = token.filter(|_| app.objects.are_served_here()).ok_or(Refusal::NotFound)?;
    if !app.state.is_used(&token).await? {
        return Err(Refusal::NotFound);
    }
    let bytes = app.objects.get(&token).await.map_err(|error| {
        tracing::error!(%error, "an object was not read");
        Refusal::StorageUnavailable
    })?;
    bytes.map(|bytes| (token, bytes)).ok_or(Refusal::NotFound)
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
