//! Gives a value to another owner and gets it back when that owner drops it.
//!
//! Hyper takes a connection's stream and a request's body by value. Both are needed again afterwards, to read what the
//! client still sends.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::{io, mem};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A value that moves into its [`ReturnSlot`] when it is dropped.
#[derive(Debug)]
pub(super) struct ReturnOnDrop<T> {
    /// `None` only during the drop.
    value: Option<T>,
    slot: Slot<T>,
}

/// Holds the value after its [`ReturnOnDrop`] was dropped.
#[derive(Debug)]
pub(super) struct ReturnSlot<T>(Slot<T>);

type Slot<T> = Arc<Mutex<Option<T>>>;

/// Wraps `value` for another owner. The slot gets it when that owner drops it.
pub(super) fn return_on_drop<T>(value: T) -> (ReturnOnDrop<T>, ReturnSlot<T>) {
    let slot = Arc::new(Mutex::new(None));
    (ReturnOnDrop { value: Some(value), slot: Arc::clone(&slot) }, ReturnSlot(slot))
}

impl<T> ReturnSlot<T> {
    /// The value, if its other owner has dropped it.
    pub(super) fn take(&self) -> Option<T> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Drop for ReturnOnDrop<T> {
    fn drop(&mut self) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.value.take();
    }
}

impl<T> ReturnOnDrop<T> {
    fn pinned(&mut self) -> Option<Pin<&mut T>>
    where
        T: Unpin,
    {
        self.value.as_mut().map(Pin::new)
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for ReturnOnDrop<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.pinned().map_or(Poll::Ready(None), |body| body.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.value.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.value.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl AsyncRead for ReturnOnDrop<TcpStream> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for ReturnOnDrop<TcpStream> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.value.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_shutdown(cx))
    }
}

fn closed<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_its_slot_after_the_drop() {
        let (value, slot) = return_on_drop(7);
        assert_eq!(slot.take(), None);
        drop(value);
        assert_eq!((slot.take(), slot.take()), (Some(7), None));
    }
}
