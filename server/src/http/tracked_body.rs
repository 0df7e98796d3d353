//! A request's body that records whether reading it has begun and ended.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// The body of a request, with a record of how it was read.
#[derive(Debug)]
pub(super) struct TrackedBody {
    pub(super) body: Body,
    /// Whether a handler began to read it. Then hyper has sent `100 Continue` to a client that waits for it.
    pub(super) was_polled: bool,
    is_ended: bool,
}

impl TrackedBody {
    pub(super) fn new(body: Body) -> Self {
        Self { body, was_polled: false, is_ended: false }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.was_polled = true;
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.is_ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
