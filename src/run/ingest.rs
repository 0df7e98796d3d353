//! The one module that knows the order of the stages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image_ingest_encode::{Canonical, CanonicalBuffer, CanonicalSink, Encoded, Encoding, Outputs, hand_on};
use image_ingest_samples::{Budget, CancellationToken, Moment, Pool, Size, Workers};

use crate::canonical::RowStages;
use crate::codec;
use crate::error::{Error, Result};
use crate::header::{Header, Orientation};
use crate::plan::profile::Profile;
use crate::plan::rendition::RenditionSpec;
use crate::plan::{Plan, cost, plan};
use crate::run::receipt::{Receipt, Timings};
use crate::run::rendition::Rendition;
use crate::upload::format::Format;
use crate::upload::id::{ContentId, SourceId};
use crate::upload::limits::Limits;
use crate::upload::{Source, Upload};

/// Turns uploads into canonical images under one profile and one set of limits.
///
/// A clone shares its settings and costs five counters. Threads may share one ingest.
///
/// ```
/// use image_ingest::Ingest;
///
/// let ingest = Ingest::default();
/// # let bytes = image_ingest::samples()[0].bytes;
/// let background = ingest.ingest(ingest.source(bytes)?)?;
/// assert_eq!(background.id, image_ingest::ContentId::of(&background.bytes));
/// # Ok::<(), image_ingest::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Ingest {
    pub(crate) profile: Arc<Profile>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) renditions: Arc<[(String, RenditionSpec)]>,
    pub(crate) facts: bool,
    pub(crate) pool: Option<Arc<Pool>>,
    pub(crate) cancellation: CancellationToken,
}

/// A canonical image, encoded and named.
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
    /// The renditions that the ingest makes, in the order in which they were asked for.
    pub renditions: Vec<Rendition>,
    /// What was done.
    pub receipt: Receipt,
}

/// What an upload's header says, and what ingesting the upload would give and cost.
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

impl Ingest {
    /// The same ingest, whose jobs end with `cancelled` once `token` is cancelled.
    ///
    /// A server clones its ingest for each request and cancels the token when the client has gone. A job looks at the token
    /// between rows, tiles and stages, and ends within milliseconds.
    ///
    /// ```
    /// use image_ingest::{CancellationToken, Ingest};
    ///
    /// let token = CancellationToken::new();
    /// let ingest = Ingest::default().with_cancellation(token.clone());
    /// # let upload = image_ingest::samples()[0].bytes;
    /// let source = ingest.source(upload)?;
    /// token.cancel(); // from any thread
    /// assert_eq!(ingest.ingest(source).unwrap_err().code(), "cancelled");
    /// # Ok::<(), image_ingest::Error>(())
    /// ```
    #[must_use]
    pub fn with_cancellation(self, token: CancellationToken) -> Self {
        Self { cancellation: token, ..self }
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The renditions that are made of each picture, with their names.
    #[must_use]
    pub fn renditions(&self) -> &[(String, RenditionSpec)] {
        &self.renditions
    }

    /// Whether receipts have the facts of their pictures.
    #[must_use]
    pub fn collects_facts(&self) -> bool {
        self.facts
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// An empty upload under this ingest's limits, for bytes that arrive in chunks.
    #[must_use]
    pub fn upload(&self) -> Upload {
        Upload::new(&self.limits)
    }

    /// A complete upload from one buffer, which is not copied, under this ingest's limits.
    ///
    /// # Errors
    ///
    /// `empty`, `too_large`, `unknown_format`, `unsupported`.
    pub fn source(&self, bytes: impl Into<Bytes>) -> Result<Source> {
        Source::new(bytes, &self.limits)
    }

    /// Reads the header: no pixels are decoded, and every limit that a header can break is checked.
    ///
    /// # Errors
    ///
    /// `too_large`, `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`; `out_of_memory`,
    /// `cancelled`, `deadline`, `internal`.
    pub fn inspect(&self, source: &Source) -> Result<Inspection> {
        let prepared = self.prepare(source.again()?)?;
        Ok(Inspection {
            source_id: prepared.source_id,
            bytes: prepared.upload.len() as u64,
            canonical_size: prepared.plan.size(),
            memory_bytes: prepared.memory_bytes,
            header: prepared.header,
        })
    }

    /// Ingests one upload.
    ///
    /// # Errors
    ///
    /// Every code but `empty` and `unknown_format`, which are the upload's. A `source` that was made under other limits may
    /// be `too_large` here.
    pub fn ingest(&self, source: Source) -> Result<Background> {
        self.finish(self.prepare(source)?)
    }

    /// Does everything that comes before decoding.
    pub(crate) fn prepare(&self, source: Source) -> Result<Prepared> {
        let started = Moment::now();
        source.check(&self.limits)?;
        let budget = Budget::new(self.limits.deadline, self.cancellation.clone());
        let timer = budget.timer();
        timer.check()?;
        let (source_id, format) = (source.id(), source.format());
        let upload = source.into_bytes(&timer)?;
        let (header, plan, memory_bytes) = catch_panic(format, || {
            let header = codec::probe(&upload, format, &self.limits, &timer)?;
            let plan = plan(&header, &self.profile, &timer)?;
            let decode_cost = codec::cost(&header, &plan, self.workers().count());
            let memory_bytes = cost::estimate(&header, &plan, self.profile.encoding, upload.len() as u64, &decode_cost)
                + cost::outputs(&header, &plan, &decode_cost, self.renditions.iter().map(|(_, spec)| spec), self.facts);
            Ok((header, plan, memory_bytes))
        })?;
        Limits::check("memory bytes", memory_bytes, self.limits.max_memory_bytes)?;
        drop(timer);
        Ok(Prepared { upload, source_id, header, plan, memory_bytes, budget, probe: started.elapsed() })
    }

    /// Decodes, canonicalises, encodes and names.
    pub(crate) fn finish(&self, prepared: Prepared) -> Result<Background> {
        let mut outputs = self.outputs(&prepared.plan, prepared.plan.orientation)?;
        let done = self.rows(&prepared, &mut outputs)?;
        self.background(&prepared, outputs, done.alpha_composed, done.timings)
    }

    /// The same, and keeps the canonical image before encoding, of whose upright rows everything is made.
    pub(crate) fn finish_keeping(&self, prepared: Prepared) -> Result<(Background, Canonical)> {
        let mut buffer = CanonicalBuffer::default();
        let done = self.rows(&prepared, &mut buffer)?;
        let mut timings = done.timings;
        timings.canonicalise += done.sink;
        let plan = &prepared.plan;
        let canonical = buffer.finish(plan.orientation, done.alpha_composed, plan.scale.divisor())?;
        let mut outputs = self.outputs(plan, Orientation::Upright)?;
        let timer = prepared.budget.timer();
        catch_panic(prepared.header.format, || Ok(hand_on(&canonical, &mut outputs, &timer)?))?;
        drop(timer);
        let background = self.background(&prepared, outputs, done.alpha_composed, timings)?;
        Ok((background, canonical))
    }

    /// The outputs of a picture whose rows come as they lie when `orientation` turns them to stand upright.
    fn outputs(&self, plan: &Plan, orientation: Orientation) -> Result<Outputs> {
        let size = plan.size();
        let renditions = self.renditions.iter().map(|(_, spec)| (spec.frame(size), spec.encoding));
        Ok(Outputs::new(size, orientation, self.profile.encoding, renditions, self.facts)?)
    }

    /// Decodes, and gives the rows of the canonical image to `sink`.
    fn rows(&self, prepared: &Prepared, sink: &mut dyn CanonicalSink) -> Result<Done> {
        let Prepared { upload, header, plan, budget, probe, .. } = prepared;
        let workers = self.workers().under(budget);
        let mut timings = Timings { probe: *probe, ..Timings::default() };
        let done = catch_panic(header.format, || {
            let mut stages = RowStages::new(plan, sink, workers.inner_timer());
            let decode = || codec::decode(upload, header, plan, &self.limits, workers, &mut stages);
            timed(&mut timings.decode, decode)?;
            stages.finish()
        })?;
        timings.canonicalise = done.stages;
        timings.decode = timings.decode.saturating_sub(done.stages + done.sink);
        Ok(Done { alpha_composed: done.alpha_composed, timings, sink: done.sink })
    }

    fn background(
        &self,
        prepared: &Prepared,
        outputs: Outputs,
        alpha_composed: bool,
        mut timings: Timings,
    ) -> Result<Background> {
        let Prepared { upload, source_id, header, plan, memory_bytes, budget, .. } = prepared;
        let (size, encoding) = (plan.size(), self.profile.encoding);
        let Encoded { bytes, renditions, facts, elapsed } =
            catch_panic(header.format, || Ok(outputs.finish(&budget.timer())?))?;
        (timings.encode, timings.renditions, timings.facts) = (elapsed.encode, elapsed.renditions, elapsed.facts);
        let timer = budget.timer();
        let id = timed(&mut timings.content_id, || ContentId::within(&bytes, &timer))?;
        let started = Moment::now();
        let named = self.renditions.iter().zip(renditions);
        let renditions = named.map(|((name, spec), bytes)| Rendition::new(name, spec, size, bytes, &timer));
        let renditions = renditions.collect::<Result<_, _>>()?;
        timings.renditions += started.elapsed();
        budget.check()?;
        let receipt = Receipt::new(header, upload.len() as u64, plan, *memory_bytes, alpha_composed, timings);
        let receipt = Receipt { facts, ..receipt };
        Ok(Background { bytes, id, source_id: *source_id, size, encoding, renditions, receipt })
    }

    fn workers(&self) -> Workers<'_> {
        Workers::of(self.pool.as_deref())
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
/// let source = image_ingest::Ingest::default().source(bytes)?;
/// let inspection = image_ingest::inspect(&source)?;
/// assert!(inspection.header.size().width > 0);
/// # Ok::<(), image_ingest::Error>(())
/// ```
///
/// # Errors
///
/// As [`Ingest::inspect`].
pub fn inspect(source: &Source) -> Result<Inspection> {
    Ingest::default().inspect(source)
}

/// An upload whose header is read and whose work is planned.
#[derive(Debug)]
pub(crate) struct Prepared {
    upload: Bytes,
    source_id: SourceId,
    header: Header,
    plan: Plan,
    /// The estimated peak memory of the job, in bytes.
    pub(crate) memory_bytes: u64,
    budget: Budget,
    probe: Duration,
}

/// What decoding into a sink came to.
struct Done {
    alpha_composed: bool,
    timings: Timings,
    /// What the sink took of that time.
    sink: Duration,
}

/// Turns a panic into `internal`: it is a bug of this library. `work` owns or only reads what it uses, so no broken value can be
/// seen afterwards.
fn catch_panic<T>(format: Format, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::internal(format!("work on a {format} upload panicked"))))
}

fn timed<T>(into: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Moment::now();
    let result = work();
    *into = started.elapsed();
    result
}
