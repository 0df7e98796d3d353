//! Gives every request an id in its answer, one line in the log, and its share in the metrics.

use std::time::{Duration, Instant, SystemTime};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;

use super::base_path::BASE_PATH;
use super::caller::Caller;
use super::request_id::{self, RequestId};
use super::response::LogFields;
use crate::refusal::Refusal;
use crate::token::token;

pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let caller = Caller::default();
    let method = method_name(request.method());
    // The pattern of the route, not the path: a client may send any path, and metrics must have few labels.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.map_or_else(|| "none".to_owned(), |r| r.strip_prefix(BASE_PATH).unwrap_or(&r).to_owned());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(caller.clone());
    let mut response = next.run(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    let facts = response.extensions_mut().remove::<LogFields>().unwrap_or(LogFields { chat: None, code: "ok" });
    log(&id, method, &route, &caller, status, &facts, elapsed);
    let labels = [
        ("method", method.to_owned()),
        ("route", route.clone()),
        ("status", status.to_string()),
        ("code", facts.code.to_owned()),
    ];
    metrics::counter!("ingest_requests_total", &labels).increment(1);
    // Polls of agents wait by intent, so routes are told apart.
    metrics::histogram!("ingest_request_seconds", "method" => method, "route" => route, "code" => facts.code)
        .record(elapsed);
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    response
}

/// The answer to a head that was refused before it became a request, with its line in the log and its share in the
/// metrics. The connection ends after it.
pub(super) fn refused_head(refusal: &Refusal) -> Bytes {
    let (id, status, code) = (token(), refusal.status(), refusal.code());
    tracing::info!(
        request_id = id,
        method = "none",
        route = "none",
        chat = "-",
        status = status.as_u16(),
        code,
        "request"
    );
    let labels = [
        ("method", "none".to_owned()),
        ("route", "none".to_owned()),
        ("status", status.as_u16().to_string()),
        ("code", code.to_owned()),
    ];
    metrics::counter!("ingest_requests_total", &labels).increment(1);
    let body = serde_json::to_string(&refusal.body()).unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\
         x-request-id: {id}\r\ndate: {date}\r\n\r\n{body}",
        body.len()
    );
    text.into()
}

/// Writes the line of a request. What machines ask all the time, and got, is of interest to somebody who debugs alone.
fn log(
    RequestId(request_id): &RequestId,
    method: &str,
    route: &str,
    caller: &Caller,
    status: u16,
    facts: &LogFields,
    elapsed: Duration,
) {
    let [account, key, agent] = caller.fields();
    let (chat, code) = (facts.chat.as_deref().unwrap_or("-"), facts.code);
    let ms = (elapsed.as_secs_f64() * 1e4).round() / 10.0;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(request_id, method, route, account, key, agent, chat, status, code, ms, "request")
        };
    }
    match route {
        "/healthz" | "/readyz" | "/metrics" | "/agent/v1/changes" if status == 200 => line!(debug),
        _ => line!(info),
    }
}

/// The method's name, or `other` if the contract does not use it: a client may send any word, and metrics must have few
/// labels.
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
