//! What every request leaves behind: an id in its answer, one line in the log, numbers in the metrics.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::{BASE_PATH, Facts};
use crate::token::token;

/// The id of a request, also in its extensions.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = token();
    let method = method_name(request.method());
    // The pattern, not the path: a path may hold anything.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.map_or_else(|| "none".to_owned(), |r| r.strip_prefix(BASE_PATH).unwrap_or(&r).to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    let facts = response.extensions_mut().remove::<Facts>().unwrap_or(Facts { chat: None, code: "ok" });
    tracing::info!(
        request_id = id,
        method,
        route,
        chat = facts.chat.as_deref().unwrap_or("-"),
        status,
        code = facts.code,
        ms = (elapsed.as_secs_f64() * 1e4).round() / 10.0,
        "request"
    );
    let labels = [
        ("method", method.to_owned()),
        ("route", route),
        ("status", status.to_string()),
        ("code", facts.code.to_owned()),
    ];
    metrics::counter!("ingest_requests_total", &labels).increment(1);
    metrics::histogram!("ingest_request_seconds", "method" => method, "code" => facts.code).record(elapsed);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// A method of the contract, or `other`: clients may send any word.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
