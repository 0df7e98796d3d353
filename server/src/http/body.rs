//! Reads the upload from a multipart body while it arrives.
//!
//! The parser gets one chunk at a time, and at most [`FRAMING_BYTES`] before it has found the next part. This bounds
//! the time and memory that a preamble or a part's head can cost.

use std::future::poll_fn;
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

use super::disposition;
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
    /// The first bytes of the body, from which its format can be told.
    first: Vec<u8>,
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
        let (started, first) = (Instant::now(), Vec::new());
        Self { body, announced, read: 0, started, idle_timer, limits, failed: None, first }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(chunk) = frame.into_data() else {
                        continue;
                    };
                    self.read += chunk.len() as u64;
                    let missing = FIRST_BYTES - self.first.len();
                    self.first.extend_from_slice(&chunk[..missing.min(chunk.len())]);
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

/// How many bytes of a body are kept to tell what it is.
const FIRST_BYTES: usize = 512;

/// The longest wait for the first bytes of a body that is refused anyway.
const FIRST_WAIT: Duration = Duration::from_millis(500);

const BROKEN: Refusal = Refusal::NotMultipart("the multipart framing is broken or ends early");

impl App {
    /// Reads the upload. After a refusal, the rest of the body is still unread.
    pub(super) async fn receive(&self, headers: &HeaderMap, incoming: &mut Incoming) -> Result<Received, Refusal> {
        let boundary = match boundary(headers) {
            Ok(boundary) => boundary,
            Err(refusal) => return Err(self.bare_file(headers, incoming).await.unwrap_or(refusal)),
        };
        let limit = self.config.work.max_upload_bytes;
        if let Some(actual) = incoming.announced.filter(|bytes| *bytes > limit.saturating_add(OTHER_BYTES)) {
            return Err(Refusal::Upload { error: Error::TooLarge { limit, actual }, announced: None });
        }
        let announced = incoming.announced;
        let result = self.read_parts(boundary, incoming).await;
        // The parser wraps the error of its stream; `failed` has the original one.
        result.map_err(|refusal| match incoming.failed.take().unwrap_or(refusal) {
            Refusal::Upload { error, .. } => Refusal::Upload { error, announced },
            Refusal::NotMultipart(what) if !incoming.first.starts_with(b"--") => {
                self.seen(&incoming.first).unwrap_or(Refusal::NotMultipart(what))
            }
            refusal => refusal,
        })
    }

    /// Says what a body is that is not multipart, if its first bytes tell. A client that waits to be told to send is not.
    async fn bare_file(&self, headers: &HeaderMap, incoming: &mut Incoming) -> Option<Refusal> {
        if headers.contains_key(header::EXPECT) {
            return None;
        }
        let first = async {
            while incoming.first.len() < FIRST_BYTES {
                match poll_fn(|cx| incoming.poll_chunk(cx)).await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                }
            }
        };
        // What came in time is looked at.
        let _ = tokio::time::timeout(FIRST_WAIT, first).await;
        self.seen(&incoming.first)
    }

    /// The refusal of a body that is a file in place of multipart, by its first bytes.
    fn seen(&self, first: &[u8]) -> Option<Refusal> {
        let mut upload = self.ingest.upload();
        let recognised = upload.push(first.to_vec()).and_then(|()| upload.finish());
        let seen = match recognised {
            Ok(source) => format!("it is a {} image", source.format()),
            Err(Error::Unsupported { feature, .. }) => format!("it looks like {feature}, which is not supported"),
            Err(Error::UnknownFormat { seen, .. }) if !UNTOLD.contains(&seen) => format!("it looks like {seen}"),
            Err(_) => return None,
        };
        Some(Refusal::BareFile { seen })
    }

    async fn read_parts(&self, boundary: String, incoming: &mut Incoming) -> Result<Received, Refusal> {
        let in_file = AtomicBool::new(false);
        let chunks = BodyStream { incoming, in_file: &in_file, rest: Bytes::new(), framing: 0, yielded: false };
        let mut parts = Multipart::new(chunks, boundary);
        let mut file = None;
        let (mut others, mut bytes, mut has_empty) = (0, 0, false);
        loop {
            in_file.store(false, Ordering::Relaxed);
            let Some(mut part) = parts.next_field().await.map_err(|_| BROKEN)? else {
                let missing = if has_empty { refused(Error::Empty) } else { Refusal::MissingFile };
                return file.ok_or(missing);
            };
            in_file.store(true, Ordering::Relaxed);
            let is_file = disposition::name(part.headers()).is_some_and(|name| FILE_NAMES.contains(&&name[..]));
            // A browser sends an empty part for a file input that nobody used.
            let first = if is_file { content(&mut part).await? } else { None };
            match first {
                Some(_) if file.is_some() => return Err(Refusal::DuplicateFile),
                Some(first) => file = Some(self.read_file(first, part).await?),
                None => {
                    has_empty |= is_file;
                    others += 1;
                    if others > MAX_OTHER_PARTS {
                        return Err(Refusal::NotMultipart("the body has too many parts"));
                    }
                    skip(part, &mut bytes).await?;
                }
            }
        }
    }

    /// Reads the file of a part whose first bytes are read.
    async fn read_file(&self, first: Bytes, mut part: Field<'_>) -> Result<Received, Refusal> {
        let (mut upload, mut held): (Upload, _) = (self.ingest.upload(), self.admission.hold());
        let mut next = Some(first);
        while let Some(chunk) = next {
            held.add(chunk.len() as u64)?;
            upload.push(chunk).map_err(refused)?;
            next = content(&mut part).await?;
        }
        Ok(Received { source: upload.finish().map_err(refused)?, held })
    }
}

/// The names of a part that is the file.
const FILE_NAMES: [&[u8]; 2] = [b"background", b"file"];

/// The most parts of a body beside the file, which are ignored.
const MAX_OTHER_PARTS: usize = 16;

/// What the library says of bytes that tell nothing.
const UNTOLD: [&str; 2] = ["unrecognised data", "too few bytes to tell"];

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

fn refused(error: Error) -> Refusal {
    Refusal::Upload { error, announced: None }
}

/// The next bytes of a part that has more.
async fn content(part: &mut Field<'_>) -> Result<Option<Bytes>, Refusal> {
    loop {
        match part.chunk().await.map_err(|_| BROKEN)? {
            Some(chunk) if chunk.is_empty() => {}
            next => return Ok(next),
        }
    }
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
