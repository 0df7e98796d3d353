//! A request's body that remembers how far it was read.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// A body, lent to the request's handler.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) body: Body,
    /// Whether a handler asked for any of it, and so a client that waited was told to go on.
    pub(super) is_touched: bool,
    is_ended: bool,
}

impl Unread {
    pub(super) fn new(body: Body) -> Self {
        Self { body, is_touched: false, is_ended: false }
    }
}

impl HttpBody for Unread {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_touched = true;
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
