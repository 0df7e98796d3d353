//! Reads the upload from a multipart body while it arrives.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use image_ingest::{Error, Upload};
use tokio::time::{Sleep, sleep};

use super::multipart::{Broken, Multipart, Piece};
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
        Self { body, announced, read: 0, started, idle_timer, limits, first }
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

const NOT_MULTIPART: Refusal = Refusal::NotMultipart("the body is no multipart/form-data with a boundary");

const BROKEN: Refusal = Refusal::NotMultipart("the multipart framing is broken or ends early");

impl App {
    /// Reads the upload. After a refusal, the rest of the body is still unread.
    pub(super) async fn receive(&self, headers: &HeaderMap, incoming: &mut Incoming) -> Result<Received, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let Some(multipart) = Multipart::new(content_type) else {
            return Err(self.bare_file(headers, incoming).await.unwrap_or(NOT_MULTIPART));
        };
        let limit = self.config.work.max_upload_bytes;
        if let Some(actual) = incoming.announced.filter(|bytes| *bytes > limit.saturating_add(OTHER_BYTES)) {
            return Err(Refusal::Upload { error: Error::TooLarge { limit, actual }, announced: None });
        }
        let announced = incoming.announced;
        let result = self.read_parts(Parts { incoming, multipart }).await;
        result.map_err(|refusal| match refusal {
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

    async fn read_parts(&self, mut parts: Parts<'_>) -> Result<Received, Refusal> {
        let mut file = None;
        let (mut others, mut bytes, mut has_empty) = (0, 0, false);
        loop {
            let Some(name) = parts.next_part().await? else {
                let missing = if has_empty { refused(Error::Empty) } else { Refusal::MissingFile };
                return file.ok_or(missing);
            };
            let is_file = name.is_some_and(|name| FILE_NAMES.contains(&&name[..]));
            if is_file {
                match parts.content().await? {
                    Some(_) if file.is_some() => return Err(Refusal::DuplicateFile),
                    Some(first) => {
                        file = Some(self.read_file(first, &mut parts).await?);
                        continue;
                    }
                    // A browser sends an empty part for a file input that nobody used.
                    None => has_empty = true,
                }
            } else {
                while let Some(chunk) = parts.content().await? {
                    bytes += chunk.len() as u64;
                    if bytes > OTHER_BYTES {
                        return Err(Refusal::NotMultipart("the parts beside the file are too long"));
                    }
                }
            }
            others += 1;
            if others > MAX_OTHER_PARTS {
                return Err(Refusal::NotMultipart("the body has too many parts"));
            }
        }
    }

    /// Reads the file of a part whose first bytes are read.
    async fn read_file(&self, first: Bytes, parts: &mut Parts<'_>) -> Result<Received, Refusal> {
        let (mut upload, mut held): (Upload, _) = (self.ingest.upload(), self.admission.hold());
        let mut next = Some(first);
        while let Some(chunk) = next {
            held.add(chunk.len() as u64)?;
            upload.push(chunk).map_err(refused)?;
            next = parts.content().await?;
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

fn refused(error: Error) -> Refusal {
    Refusal::Upload { error, announced: None }
}

/// The parts of a body that arrives.
struct Parts<'a> {
    incoming: &'a mut Incoming,
    multipart: Multipart,
}

impl Parts<'_> {
    /// The name of the next part, once the one before is read to its end; `None` at the end of the body.
    async fn next_part(&mut self) -> Result<Option<Option<Vec<u8>>>, Refusal> {
        match self.next().await? {
            Piece::Part(name) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    /// The next bytes of the part; `None` at its end.
    async fn content(&mut self) -> Result<Option<Bytes>, Refusal> {
        match self.next().await? {
            Piece::Content(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    async fn next(&mut self) -> Result<Piece, Refusal> {
        loop {
            match self.multipart.next() {
                Ok(Piece::NeedsMore) => {
                    let chunk = poll_fn(|cx| self.incoming.poll_chunk(cx)).await.ok_or(BROKEN)??;
                    self.multipart.push(chunk);
                }
                Ok(piece) => return Ok(piece),
                Err(Broken::Framing) => return Err(BROKEN),
                Err(Broken::FramingTooLong) => {
                    return Err(Refusal::NotMultipart("the body has too much between its parts"));
                }
            }
        }
    }
}
