//! Values that another owner needs by value and that come back when it drops them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::{io, mem};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A value for the other owner.
#[derive(Debug)]
pub(super) struct Lent<T> {
    /// `None` only while it is dropped.
    value: Option<T>,
    place: Place<T>,
}

/// Where the value is found when the other owner has dropped it.
#[derive(Debug)]
pub(super) struct Returned<T>(Place<T>);

type Place<T> = Arc<Mutex<Option<T>>>;

/// Lends `value`.
pub(super) fn lend<T>(value: T) -> (Lent<T>, Returned<T>) {
    let place = Arc::new(Mutex::new(None));
    (Lent { value: Some(value), place: Arc::clone(&place) }, Returned(place))
}

impl<T> Returned<T> {
    /// The value, if it has come back.
    pub(super) fn take(&self) -> Option<T> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = self.value.take();
    }
}

impl<T> Lent<T> {
    fn pinned(&mut self) -> Option<Pin<&mut T>>
    where
        T: Unpin,
    {
        self.value.as_mut().map(Pin::new)
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Lent<B> {
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

impl AsyncRead for Lent<TcpStream> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.pinned().map_or_else(closed, |stream| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Lent<TcpStream> {
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
    fn a_lent_value_comes_back_when_it_is_dropped() {
        let (lent, returned) = lend(7);
        assert_eq!(returned.take(), None);
        drop(lent);
        assert_eq!((returned.take(), returned.take()), (Some(7), None));
    }
}
