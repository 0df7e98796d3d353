//! Reads what a client still sends after its request was answered.
//!
//! A close with unread bytes makes TCP reset the connection, and a client that writes its whole body before it reads
//! never sees the answer (RFC 9112 § 9.6). So the rest of the body is read and thrown away.
//!
//! A refusal waits for the body's end while the body comes swiftly, so that most clients meet nothing unusual.
//! Otherwise it goes out at once, and the rest is read beside it: up to the length of an upload within the request, then
//! from the socket, whose writing side is closed. All of it is bounded in time, pace and number.
//!
//! A refusal that did not need the body ends its connection. Node's streams take a request as done when its answer is:
//! an answer that comes between the body's last byte and the call that ends the request leaves the connection in its
//! pool as busy for ever, and with axios or node-fetch the next upload waits for it.

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
use super::lent::lend;
use super::unread::Unread;
use crate::config::{Config, Times};

/// What the server spends on clients that are answered and still send.
#[derive(Debug)]
pub(super) struct Drains {
    places: Arc<Semaphore>,
    time: Duration,
    /// How long an answer waits for the end of its request's body.
    hold: Duration,
    bytes_per_second: u64,
    /// Bytes that are read within a request.
    max_bytes: u64,
}

/// A place among the drains; given back when it is dropped.
#[derive(Debug)]
struct Place {
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

/// What a connection carries from its last request to its end: the place of a drain that goes on at the socket.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionEnd(Arc<Mutex<Option<Place>>>);

impl Drains {
    pub(super) fn new(config: &Config) -> Self {
        let times = &config.times;
        Self {
            places: Arc::new(Semaphore::new(config.work.drains)),
            time: Times::of(times.drain_ms),
            hold: Times::of(times.hold_ms),
            bytes_per_second: times.drain_bytes_per_second,
            max_bytes: config.work.max_upload_bytes.saturating_add(OTHER_BYTES),
        }
    }

    fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok();
        if permit.is_none() {
            metrics::counter!("ingest_drains_refused_total").increment(1);
        }
        let place = Place { until: Instant::now() + self.time, _permit: permit? };
        metrics::gauge!("ingest_drains").increment(1.0);
        Some(place)
    }

    /// Reads the rest of an answered request's body while it comes swiftly. False when the answer goes out before the
    /// body's end: what still comes is read beside it, and the connection cannot be used again.
    async fn finish(self: &Arc<Self>, rest: Unread, awaits_continue: bool, end: ConnectionEnd) -> bool {
        let is_unwanted = awaits_continue && !rest.is_touched;
        let is_long = rest.size_hint().upper().is_some_and(|bytes| bytes > self.max_bytes);
        let (place, mut body) = (self.place(), rest.body);
        if is_unwanted || is_long {
            // Reading would ask for what is not wanted, or never reach the end.
            end.set(place);
            return false;
        }
        let swift = (self.bytes_per_second / 5, SWIFT_INTERVAL);
        let now = Instant::now();
        let Some(place) = place else {
            return read_to_end(&mut body, &mut Pace::new(now + self.hold, SMALL_BYTES, swift)).await;
        };
        let mut pace = Pace::new(place.until.min(now + self.hold), self.max_bytes, swift);
        let ended = read_to_end(&mut body, &mut pace).await;
        if ended {
            count("ended");
        } else {
            tokio::spawn(Arc::clone(self).read_on(body, pace.left, place, end));
        }
        ended
    }

    async fn read_on(self: Arc<Self>, mut body: Body, max_bytes: u64, place: Place, end: ConnectionEnd) {
        let mut pace = Pace::new(place.until, max_bytes, (self.bytes_per_second, PACE_INTERVAL));
        if read_to_end(&mut body, &mut pace).await {
            count("ended");
        } else {
            // The connection closes when the body is dropped, and finds the place then.
            end.set(Some(place));
        }
    }

    /// Reads from a connection that HTTP is done with, if a request was answered early or bytes have come.
    pub(super) async fn linger(&self, mut stream: TcpStream, end: &ConnectionEnd) {
        let mut place = end.take();
        if place.is_none() && stream.try_read(&mut [0]).is_ok_and(|read| read > 0) {
            place = self.place();
        }
        let Some(place) = place else {
            return;
        };
        if poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await.is_err() {
            return;
        }
        let mut buffer = vec![0; LINGER_READ_BYTES];
        let mut pace = Pace::new(place.until, LINGER_BYTES, (self.bytes_per_second, PACE_INTERVAL));
        let ended = loop {
            if let ControlFlow::Break(ended) = pace.step(received(&stream, &mut buffer)).await {
                break ended;
            }
        };
        count(if ended { "ended" } else { "cut" });
    }
}

/// Bytes of a body's rest that are read without a place.
const SMALL_BYTES: u64 = 16 * 1024;

/// Bytes read from a socket after its writing side is closed: more than any picture has.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;

const LINGER_READ_BYTES: usize = 64 * 1024;

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("ingest_drains").decrement(1.0);
    }
}

impl ConnectionEnd {
    fn set(&self, place: Option<Place>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    fn take(&self) -> Option<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Runs a request, and reads what it left of its body.
pub(super) async fn drain(State(drains): State<Arc<Drains>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let awaits_continue = awaits_continue(&parts.headers);
    let end = parts.extensions.get::<ConnectionEnd>().cloned().unwrap_or_default();
    let (body, returned) = lend(Unread::new(body));
    let mut response = next.run(Request::from_parts(parts, Body::new(body))).await;
    let rest = returned.take().filter(|rest| !rest.is_end_stream());
    let Some(rest) = rest else {
        return response;
    };
    let ended = drains.finish(rest, awaits_continue, end).await;
    if !ended || response.status().as_u16() >= 400 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the client sends its body only when told to.
fn awaits_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// True when the body ended, false when it was cut.
async fn read_to_end(body: &mut Body, pace: &mut Pace) -> bool {
    loop {
        let read = async { Some(body.frame().await?.ok()?.data_ref().map_or(0, |data| data.len() as u64)) };
        if let ControlFlow::Break(ended) = pace.step(read).await {
            return ended;
        }
    }
}

/// Bytes received at once, which are thrown away; `None` at the connection's end.
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

/// How long, how far and how slowly may still be read.
#[derive(Debug)]
struct Pace {
    until: Instant,
    left: u64,
    /// Bytes that must come in each interval.
    least: (u64, Duration),
    /// Bytes that must come until `check`.
    due: u64,
    check: Instant,
}

impl Pace {
    fn new(until: Instant, max_bytes: u64, least: (u64, Duration)) -> Self {
        Self { until, left: max_bytes, least, due: least.0, check: Instant::now() + least.1 }
    }

    /// Waits for one `read`, which answers its bytes and `None` at the end. Breaks with true at the end, and with false
    /// when a limit is passed.
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

const PACE_INTERVAL: Duration = Duration::from_secs(1);

/// The interval for bodies that an answer waits for.
const SWIFT_INTERVAL: Duration = Duration::from_millis(200);

fn count(end: &'static str) {
    metrics::counter!("ingest_drains_total", "end" => end).increment(1);
}
