//! Takes an upload chunk by chunk: caps it, hashes it and recognises its format as the bytes arrive.

pub(crate) mod format;
mod hasher;
pub(crate) mod id;
pub(crate) mod limits;
pub(crate) mod sniff;
pub(crate) mod text;

use std::fmt;

use bytes::Bytes;
use image_ingest_samples::{collected, reserve_exact};

use crate::error::{Error, Result};
use crate::upload::format::{Format, Sniffed};
use crate::upload::hasher::BlockHasher;
use crate::upload::id::SourceId;
use crate::upload::limits::Limits;
use crate::upload::sniff::{HEAD_BYTES, seen_at_the_end, sniff};

/// An upload that is still arriving.
///
/// Each chunk is hashed when it comes and kept without a copy. Chunks below 4 KiB are copied together, so that an upload in
/// single bytes takes no more memory than one in large pieces. An upload of another format is refused at the first byte that
/// shows it, and one that is too large at the first byte over its cap.
///
/// ```
/// use image_ingest::{Limits, Upload};
/// let mut upload = Upload::new(&Limits::default());
/// let error = upload.push(&b"%PDF-1.7"[..]).unwrap_err();
/// assert_eq!(error.code(), "unknown_format");
/// ```
pub struct Upload {
    chunks: Vec<Bytes>,
    /// The small chunks that came after the last of `chunks`, copied together.
    tail: Vec<u8>,
    len: u64,
    max_bytes: u64,
    hasher: BlockHasher,
    format: Option<Format>,
    /// Why the upload was refused. Once it is set, the upload takes nothing and does not end in a source.
    refused: Option<Refused>,
}

/// Why an upload was refused, in a form from which the same error can be made again.
#[derive(Debug, Clone, Copy)]
enum Refused {
    TooLarge { limit: u64, actual: u64 },
    UnknownFormat { seen: &'static str },
    Unsupported { name: &'static str },
    OutOfMemory { bytes: u64 },
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge { limit, actual } => Self::TooLarge { limit, actual },
            Refused::UnknownFormat { seen } => Self::UnknownFormat { seen },
            Refused::Unsupported { name } => Self::Unsupported { format: None, feature: name.into() },
            Refused::OutOfMemory { bytes } => Self::OutOfMemory { bytes },
        }
    }
}

impl fmt::Debug for Upload {
    /// Without the bytes: they hold the image's metadata.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("len", &self.len).field("format", &self.format).finish_non_exhaustive()
    }
}

impl Upload {
    /// An empty upload under `limits.max_bytes`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let hasher = BlockHasher::new();
        Self {
            chunks: Vec::new(),
            tail: Vec::new(),
            len: 0,
            max_bytes: limits.max_bytes,
            hasher,
            format: None,
            refused: None,
        }
    }

    /// Takes the next chunk, of any length.
    ///
    /// # Errors
    ///
    /// `too_large` with the byte over the cap; `unknown_format` or `unsupported` with the first byte that decides it;
    /// `out_of_memory`. An upload that was refused once is refused for the same reason by every later call.
    pub fn push(&mut self, chunk: impl Into<Bytes>) -> Result<()> {
        if self.refused.is_none() {
            self.refused = self.take(chunk.into()).err();
        }
        self.check()
    }

    /// Whether nothing has been refused so far.
    fn check(&self) -> Result<()> {
        self.refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    fn take(&mut self, chunk: Bytes) -> Result<(), Refused> {
        let len = self.len.saturating_add(chunk.len() as u64);
        if len > self.max_bytes {
            return Err(Refused::TooLarge { limit: self.max_bytes, actual: len });
        }
        if chunk.is_empty() {
            return Ok(());
        }
        self.hasher.update(&chunk);
        self.len = len;
        self.keep(chunk)?;
        if self.format.is_none() {
            self.format = self.decide()?;
        }
        Ok(())
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing has been taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the upload.
    ///
    /// # Errors
    ///
    /// `empty`; `unknown_format` when it ended before its format was clear; what [`push`](Self::push) refused it for;
    /// `out_of_memory`.
    pub fn finish(mut self) -> Result<Source> {
        self.check()?;
        if self.len == 0 {
            return Err(Error::Empty);
        }
        let format = self.format.ok_or_else(|| Error::UnknownFormat { seen: seen_at_the_end(&self.head()) })?;
        self.flush()?;
        let id = SourceId::from_bytes(*self.hasher.finish().as_bytes());
        Ok(Source { chunks: self.chunks, len: self.len, id, format })
    }

    fn keep(&mut self, chunk: Bytes) -> Result<(), Refused> {
        if chunk.len() >= SMALL_CHUNK_BYTES {
            self.flush()?;
            return self.add(chunk);
        }
        self.tail.try_reserve(chunk.len()).map_err(|_| Refused::OutOfMemory { bytes: chunk.len() as u64 })?;
        self.tail.extend_from_slice(&chunk);
        if self.tail.len() >= GATHERED_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Refused> {
        let tail = std::mem::take(&mut self.tail);
        if tail.is_empty() { Ok(()) } else { self.add(Bytes::from(tail)) }
    }

    fn add(&mut self, chunk: Bytes) -> Result<(), Refused> {
        let out_of_memory = |_| Refused::OutOfMemory { bytes: size_of::<Bytes>() as u64 };
        self.chunks.try_reserve(1).map_err(out_of_memory)?;
        self.chunks.push(chunk);
        Ok(())
    }

    /// The first bytes, as many as recognising a format can need.
    fn head(&self) -> Vec<u8> {
        self.chunks.iter().flatten().chain(&self.tail).copied().take(HEAD_BYTES).collect()
    }

    fn decide(&self) -> Result<Option<Format>, Refused> {
        match sniff(&self.head()) {
            Sniffed::Is(Format::Heic) if !cfg!(feature = "heic") => Err(Refused::Unsupported { name: WITHOUT_HEIC }),
            Sniffed::Is(format) => Ok(Some(format)),
            Sniffed::NeedsMore => Ok(None),
            Sniffed::Unsupported(name) => Err(Refused::Unsupported { name }),
            Sniffed::Unknown(seen) => Err(Refused::UnknownFormat { seen }),
        }
    }
}

const WITHOUT_HEIC: &str = "HEIC, in a build without the feature `heic`";

/// Chunks below this are copied together. The handle of a small chunk, and the buffer that it keeps alive, can be larger than
/// the chunk.
const SMALL_CHUNK_BYTES: usize = 4096;
const GATHERED_BYTES: usize = 64 * 1024;

/// A complete upload, within its cap, hashed and recognised. Nothing behind its first bytes has been read.
#[derive(Clone)]
pub struct Source {
    chunks: Vec<Bytes>,
    len: u64,
    id: SourceId,
    format: Format,
}

impl fmt::Debug for Source {
    /// Without the bytes: they hold the image's metadata.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, id, format, .. } = self;
        f.debug_struct("Source").field("len", len).field("id", id).field("format", format).finish_non_exhaustive()
    }
}

impl Source {
    /// A complete upload from one buffer, which is not copied.
    ///
    /// # Errors
    ///
    /// As [`Upload::push`] and [`Upload::finish`].
    pub fn new(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self> {
        let mut upload = Upload::new(limits);
        upload.push(bytes)?;
        upload.finish()
    }

    /// The id of the uploaded bytes.
    #[must_use]
    pub fn id(&self) -> SourceId {
        self.id
    }

    /// The container.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The length in bytes, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a source is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Refuses a source that was made under other limits and is over these.
    ///
    /// # Errors
    ///
    /// `too_large`.
    pub(crate) fn check(&self, limits: &Limits) -> Result<()> {
        if self.len > limits.max_bytes {
            return Err(Error::TooLarge { limit: limits.max_bytes, actual: self.len });
        }
        Ok(())
    }

    /// The same upload once more, whose bytes are not copied.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn again(&self) -> Result<Self> {
        Ok(Self { chunks: collected(self.chunks.iter().cloned())?, ..*self })
    }

    /// The bytes in one piece. A single chunk is given as it is; several are joined, and each is freed once it is copied.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn into_bytes(mut self) -> Result<Bytes> {
        if self.chunks.len() == 1 {
            return self.chunks.pop().ok_or_else(|| Error::internal("a source without chunks"));
        }
        let len = usize::try_from(self.len).map_err(|_| Error::OutOfMemory { bytes: self.len })?;
        let mut whole = Vec::new();
        reserve_exact(&mut whole, len)?;
        self.chunks.drain(..).for_each(|chunk| whole.extend_from_slice(&chunk));
        Ok(Bytes::from(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_bytes: u64) -> Limits {
        Limits { max_bytes, ..Limits::default() }
    }

    const GIF: &[u8] = b"GIF89a and then whatever follows";

    #[test]
    fn an_upload_knows_how_much_has_come() {
        let mut upload = Upload::new(&limits(100));
        assert!(upload.is_empty());
        upload.push(GIF).unwrap();
        assert_eq!((upload.len(), upload.is_empty()), (GIF.len() as u64, false));
    }

    #[test]
    fn a_heic_takes_its_feature() {
        let decided = Source::new(&b"\0\0\0\x18ftypheic\0\0\0\0heic"[..], &limits(100));
        if cfg!(feature = "heic") {
            assert_eq!(decided.unwrap().format(), Format::Heic);
        } else {
            let error = decided.unwrap_err();
            assert_eq!(error.code(), "unsupported");
            assert!(error.to_string().contains("`heic`"), "{error}");
        }
    }

    #[test]
    fn cap_is_inclusive() {
        let len = GIF.len() as u64;
        assert!(Source::new(GIF, &limits(len)).is_ok());
        let error = Source::new(GIF, &limits(len - 1)).unwrap_err();
        assert_eq!((error.code(), error.limit_and_actual()), ("too_large", Some((len - 1, len))));
    }

    #[test]
    fn chunking_does_not_change_the_id_or_the_bytes() {
        let whole = Source::new(GIF, &Limits::default()).unwrap();
        for size in 1..GIF.len() {
            let mut upload = Upload::new(&Limits::default());
            GIF.chunks(size).for_each(|c| upload.push(c).unwrap());
            upload.push(&b""[..]).unwrap();
            let source = upload.finish().unwrap();
            assert_eq!((source.id(), source.format(), source.len()), (whole.id(), Format::Gif, GIF.len() as u64));
            assert_eq!(source.into_bytes().unwrap(), GIF);
        }
    }

    #[test]
    fn single_bytes_are_gathered() {
        let mut upload = Upload::new(&Limits::default());
        let bytes: Vec<u8> = GIF.iter().copied().cycle().take(200_000).collect();
        bytes.chunks(1).for_each(|c| upload.push(c.to_vec()).unwrap());
        assert!(upload.chunks.len() <= 4, "{} pieces kept", upload.chunks.len());
        assert_eq!(upload.finish().unwrap().into_bytes().unwrap(), bytes);
    }

    #[test]
    fn the_first_deciding_byte_refuses() {
        let mut upload = Upload::new(&Limits::default());
        assert!(upload.push(&b"GIF8"[..]).is_ok());
        assert_eq!(upload.push(&b"\0"[..]).unwrap_err().code(), "unknown_format");
    }

    #[test]
    fn a_refused_upload_stays_refused() {
        let mut upload = Upload::new(&limits(10));
        assert!(upload.push(&b"GIF89a"[..]).is_ok());
        assert_eq!(upload.push(&b"12345"[..]).unwrap_err().code(), "too_large");
        assert_eq!(upload.push(&b"1"[..]).unwrap_err().limit_and_actual(), Some((10, 11)));
        assert_eq!(upload.finish().unwrap_err().code(), "too_large");
    }

    #[test]
    fn a_reference_is_answered_with_what_to_send() {
        let said = |bytes: &'static [u8]| Source::new(bytes, &limits(100)).unwrap_err().to_string();
        assert_eq!(
            said(b"/9j/4AAQSkZJRg"),
            "not a JPEG, PNG, GIF, WebP or HEIC image: base64 text; send the file's bytes"
        );
        assert_eq!(said(b"a.jpg"), "not a JPEG, PNG, GIF, WebP or HEIC image: plain text; send the file's bytes");
        assert_eq!(said(b"GIF8"), "not a JPEG, PNG, GIF, WebP or HEIC image: too few bytes to tell");
        assert_eq!(said(b"%PDF-1.7"), "not a JPEG, PNG, GIF, WebP or HEIC image: PDF");
    }

    #[test]
    fn ending_early_is_empty_or_unknown() {
        assert_eq!(Upload::new(&Limits::default()).finish().unwrap_err().code(), "empty");
        let mut upload = Upload::new(&Limits::default());
        upload.push(&b"GIF"[..]).unwrap();
        assert_eq!(upload.finish().unwrap_err().code(), "unknown_format");
    }

    #[test]
    fn the_id_is_blake3_of_the_bytes() {
        let source = Source::new(GIF, &Limits::default()).unwrap();
        assert_eq!(source.id().as_bytes(), blake3::hash(GIF).as_bytes());
    }
}
