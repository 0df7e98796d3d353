//! Sends an object piece by piece, each when the client has taken the one before.
//!
//! Hyper would buffer 128 KiB of a body for a client that reads slowly. Here one piece waits in hyper and one is at hand.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::connection_state::ConnectionState;
use crate::object_stream::{ObjectStream, Pieces};
use crate::objects::StoreFailed;
use crate::readers::ReaderPermit;

/// The body of an object's answer.
pub(super) struct ObjectBody {
    pieces: Pieces,
    /// The piece at hand.
    next: Option<Bytes>,
    /// Bytes that are not given to hyper yet.
    left: u64,
    connection: Arc<ConnectionState>,
    /// The next piece goes when the connection has written so much.
    due: u64,
    _permit: ReaderPermit,
}

impl ObjectBody {
    pub(super) fn new(object: ObjectStream, connection: Arc<ConnectionState>, permit: ReaderPermit) -> Self {
        let due = connection.written();
        Self { pieces: object.rest, next: Some(object.first), left: object.bytes, connection, due, _permit: permit }
    }
}

impl HttpBody for ObjectBody {
    type Data = Bytes;
    type Error = StoreFailed;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StoreFailed>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if this.next.is_none() {
            this.next = match ready!(this.pieces.as_mut().poll_next(cx)) {
                Some(Ok(piece)) => Some(piece),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                // The object is shorter than was told: hyper ends the connection.
                None => return Poll::Ready(None),
            };
        }
        ready!(this.connection.poll_written(this.due, cx));
        let piece = this.next.take().unwrap_or_default();
        this.left = this.left.saturating_sub(piece.len() as u64);
        this.due = this.connection.written() + piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
