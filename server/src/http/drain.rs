//! Reads a bounded part of a body that was not wanted: a close with unread bytes makes TCP reset the connection, and
//! the client never sees the answer (RFC 9112 § 9.6).

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;

use crate::refusal::Refusal;

/// Answers a request whose body nobody looked at.
pub(super) fn answer_unread(request: Request, refusal: Refusal) -> Response {
    let (parts, body) = request.into_parts();
    if !awaits_continue(&parts.headers) {
        drain(body);
    }
    refusal.into_response()
}

/// Whether the client sends its body only when told to: reading would ask for it.
pub(super) fn awaits_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads on beside the answer, which goes out at once.
pub(super) fn drain(mut body: Body) {
    tokio::spawn(async move {
        let reading = async {
            let mut left = MAX_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                let len = frame.data_ref().map_or(0, bytes::Bytes::len);
                match left.checked_sub(len) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
        };
        // Whatever is left then is not worth more time.
        let _ = tokio::time::timeout(MAX_TIME, reading).await;
    });
}

const MAX_BYTES: usize = 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(1);
