//! The one module that knows the order of the stages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rayon::ThreadPool;

use crate::codec;
use crate::encode::encode;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::id::{ContentId, SourceId};
use crate::limits::Limits;
use crate::memory;
use crate::plan::{Plan, plan};
use crate::profile::{Encoding, Profile};
use crate::receipt::{Receipt, Timings};
use crate::render::{InProcess, Job, Render, catch_panic};
use crate::size::Size;
use crate::upload::{Source, Upload};
use crate::watch::{CancellationToken, Watch};
use crate::workers::Workers;

/// Turns uploads into canonical images under one profile and one set of limits.
///
/// Cheap to clone, and shared between threads as it is.
///
/// ```
/// use image_ingest::{Ingest, Source};
/// # fn main() -> Result<(), image_ingest::Error> {
/// let ingest = Ingest::default();
/// # let bytes = image_ingest::samples()[0].bytes;
/// let source = Source::new(bytes, ingest.limits())?;
/// let background = ingest.ingest(source)?;
/// assert_eq!(background.id, image_ingest::ContentId::of(&background.bytes));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ingest {
    profile: Arc<Profile>,
    limits: Arc<Limits>,
    renderer: Arc<dyn Render>,
    pool: Option<Arc<ThreadPool>>,
    cancellation: CancellationToken,
}

/// A canonical image: what is stored, named and served.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Background {
    /// The canonical bytes.
    pub bytes: Bytes,
    /// BLAKE3 of `bytes`.
    pub id: ContentId,
    /// BLAKE3 of the upload.
    pub source_id: SourceId,
    /// Upright width and height.
    pub size: Size,
    /// The encoding of `bytes`.
    pub encoding: Encoding,
    /// What was done.
    pub receipt: Receipt,
}

/// What a caller already has, to compare an upload with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// The canonical image in place.
    pub content: ContentId,
    /// The upload it came from, and [`Profile::fingerprint`] at that time.
    pub source: Option<(SourceId, String)>,
}

impl Known {
    /// Known canonical bytes of unknown origin.
    #[must_use]
    pub fn content(content: ContentId) -> Self {
        Self { content, source: None }
    }

    /// Known canonical bytes, and the upload and profile they came from.
    #[must_use]
    pub fn with_source(content: ContentId, source: SourceId, fingerprint: impl Into<String>) -> Self {
        Self { content, source: Some((source, fingerprint.into())) }
    }
}

/// The outcome of [`Ingest::ingest_if_changed`].
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The canonical image is the known one.
    Unchanged {
        /// BLAKE3 of the upload, which may differ from the known source's.
        source_id: SourceId,
    },
    /// Another image.
    Changed(Box<Background>),
}

/// An upload looked into, without decoding.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// BLAKE3 of the upload.
    pub source_id: SourceId,
    /// Bytes uploaded.
    pub bytes: u64,
    /// What the container says.
    pub header: Header,
    /// The size that ingesting would give.
    pub canonical_size: Size,
    /// Peak memory that ingesting is estimated to need, in bytes.
    pub memory_bytes: u64,
}

impl Default for Ingest {
    fn default() -> Self {
        let (profile, limits, cancellation) = (Arc::default(), Arc::default(), CancellationToken::new());
        Self { profile, limits, renderer: Arc::new(InProcess), pool: None, cancellation }
    }
}

impl Ingest {
    /// An ingest under `profile` and `limits`, rendering in the calling process.
    ///
    /// # Errors
    ///
    /// `internal` when the profile asks for what no encoder gives: an edge outside 1–16 383, a quality outside 1–100.
    pub fn new(profile: Profile, limits: Limits) -> Result<Self> {
        Self::with_renderer(profile, limits, Arc::new(InProcess))
    }

    /// An ingest that hands decoding to `renderer`.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn with_renderer(profile: Profile, limits: Limits, renderer: Arc<dyn Render>) -> Result<Self> {
        profile.check()?;
        let (profile, limits) = (Arc::new(profile), Arc::new(limits));
        Ok(Self { profile, limits, renderer, ..Self::default() })
    }

    /// The same, working on each image with all threads of `pool`, where its format allows: the tiles of a HEIC are
    /// decoded beside each other. The bytes are the same for any number of threads; memory grows by a tile for each.
    ///
    /// For one image at a time. [`batch`](Self::batch) has its own threads, one image on each, and does not use `pool`.
    #[must_use]
    pub fn with_pool(self, pool: Arc<ThreadPool>) -> Self {
        Self { pool: Some(pool), ..self }
    }

    /// The same, whose jobs stop with `cancelled` once `token` is cancelled: a clone for each request that its client may
    /// abandon, one for a whole [`batch`](Self::batch).
    #[must_use]
    pub fn with_cancellation(self, token: CancellationToken) -> Self {
        Self { cancellation: token, ..self }
    }

    /// The same, each image on its thread alone.
    pub(crate) fn without_pool(&self) -> Self {
        Self { pool: None, ..self.clone() }
    }

    fn workers(&self) -> Workers<'_> {
        Workers::of(self.pool.as_deref())
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An empty upload under this ingest's limits.
    #[must_use]
    pub fn upload(&self) -> Upload {
        Upload::new(&self.limits)
    }

    /// Reads the header: no pixels are decoded, and every limit that a header can break is checked.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
    pub fn inspect(&self, source: Source) -> Result<Inspection> {
        let prepared = self.prepare(source)?;
        Ok(Inspection {
            source_id: prepared.source_id,
            bytes: prepared.upload.len() as u64,
            canonical_size: prepared.plan.size(),
            memory_bytes: prepared.plan.memory_bytes,
            header: prepared.header,
        })
    }

    /// Ingests one upload.
    ///
    /// # Errors
    ///
    /// Every code but `empty`, `too_large` and `unknown_format`, which are the upload's.
    pub fn ingest(&self, source: Source) -> Result<Background> {
        self.finish(self.prepare(source)?)
    }

    /// Ingests one upload unless it is what `known` says is in place.
    ///
    /// The same bytes under the same profile, and the known canonical bytes themselves, are unchanged without being
    /// joined or decoded. Otherwise the ids of canonical bytes decide.
    ///
    /// # Errors
    ///
    /// As [`Self::ingest`].
    pub fn ingest_if_changed(&self, source: Source, known: &Known) -> Result<Outcome> {
        let source_id = source.id();
        let same_source = || {
            let Some((known_source, fingerprint)) = &known.source else {
                return false;
            };
            *known_source == source_id && *fingerprint == self.profile.fingerprint()
        };
        if source_id.as_bytes() == known.content.as_bytes() || same_source() {
            return Ok(Outcome::Unchanged { source_id });
        }
        let background = self.ingest(source)?;
        Ok(if background.id == known.content {
            Outcome::Unchanged { source_id }
        } else {
            Outcome::Changed(Box::new(background))
        })
    }

    /// Everything before pixels.
    pub(crate) fn prepare(&self, source: Source) -> Result<Prepared> {
        let started = Instant::now();
        let watch = Watch::new(self.limits.deadline, self.cancellation.clone());
        let meter = watch.meter();
        meter.check()?;
        let (source_id, format) = (source.id(), source.format());
        let upload = source.into_bytes()?;
        let (header, plan) = catch_panic(format, || {
            let header = codec::probe(&upload, format, &self.limits)?;
            let mut plan = plan(&header, upload.len() as u64, &self.profile);
            plan.memory_bytes += memory::beside(&header, self.workers().count());
            Ok((header, plan))
        })?;
        Limits::check("memory bytes", plan.memory_bytes, self.limits.max_memory_bytes)?;
        drop(meter);
        Ok(Prepared { upload, source_id, header, plan, watch, probe: started.elapsed() })
    }

    /// Pixels, encoding and the id.
    pub(crate) fn finish(&self, prepared: Prepared) -> Result<Background> {
        let Prepared { upload, source_id, header, plan, watch, probe } = prepared;
        let job = Job {
            upload: &upload,
            format: header.format,
            profile: &self.profile,
            limits: &self.limits,
            header: &header,
            plan: &plan,
            cancellation: watch.token(),
            workers: self.workers().under(&watch),
        };
        let rendered = self.renderer.render(job)?;
        let canonical = rendered.canonical;
        if canonical.size != plan.size() {
            return Err(Error::WorkerFailed { reason: "it returned another size than planned".into() });
        }
        let mut timings =
            Timings { probe, decode: rendered.decode, canonicalise: rendered.canonicalise, ..Timings::default() };
        let bytes = timed(&mut timings.encode, || encode(&canonical, self.profile.encoding, &watch.meter()))?;
        let id = timed(&mut timings.content_id, || ContentId::of(&bytes));
        watch.check()?;
        let receipt = Receipt::new(&header, upload.len() as u64, &plan, &canonical, timings);
        let encoding = self.profile.encoding;
        Ok(Background { bytes: bytes.into(), id, source_id, size: canonical.size, encoding, receipt })
    }
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest").field("profile", &self.profile).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Reads an upload's header under the default limits and profile.
///
/// ```
/// # let bytes = image_ingest::samples()[0].bytes;
/// let inspection = image_ingest::inspect(bytes)?;
/// assert!(inspection.header.size().width > 0);
/// # Ok::<(), image_ingest::Error>(())
/// ```
///
/// # Errors
///
/// As [`Source::new`] and [`Ingest::inspect`].
pub fn inspect(bytes: impl Into<Bytes>) -> Result<Inspection> {
    let ingest = Ingest::default();
    ingest.inspect(Source::new(bytes, ingest.limits())?)
}

/// An upload with everything decided, and nothing decoded.
#[derive(Debug)]
pub(crate) struct Prepared {
    upload: Bytes,
    source_id: SourceId,
    header: Header,
    plan: Plan,
    watch: Watch,
    probe: Duration,
}

impl Prepared {
    /// Peak memory of the job, estimated.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.plan.memory_bytes
    }
}

fn timed<T>(into: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *into = started.elapsed();
    result
}
