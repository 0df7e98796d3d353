//! Takes an upload chunk by chunk: caps it, hashes it and recognises its format as the bytes arrive.

pub(crate) mod format;
mod hasher;
pub(crate) mod id;
pub(crate) mod limits;
pub(crate) mod sniff;
pub(crate) mod text;

use std::fmt;

use bytes::Bytes;
use image_ingest_samples::{CpuTimer, collected, reserve_exact};

use crate::error::{Error, Result};
use crate::upload::format::{Format, Sniffed};
use crate::upload::hasher::BlockHasher;
use crate::upload::id::SourceId;
use crate::upload::limits::Limits;
use crate::upload::sniff::{HEAD_BYTES, seen_at_the_end, sniff};

/// An upload that is still arriving.
///
/// Each chunk is hashed when it comes. One of 112 KiB or more is kept without a copy. Smaller ones are copied together, so that
/// an upload in single bytes, or in chunks that keep larger buffers alive, takes hardly more memory than its bytes. An upload of
/// another format is refused at the first byte that shows it, and one that is too large at the first byte over its cap.
///
/// ```
/// use image_ingest::{Limits, Upload};
/// let mut upload = Upload::new(&Limits::default());
/// let error = upload.push(&b"%PDF-1.7"[..]).unwrap_err();
/// assert_eq!(error.code(), "unknown_format");
/// ```
pub struct Upload {
    chunks: Vec<Bytes>,
    /// The bytes after the last of `chunks`, copied together; fewer than a block.
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
        self.push_and_keep(chunk.into(), KEPT_BYTES)
    }

    /// Takes the next chunk, and keeps it without a copy if it has at least so many bytes.
    fn push_and_keep(&mut self, chunk: Bytes, kept_from_bytes: usize) -> Result<()> {
        if self.refused.is_none() {
            self.refused = self.take(chunk, kept_from_bytes).err();
        }
        self.check()
    }

    /// Whether nothing has been refused so far.
    fn check(&self) -> Result<()> {
        self.refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    fn take(&mut self, chunk: Bytes, kept_from_bytes: usize) -> Result<(), Refused> {
        let len = self.len.saturating_add(chunk.len() as u64);
        if len > self.max_bytes {
            return Err(Refused::TooLarge { limit: self.max_bytes, actual: len });
        }
        if chunk.is_empty() {
            return Ok(());
        }
        self.hasher.update(&chunk);
        self.len = len;
        if chunk.len() >= kept_from_bytes {
            self.flush()?;
            self.add(chunk)?;
        } else {
            self.copy(&chunk)?;
        }
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

    fn copy(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while !bytes.is_empty() {
            let (copied, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.tail.len()));
            self.reserve(copied.len())?;
            self.tail.extend_from_slice(copied);
            if self.tail.len() == BLOCK_BYTES {
                self.flush()?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Makes room in the tail: in the first block of an upload for twice as much as before, later for a block.
    fn reserve(&mut self, more: usize) -> Result<(), Refused> {
        let needed = self.tail.len() + more;
        if needed <= self.tail.capacity() {
            return Ok(());
        }
        let capacity = if self.chunks.is_empty() { needed.max(2 * self.tail.capacity()) } else { BLOCK_BYTES };
        let more = capacity.min(BLOCK_BYTES) - self.tail.len();
        self.tail.try_reserve_exact(more).map_err(|_| Refused::OutOfMemory { bytes: more as u64 })
    }

    fn flush(&mut self) -> Result<(), Refused> {
        let mut tail = std::mem::take(&mut self.tail);
        tail.shrink_to_fit();
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

/// Chunks of at least so many bytes are kept as they are. A chunk keeps the whole buffer alive that it is a part of, and the
/// buffers of connections often have 128 KiB.
const KEPT_BYTES: usize = 112 * 1024;

/// Smaller chunks are copied into blocks of this size.
const BLOCK_BYTES: usize = 64 * 1024;

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
        upload.push_and_keep(bytes.into(), 0)?;
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
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn into_bytes(mut self, timer: &CpuTimer<'_>) -> Result<Bytes> {
        if self.chunks.len() == 1 {
            return self.chunks.pop().ok_or_else(|| Error::internal("a source without chunks"));
        }
        let len = usize::try_from(self.len).map_err(|_| Error::OutOfMemory { bytes: self.len })?;
        let mut whole = Vec::new();
        reserve_exact(&mut whole, len)?;
        for chunk in self.chunks.drain(..) {
            for piece in chunk.chunks(1 << 20) {
                timer.check()?;
                whole.extend_from_slice(piece);
            }
        }
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
            assert_eq!(source.into_bytes(&CpuTimer::default()).unwrap(), GIF);
        }
    }

    #[test]
    fn chunks_take_hardly_more_memory_than_their_bytes() {
        let bytes: Vec<u8> = GIF.iter().copied().cycle().take(1_000_000).collect();
        for size in [1, 1000, 4999, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, KEPT_BYTES - 1, KEPT_BYTES] {
            let mut upload = Upload::new(&Limits::default());
            for chunk in bytes.chunks(size) {
                upload.push(chunk.to_vec()).unwrap();
                assert!(upload.tail.capacity() <= BLOCK_BYTES, "{size}");
            }
            assert!(upload.chunks.len() <= bytes.len() / BLOCK_BYTES + 1, "{size}: {} pieces", upload.chunks.len());
            assert_eq!(upload.finish().unwrap().into_bytes(&CpuTimer::default()).unwrap(), bytes, "{size}");
        }
        // Between large chunks, too.
        let mut upload = Upload::new(&Limits::default());
        for chunk in bytes.chunks(KEPT_BYTES + 10) {
            let (large, small) = chunk.split_at(chunk.len() - 10);
            upload.push(large.to_vec()).unwrap();
            upload.push(small.to_vec()).unwrap();
        }
        assert_eq!(upload.finish().unwrap().into_bytes(&CpuTimer::default()).unwrap(), bytes);
    }

    #[test]
    fn a_small_chunk_does_not_keep_its_buffer_alive() {
        let buffer = Bytes::from(GIF.repeat(10_000));
        let mut upload = Upload::new(&Limits::default());
        upload.push(buffer.slice(..GIF.len())).unwrap();
        assert!(buffer.is_unique());
        upload.push(buffer.slice(..KEPT_BYTES)).unwrap();
        assert!(!buffer.is_unique());
    }

    #[test]
    fn one_buffer_is_not_copied() {
        let small = Bytes::from(GIF.to_vec());
        let source = Source::new(small.clone(), &Limits::default()).unwrap();
        assert_eq!(source.into_bytes(&CpuTimer::default()).unwrap().as_ptr(), small.as_ptr());
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
