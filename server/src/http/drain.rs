//! Drains request bodies: reads and discards what a client still sends after its request was answered.
//!
//! If a connection is closed with unread bytes, TCP resets it, and a client that writes its whole body before it reads
//! never sees the answer (RFC 9112 § 9.6). Therefore the rest of the body is read and discarded.
//!
//! A refusal waits for the end of the body as long as the body arrives fast, so that most clients see an ordinary
//! exchange. Otherwise the refusal is sent at once, and the rest of the body is read at the same time: up to the length
//! of an upload as part of the request, and then from the socket, whose writing side is closed (a lingering close). The
//! time, the rate, the length and the number of drains are limited.
//!
//! A refusal that did not need the body closes its connection. Node's streams treat a request as complete when its
//! answer is complete. If the answer arrives between the last byte of the body and the call that ends the request, the
//! connection stays in the client's pool as busy for ever, and the next upload of axios or node-fetch waits for it.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::body::OTHER_BYTES;
use super::return_on_drop::return_on_drop;
use super::tracked_body::TrackedBody;
use crate::config::{Config, Times};

/// The limits of all drains of the server.
#[derive(Debug)]
pub(super) struct Drains {
    permits: Arc<Semaphore>,
    time: Duration,
    /// The longest time that an answer waits for the end of its request's body.
    hold: Duration,
    bytes_per_second: u64,
    /// The most bytes that are read as part of a request.
    max_bytes: u64,
}

/// The right to drain one body until a point in time.
#[derive(Debug)]
struct DrainPermit {
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

/// Passes the permit of a drain from the last request of a connection to the lingering close of that connection.
#[derive(Debug, Clone, Default)]
pub(super) struct LingeringClose(Arc<Mutex<Option<DrainPermit>>>);

impl Drains {
    pub(super) fn new(config: &Config) -> Self {
        let times = &config.times;
        Self {
            permits: Arc::new(Semaphore::new(config.work.drains)),
            time: Times::of(times.drain_ms),
            hold: Times::of(times.hold_ms),
            bytes_per_second: times.drain_bytes_per_second,
            max_bytes: config.work.max_upload_bytes.saturating_add(OTHER_BYTES),
        }
    }

    fn permit(&self) -> Option<DrainPermit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok();
        if permit.is_none() {
            metrics::counter!("ingest_drains_refused_total").increment(1);
        }
        let permit = DrainPermit { until: Instant::now() + self.time, _permit: permit? };
        metrics::gauge!("ingest_drains").increment(1.0);
        Some(permit)
    }

    /// Drains the body of an answered request as long as it arrives fast. Returns false if the answer must be sent
    /// before the end of the body: then the drain goes on while the answer is sent, and the connection cannot be used
    /// again.
    async fn finish(self: &Arc<Self>, rest: TrackedBody, awaits_continue: bool, end: LingeringClose) -> bool {
        let is_unwanted = awaits_continue && !rest.was_polled;
        let is_long = rest.size_hint().upper().is_some_and(|bytes| bytes > self.max_bytes);
        let (permit, mut body) = (self.permit(), rest.body);
        if is_unwanted || is_long {
            // Reading would ask the client for a body that is not needed, or would never reach the end.
            end.set(permit);
            return false;
        }
        let least = (self.bytes_per_second / 5, HOLD_INTERVAL);
        let now = Instant::now();
        let Some(permit) = permit else {
            return read_to_end(&mut body, &mut ReadLimits::new(now + self.hold, SMALL_BYTES, least)).await;
        };
        let mut limits = ReadLimits::new(permit.until.min(now + self.hold), self.max_bytes, least);
        let ended = read_to_end(&mut body, &mut limits).await;
        if ended {
            count("ended");
        } else {
            tokio::spawn(Arc::clone(self).finish_later(body, limits.left, permit, end));
        }
        ended
    }

    /// Drains the body while its request's answer is sent.
    async fn finish_later(self: Arc<Self>, mut body: Body, max_bytes: u64, permit: DrainPermit, end: LingeringClose) {
        let mut limits = ReadLimits::new(permit.until, max_bytes, (self.bytes_per_second, RATE_INTERVAL));
        if read_to_end(&mut body, &mut limits).await {
            count("ended");
        } else {
            // When the body is dropped, the connection ends, and its lingering close takes the permit.
            end.set(Some(permit));
        }
    }

    /// Closes a connection after its last request. It lingers if a request was answered before the end of its body, if a
    /// head was refused, or if unread bytes are there: it closes the writing side, and reads until the client closes or a
    /// limit is reached.
    pub(super) async fn linger(&self, mut stream: TcpStream, end: &LingeringClose, is_refused: bool) {
        let mut permit = end.take();
        if permit.is_none() && (is_refused || stream.try_read(&mut [0]).is_ok_and(|read| read > 0)) {
            permit = self.permit();
        }
        let Some(permit) = permit else {
            return;
        };
        if poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await.is_err() {
            return;
        }
        let mut buffer = vec![0; LINGER_READ_BYTES];
        let mut limits = ReadLimits::new(permit.until, LINGER_BYTES, (self.bytes_per_second, RATE_INTERVAL));
        let ended = loop {
            if let ControlFlow::Break(ended) = limits.step(received(&stream, &mut buffer)).await {
                break ended;
            }
        };
        count(if ended { "ended" } else { "cut" });
    }
}

/// The most bytes that are drained without a permit.
const SMALL_BYTES: u64 = 16 * 1024;

/// The most bytes read during a lingering close: more than any picture has.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;

const LINGER_READ_BYTES: usize = 64 * 1024;

impl Drop for DrainPermit {
    fn drop(&mut self) {
        metrics::gauge!("ingest_drains").decrement(1.0);
    }
}

impl LingeringClose {
    fn set(&self, permit: Option<DrainPermit>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }

    fn take(&self) -> Option<DrainPermit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Runs a request, and drains the rest of its body.
pub(super) async fn drain(State(drains): State<Arc<Drains>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let awaits_continue = awaits_continue(&parts.headers);
    let end = parts.extensions.get::<LingeringClose>().cloned().unwrap_or_default();
    let (body, slot) = return_on_drop(TrackedBody::new(body));
    let mut response = next.run(Request::from_parts(parts, Body::new(body))).await;
    let rest = slot.take().filter(|rest| !rest.is_end_stream());
    let Some(rest) = rest else {
        return response;
    };
    let ended = drains.finish(rest, awaits_continue, end).await;
    if !ended || response.status().as_u16() >= 400 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the client waits for `100 Continue` before it sends the body.
fn awaits_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads to the end of the body. Returns false if a limit was reached before.
async fn read_to_end(body: &mut Body, limits: &mut ReadLimits) -> bool {
    loop {
        let read = async { Some(body.frame().await?.ok()?.data_ref().map_or(0, |data| data.len() as u64)) };
        if let ControlFlow::Break(ended) = limits.step(read).await {
            return ended;
        }
    }
}

/// Receives and discards bytes. Returns their count, or `None` at the end of the connection.
async fn received(stream: &TcpStream, buffer: &mut [u8]) -> Option<u64> {
    loop {
        stream.readable().await.ok()?;
        match stream.try_read(buffer) {
            Ok(0) => return None,
            Ok(read) => return Some(read as u64),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

/// Limits of time, length and rate for reading.
#[derive(Debug)]
struct ReadLimits {
    until: Instant,
    left: u64,
    /// The least bytes in each interval, and the interval.
    least: (u64, Duration),
    /// Bytes that must still arrive before `check`.
    due: u64,
    check: Instant,
}

impl ReadLimits {
    fn new(until: Instant, max_bytes: u64, least: (u64, Duration)) -> Self {
        Self { until, left: max_bytes, least, due: least.0, check: Instant::now() + least.1 }
    }

    /// Waits for one `read`, which returns the count of bytes, or `None` at the end. Breaks with true at the end, and
    /// with false if a limit is exceeded.
    async fn step(&mut self, read: impl Future<Output = Option<u64>>) -> ControlFlow<bool> {
        match timeout_at(self.check.min(self.until), read).await {
            Ok(None) => return ControlFlow::Break(true),
            Ok(Some(bytes)) if bytes > self.left => return ControlFlow::Break(false),
            Ok(Some(bytes)) => {
                self.left -= bytes;
                self.due = self.due.saturating_sub(bytes);
            }
            Err(_) => {}
        }
        let now = Instant::now();
        if now >= self.until || (now >= self.check && self.due > 0) {
            return ControlFlow::Break(false);
        }
        if now >= self.check {
            (self.due, self.check) = (self.least.0, now + self.least.1);
        }
        ControlFlow::Continue(())
    }
}

const RATE_INTERVAL: Duration = Duration::from_secs(1);

/// The interval for bodies whose end an answer waits for.
const HOLD_INTERVAL: Duration = Duration::from_millis(200);

fn count(end: &'static str) {
    metrics::counter!("ingest_drains_total", "end" => end).increment(1);
}
