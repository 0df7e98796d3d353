//! The seam between untrusted and trusted: an upload and a plan in, canonical samples out.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::canonical::{Canonical, canonicalise};
use crate::codec;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::watch::CancellationToken;
use crate::workers::Workers;

/// One upload with everything decided about it.
///
/// A renderer elsewhere sends `upload`, `format`, `profile` and `limits`; header and plan follow from them.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Job<'a> {
    /// The whole upload.
    pub upload: &'a Bytes,
    /// Its container.
    pub format: Format,
    /// The canonical form asked for.
    pub profile: &'a Profile,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Whether the caller still wants it: to be asked now and then, as the deadline is to be kept.
    pub cancellation: &'a CancellationToken,
    pub(crate) header: &'a Header,
    pub(crate) plan: &'a Plan,
    pub(crate) workers: Workers<'a>,
}

impl fmt::Debug for Job<'_> {
    /// Without the upload's bytes: they hold the image's metadata.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { upload, format, header, plan, .. } = self;
        let job = &mut f.debug_struct("Job");
        job.field("upload_bytes", &upload.len()).field("format", format).field("header", header).field("plan", plan);
        job.finish_non_exhaustive()
    }
}

/// A canonical image and the time it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The canonical image.
    pub canonical: Canonical,
    /// Decoding.
    pub decode: Duration,
    /// Reducing, converting, composing, turning.
    pub canonicalise: Duration,
}

/// Decodes and canonicalises: in this process, or behind a process boundary.
///
/// Whatever it returns is checked against the plan, so a renderer can be wrong about pixels and about nothing else.
pub trait Render: Send + Sync {
    /// Renders one job.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`;
    /// `worker_failed` from a renderer elsewhere.
    fn render(&self, job: Job<'_>) -> Result<Rendered>;
}

/// Renders in the calling thread, and those of the pool that [`Ingest::with_pool`](crate::Ingest::with_pool) was given.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Render for InProcess {
    fn render(&self, job: Job<'_>) -> Result<Rendered> {
        catch_panic(job.format, || render(job))
    }
}

/// Turns a panic in a codec into `malformed` for its image: `work` owns or only reads what it uses, so nothing broken
/// can be seen afterwards.
pub(crate) fn catch_panic<T>(format: Format, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let backend = format!("the {format} code panicked");
        Err(Error::malformed_by(format, "it breaks its decoder", backend))
    })
}

fn render(job: Job<'_>) -> Result<Rendered> {
    let started = Instant::now();
    let pixels = codec::decode(job.upload, job.header, job.plan, job.limits, job.workers)?;
    let decode = started.elapsed();
    let canonical = canonicalise(pixels, job.header.coded_size, job.plan, job.workers)?;
    Ok(Rendered { canonical, decode, canonicalise: started.elapsed() - decode })
}
