//! Reads the upload from a multipart body while it arrives.
//!
//! The parser gets one chunk at a time, and at most [`FRAMING_BYTES`] before it has found the next part. This bounds
//! the time and memory that a preamble or a part's head can cost.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::Stream;
use image_ingest::{Error, Upload};
use multer::{Field, Multipart};
use tokio::time::{Sleep, sleep};

use crate::app::App;
use crate::canonical::Received;
use crate::config::Times;
use crate::refusal::Refusal;

/// A request's body, with limits on its rate and its pauses.
pub(super) struct Incoming {
    body: Body,
    /// Content-Length, where it was given.
    announced: Option<u64>,
    read: u64,
    started: Instant,
    idle_timer: Pin<Box<Sleep>>,
    limits: BodyLimits,
    failed: Option<Refusal>,
}

#[derive(Debug, Clone, Copy)]
struct BodyLimits {
    idle: Duration,
    slow: Duration,
    whole: Duration,
    bytes_per_second: u64,
}

impl Incoming {
    pub(super) fn new(headers: &HeaderMap, body: Body, times: &Times) -> Self {
        let limits = BodyLimits {
            idle: Times::of(times.idle_ms),
            slow: Times::of(times.slow_ms),
            whole: Times::of(times.body_ms),
            bytes_per_second: times.body_bytes_per_second,
        };
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let idle_timer = Box::pin(sleep(limits.idle));
        Self { body, announced, read: 0, started: Instant::now(), idle_timer, limits, failed: None }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(chunk) = frame.into_data() else {
                        continue;
                    };
                    self.read += chunk.len() as u64;
                    self.idle_timer.as_mut().reset(tokio::time::Instant::now() + self.limits.idle);
                    return Poll::Ready(Some(if self.is_too_slow() { Err(Refusal::UploadTimeout) } else { Ok(chunk) }));
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(BROKEN))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    return self.idle_timer.as_mut().poll(cx).map(|()| Some(Err(Refusal::UploadTimeout)));
                }
            }
        }
    }

    fn is_too_slow(&self) -> bool {
        let elapsed = self.started.elapsed();
        let expected = elapsed.as_secs().saturating_mul(self.limits.bytes_per_second);
        elapsed > self.limits.whole || (elapsed > self.limits.slow && self.read < expected)
    }
}

const BROKEN: Refusal = Refusal::NotMultipart("the multipart framing is broken or ends early");

impl App {
    /// Reads the upload. After a refusal, the rest of the body is still unread.
    pub(super) async fn receive(&self, headers: &HeaderMap, incoming: &mut Incoming) -> Result<Received, Refusal> {
        let boundary = boundary(headers)?;
        let limit = self.config.work.max_upload_bytes;
        if let Some(actual) = incoming.announced.filter(|bytes| *bytes > limit.saturating_add(OTHER_BYTES)) {
            return Err(Refusal::Upload { error: Error::TooLarge { limit, actual }, announced: None });
        }
        let announced = incoming.announced;
        let result = self.read_parts(boundary, incoming).await;
        // The parser wraps the error of its stream; `failed` has the original one.
        result.map_err(|refusal| match (incoming.failed.take().unwrap_or(refusal), announced) {
            (Refusal::Upload { error, .. }, announced) => Refusal::Upload { error, announced },
            (refusal, _) => refusal,
        })
    }

    async fn read_parts(&self, boundary: String, incoming: &mut Incoming) -> Result<Received, Refusal> {
        let in_file = AtomicBool::new(false);
        let chunks = BodyStream { incoming, in_file: &in_file, rest: Bytes::new(), framing: 0, yielded: false };
        let mut parts = Multipart::new(chunks, boundary);
        let mut received = None;
        let mut others = 0;
        for _ in 0..MAX_PARTS {
            in_file.store(false, Ordering::Relaxed);
            let Some(part) = parts.next_field().await.map_err(|_| BROKEN)? else {
                return received.ok_or(Refusal::MissingFile);
            };
            in_file.store(true, Ordering::Relaxed);
            if !matches!(part.name(), Some("background" | "file")) {
                skip(part, &mut others).await?;
            } else if received.is_some() {
                return Err(Refusal::DuplicateFile);
            } else {
                received = Some(self.read_file(part).await?);
            }
        }
        in_file.store(false, Ordering::Relaxed);
        match parts.next_field().await {
            Ok(None) => received.ok_or(Refusal::MissingFile),
            Ok(Some(_)) => Err(Refusal::NotMultipart("the body has too many parts")),
            Err(_) => Err(BROKEN),
        }
    }

    async fn read_file(&self, mut part: Field<'_>) -> Result<Received, Refusal> {
        let refused = |error| Refusal::Upload { error, announced: None };
        let (mut upload, mut held): (Upload, _) = (self.ingest.upload(), self.admission.hold());
        while let Some(chunk) = part.chunk().await.map_err(|_| BROKEN)? {
            held.add(chunk.len() as u64)?;
            upload.push(chunk).map_err(refused)?;
        }
        Ok(Received { source: upload.finish().map_err(refused)?, held })
    }
}

/// The most parts of a body: the file, and a few that are ignored.
const MAX_PARTS: usize = 4;

/// The most bytes of a body besides the file, ignored parts included.
pub(super) const OTHER_BYTES: u64 = 64 * 1024;

/// The most bytes between two parts, or before the first.
const FRAMING_BYTES: usize = 16 * 1024;

/// The size of chunks given to the parser while it looks for a part.
const STEP_BYTES: usize = 4 * 1024;

/// The boundary of a multipart body; at most 70 characters (RFC 2046 § 5.1.1).
fn boundary(headers: &HeaderMap) -> Result<String, Refusal> {
    const NOT_MULTIPART: Refusal = Refusal::NotMultipart("the body is no multipart/form-data with a boundary");
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or(NOT_MULTIPART)?;
    let boundary = multer::parse_boundary(content_type).map_err(|_| NOT_MULTIPART)?;
    if (1..=70).contains(&boundary.len()) { Ok(boundary) } else { Err(NOT_MULTIPART) }
}

async fn skip(mut part: Field<'_>, others: &mut u64) -> Result<(), Refusal> {
    while let Some(chunk) = part.chunk().await.map_err(|_| BROKEN)? {
        *others += chunk.len() as u64;
        if *others > OTHER_BYTES {
            return Err(Refusal::NotMultipart("the parts beside the file are too long"));
        }
    }
    Ok(())
}

/// The body as a stream for the parser. It limits chunks, because the parser would otherwise buffer all available
/// bytes.
struct BodyStream<'a> {
    incoming: &'a mut Incoming,
    /// Whether the parser is within a part's content.
    in_file: &'a AtomicBool,
    rest: Bytes,
    /// Bytes given to the parser since the last part's content.
    framing: usize,
    /// Whether the last poll returned a chunk: then the next one is pending, so that the parser handles the chunk
    /// first.
    yielded: bool,
}

impl Stream for BodyStream<'_> {
    type Item = Result<Bytes, Ended>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.yielded) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match self.incoming.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.rest = chunk,
                Poll::Ready(Some(Err(refusal))) => return self.fail(refusal),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        let step = if self.in_file.load(Ordering::Relaxed) {
            self.framing = 0;
            self.rest.len()
        } else {
            let step = self.rest.len().min(STEP_BYTES);
            self.framing += step;
            step
        };
        if self.framing > FRAMING_BYTES {
            return self.fail(Refusal::NotMultipart("the body has too much between its parts"));
        }
        self.yielded = true;
        Poll::Ready(Some(Ok(self.rest.split_to(step))))
    }
}

impl BodyStream<'_> {
    fn fail<T>(&mut self, refusal: Refusal) -> Poll<Option<Result<T, Ended>>> {
        self.incoming.failed = Some(refusal);
        Poll::Ready(Some(Err(Ended)))
    }
}

/// The stream ended with an error; [`Incoming`] holds the reason.
#[derive(Debug, thiserror::Error)]
#[error("the body ended")]
struct Ended;
