//! Refuses requests over the limits of their address and key, and tells in header fields what is left
//! (draft-ietf-httpapi-ratelimit-headers).

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::address::ClientAddress;
use crate::app::App;
use crate::rate_limits::{RateLimit, Remaining, network};
use crate::refusal::Refusal;

/// What is left of the limits that a request counts against.
#[derive(Debug, Clone, Default)]
pub(super) struct RateReport(Arc<Mutex<Vec<Remaining>>>);

/// Counts a request for its address, and adds what is left to its answer.
pub(super) async fn limit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let report = RateReport::default();
    request.extensions_mut().insert(report.clone());
    let mut response = match count_address(&app, &request, &report) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let left = report.0.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, text) in [("ratelimit-policy", policies(&left)), ("ratelimit", remainders(&left))] {
        if let Ok(value) = HeaderValue::from_str(&text)
            && !text.is_empty()
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn count_address(app: &App, request: &Request, report: &RateReport) -> Result<(), Refusal> {
    let Some(ClientAddress(address)) = request.extensions().get().copied() else {
        return Ok(());
    };
    let limits = &app.rate_limits;
    let address = network(address);
    count(report, &limits.address_requests, &address)?;
    if request.method() == Method::PUT { count(report, &limits.address_uploads, &address) } else { Ok(()) }
}

/// Counts a request with a key that was verified.
pub(super) fn count_key(app: &App, method: &Method, key: &str, report: Option<&RateReport>) -> Result<(), Refusal> {
    let (limits, report) = (&app.rate_limits, report.cloned().unwrap_or_default());
    let key = key.to_owned();
    count(&report, &limits.key_requests, &key)?;
    if method == Method::PUT { count(&report, &limits.key_uploads, &key) } else { Ok(()) }
}

fn count<K: std::hash::Hash + Eq + Clone>(
    report: &RateReport,
    limit: &Option<RateLimit<K>>,
    key: &K,
) -> Result<(), Refusal> {
    limit.as_ref().map_or(Ok(()), |limit| report.note(limit.take(key)))
}

impl RateReport {
    fn note(&self, (left, result): (Remaining, Result<(), Refusal>)) -> Result<(), Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(left);
        result
    }
}

/// The limits: `"key-minute";q=60;w=60`.
fn policies(left: &[Remaining]) -> String {
    list(left, |text, left| write!(text, "\"{}\";q={};w={}", left.name, left.quota, left.window_seconds))
}

/// What is left of them, and the seconds until all of it is there again: `"key-minute";r=12;t=48`.
fn remainders(left: &[Remaining]) -> String {
    list(left, |text, left| write!(text, "\"{}\";r={};t={}", left.name, left.remaining, left.reset_seconds()))
}

fn list(left: &[Remaining], item: impl Fn(&mut String, &Remaining) -> std::fmt::Result) -> String {
    let item = |left: &Remaining| {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = item(&mut text, left);
        text
    };
    left.iter().map(item).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_have_the_form_of_the_draft() {
        let left = [
            Remaining { name: "key-minute", quota: 60, window_seconds: 60, remaining: 12 },
            Remaining { name: "address-day", quota: 10, window_seconds: 86_400, remaining: 10 },
        ];
        assert_eq!(policies(&left), "\"key-minute\";q=60;w=60, \"address-day\";q=10;w=86400");
        assert_eq!(remainders(&left), "\"key-minute\";r=12;t=48, \"address-day\";r=10;t=0");
        assert_eq!(policies(&[]), "");
    }
}
