//! The stream of a connection as hyper sees it: heads are checked before hyper reads them, and reading and writing have
//! time limits.
//!
//! Hyper gets the bytes of a head only when the head is whole and right. A refused head looks to hyper like the end of the
//! stream; when hyper then shuts the stream down, the answer is written first. Where a body ends is known from its head or
//! its chunks, so that the next head is seen too, also if it comes in the same packet.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{io, mem};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::chunks::Chunks;
use super::connection_state::ConnectionState;
use super::head::{self, BodyLength, MAX_HEAD_BYTES};
use super::observe;
use super::write_limit::WriteLimit;
use crate::config::Times;
use crate::refusal::Refusal;

/// A stream with checked heads and time limits.
#[derive(Debug)]
pub(super) struct GuardedStream<S> {
    stream: S,
    state: Arc<ConnectionState>,
    heads: Duration,
    keep_alive: Duration,
    reading: Reading,
    /// Bytes that were received and that hyper has not read.
    buffer: BytesMut,
    /// How many of them are a checked head.
    checked: usize,
    /// How many of them were searched for the end of a head.
    searched: usize,
    wait: Wait,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether hyper must look for another head when what was written is sent.
    must_wake: bool,
    write_limit: WriteLimit,
    /// The answer to a refused head, before the stream is shut down.
    last_words: Bytes,
}

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Head,
    Body(u64),
    Chunks(Chunks),
}

/// What the client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The first byte of the connection, or the rest of a head.
    Head,
    /// Another request.
    Idle,
    /// Nothing with a limit here: a request is in work.
    None,
}

impl<S> GuardedStream<S> {
    pub(super) fn new(stream: S, state: Arc<ConnectionState>, times: &Times) -> Self {
        let heads = Times::of(times.header_ms);
        Self {
            stream,
            state,
            heads,
            keep_alive: Times::of(times.keep_alive_ms),
            reading: Reading::Head,
            buffer: BytesMut::new(),
            checked: 0,
            searched: 0,
            wait: Wait::Head,
            timer: Some(Box::pin(sleep(heads))),
            must_wake: false,
            write_limit: WriteLimit::new(times),
            last_words: Bytes::new(),
        }
    }

    /// Looks for a whole head in the buffer and checks it; false if it is not whole.
    fn take_head(&mut self) -> Result<bool, Refusal> {
        let begins = self.buffer.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(self.buffer.len());
        if begins > 0 && self.searched == 0 {
            // Empty lines before a request are ignored (RFC 9112 § 2.2).
            self.buffer.advance(begins);
        }
        if self.searched == 0 {
            head::check_first(&self.buffer)?;
        }
        let end = head::end_of_head(&self.buffer, self.searched);
        if end.unwrap_or(self.buffer.len()) > MAX_HEAD_BYTES {
            return Err(head::too_long(&self.buffer));
        }
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return Ok(false);
        };
        self.reading = match head::check(&self.buffer[..end])? {
            BodyLength::Bytes(0) => Reading::Head,
            BodyLength::Bytes(bytes) => Reading::Body(bytes),
            BodyLength::Chunked => Reading::Chunks(Chunks::new()),
        };
        (self.checked, self.searched) = (end, 0);
        (self.wait, self.timer) = (Wait::None, None);
        Ok(true)
    }

    /// Ends the connection with an answer.
    fn refuse(&mut self, refusal: &Refusal) {
        self.last_words = observe::refused_head(refusal);
        self.state.refuse();
    }

    /// Gives hyper up to `most` bytes of the buffer, and returns how many.
    fn give(&mut self, most: usize, out: &mut ReadBuf<'_>) -> usize {
        let bytes = most.min(self.buffer.len()).min(out.remaining());
        out.put_slice(&self.buffer[..bytes]);
        self.buffer.advance(bytes);
        if self.buffer.is_empty() {
            // Its memory goes, since an idle connection needs none.
            self.buffer = BytesMut::new();
        }
        bytes
    }

    /// Whether what the client is waited for takes too long.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Wait> {
        let is_first = self.wait == Wait::Head && self.state.written() == 0;
        let wait = if self.state.is_answering() {
            Wait::None
        } else if is_first || !self.buffer.is_empty() {
            Wait::Head
        } else {
            Wait::Idle
        };
        if wait != self.wait {
            self.wait = wait;
            self.timer = match wait {
                Wait::Head => Some(Box::pin(sleep(self.heads))),
                Wait::Idle => Some(Box::pin(sleep(self.keep_alive))),
                Wait::None => None,
            };
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx).map(|()| wait),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> GuardedStream<S> {
    fn poll_head(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.take_head() {
                Ok(true) => {
                    let given = self.give(self.checked, out);
                    self.checked -= given;
                    return Poll::Ready(Ok(()));
                }
                // The answer in work comes first; hyper looks again when it is sent.
                Err(_) if self.state.is_answering() => return Poll::Pending,
                Err(refusal) => {
                    self.refuse(&refusal);
                    return Poll::Ready(Ok(()));
                }
                Ok(false) => {}
            }
            let before = out.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, out) {
                Poll::Ready(Ok(())) if out.filled().len() == before => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    self.buffer.extend_from_slice(&out.filled()[before..]);
                    out.set_filled(before);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let late = ready!(self.poll_late(cx));
                    if late == Wait::Head && !self.buffer.is_empty() {
                        self.refuse(&Refusal::HeadTimeout);
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Reads from the buffer, or else from the socket, at most the `left` bytes of the body.
    fn poll_body(&mut self, left: u64, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let read = if self.buffer.is_empty() {
            let before = out.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
            let end = out.filled().len().min(before.saturating_add(most));
            self.keep_behind(end, out);
            end - before
        } else {
            self.give(most, out)
        };
        let left = left - read as u64;
        self.reading = if left == 0 { Reading::Head } else { Reading::Body(left) };
        Poll::Ready(Ok(()))
    }

    /// Reads from the buffer, or else from the socket, up to the end of the chunked body.
    fn poll_chunks(&mut self, mut chunks: Chunks, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let end = if self.buffer.is_empty() {
            let before = out.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
            let end = chunks.end(&out.filled()[before..]);
            if let Some(end) = end {
                self.keep_behind(before + end, out);
            }
            end
        } else {
            let most = self.buffer.len().min(out.remaining());
            let end = chunks.end(&self.buffer[..most]);
            self.give(end.unwrap_or(most), out);
            end
        };
        self.reading = if end.is_some() { Reading::Head } else { Reading::Chunks(chunks) };
        Poll::Ready(Ok(()))
    }

    /// Takes what was read behind `end`, which is of the next head, into the buffer.
    fn keep_behind(&mut self, end: usize, out: &mut ReadBuf<'_>) {
        self.buffer.extend_from_slice(&out.filled()[end..]);
        out.set_filled(end);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.state.is_refused() {
            return Poll::Ready(Ok(()));
        }
        if this.checked > 0 {
            let given = this.give(this.checked, out);
            this.checked -= given;
            return Poll::Ready(Ok(()));
        }
        match this.reading {
            Reading::Head => this.poll_head(cx, out),
            Reading::Body(left) => this.poll_body(left, cx, out),
            Reading::Chunks(chunks) => this.poll_chunks(chunks, cx, out),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.must_wake = true;
        let polled = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.write_limit.check(polled, &this.state, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.must_wake = true;
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.write_limit.check(polled, &this.state, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.write_limit.all_written();
        if !self.state.is_answering() && mem::take(&mut self.must_wake) {
            // Hyper waited for the socket meanwhile, without a limit; now the connection is idle.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.last_words.has_remaining() {
            let words = self.last_words.clone();
            let written = ready!(self.as_mut().poll_write(cx, &words))?;
            self.last_words.advance(written);
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
