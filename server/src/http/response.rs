//! Makes HTTP responses, of refusals among others, and carries what the log and the metrics say about them.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::refusal::Refusal;

/// Fields for the log and the metrics that the response itself does not show.
#[derive(Debug, Clone)]
pub(crate) struct LogFields {
    pub(crate) chat: Option<String>,
    pub(crate) code: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status(), &self.body());
        let headers = response.headers_mut();
        match self {
            Self::Overloaded => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            Self::NoActiveNumber | Self::StorageUnavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"))
            }
            Self::RateLimited { wait, .. } => headers.insert(header::RETRY_AFTER, seconds(wait).into()),
            Self::Unauthenticated => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            _ => None,
        };
        response.extensions_mut().insert(LogFields { chat: None, code: self.code() });
        response
    }
}

/// Whole seconds that are no shorter than `wait`.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("strings and numbers always serialise");
    json_text(status, text)
}

pub(super) fn json_text(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}
