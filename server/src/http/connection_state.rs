//! What the stream of a connection and the requests on it tell each other.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    /// Whether a request is answered: from its head until its response's body is complete.
    is_answering: AtomicBool,
    /// Bytes that the socket has taken.
    written: AtomicU64,
    writer: AtomicWaker,
    /// Whether the connection ends with a refused head.
    is_refused: AtomicBool,
}

impl ConnectionState {
    pub(super) fn is_answering(&self) -> bool {
        self.is_answering.load(Ordering::Acquire)
    }

    /// Records that a request has come. Its answer ends with its [`ResponseBody`].
    pub(super) fn begin_answer(&self) {
        self.is_answering.store(true, Ordering::Release);
    }

    pub(super) fn refuse(&self) {
        self.is_refused.store(true, Ordering::Release);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Acquire)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Records that the socket has taken `bytes` more, and wakes a body that waits for that.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::AcqRel);
        self.writer.wake();
    }

    /// Waits until the socket has taken `bytes` in all.
    pub(super) fn poll_written(&self, bytes: u64, cx: &Context<'_>) -> Poll<()> {
        if self.written() < bytes {
            self.writer.register(cx.waker());
        }
        // Again, since a write may have come before the waker was there.
        if self.written() < bytes { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// A response's body, which records its end.
#[derive(Debug)]
pub(super) struct ResponseBody {
    body: Body,
    _end: AnswerEnd,
}

impl ResponseBody {
    pub(super) fn new(body: Body, state: &Arc<ConnectionState>) -> Self {
        Self { body, _end: AnswerEnd(Arc::clone(state)) }
    }
}

/// Ends an answer when it is dropped.
#[derive(Debug)]
struct AnswerEnd(Arc<ConnectionState>);

impl Drop for AnswerEnd {
    fn drop(&mut self) {
        self.0.is_answering.store(false, Ordering::Release);
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
