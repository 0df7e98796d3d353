//! Builds an [`Ingest`] that differs from the default.

use std::sync::Arc;

use image_ingest_samples::{CancellationToken, Pool};

use crate::error::Result;
use crate::plan::profile::Profile;
use crate::run::ingest::Ingest;
use crate::upload::limits::Limits;

/// Builds an [`Ingest`]. What is not set keeps its default.
///
/// ```
/// use image_ingest::{Geometry, Ingest, Limits, Profile};
///
/// let mut profile = Profile::default();
/// profile.geometry = Geometry::Cover { width: 1170, height: 2532 };
/// let mut limits = Limits::default();
/// limits.max_pixels = 50_000_000;
/// let ingest = Ingest::builder().profile(profile).limits(limits).build()?;
/// assert_eq!(ingest.limits().max_pixels, 50_000_000);
/// # Ok::<(), image_ingest::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct IngestBuilder {
    profile: Profile,
    limits: Limits,
    pool: Option<Arc<Pool>>,
    cancellation: CancellationToken,
}

impl IngestBuilder {
    /// Sets the canonical form to make. Default: [`Profile::default`].
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Sets the bounds on uploads and on the work for them. Default: [`Limits::default`].
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the threads that work on one image together, where its format allows it: the tiles of a HEIC are decoded in parallel.
    /// The bytes are the same for any number of threads. Memory grows by a tile for each. Default: the calling thread alone.
    ///
    /// `rayon::ThreadPool` is the same type.
    ///
    /// [`Ingest::batch`] has threads of its own, with one image on each, and does not use `pool`.
    #[cfg(feature = "threads")]
    pub fn pool(self, pool: Arc<rayon_core::ThreadPool>) -> Self {
        Self { pool: Some(pool), ..self }
    }

    /// Sets the token that stops all jobs with `cancelled`. Default: a token that nobody else has.
    ///
    /// [`Ingest::with_cancellation`] gives each request a token of its own.
    pub fn cancellation(self, token: CancellationToken) -> Self {
        Self { cancellation: token, ..self }
    }

    /// Builds the ingest.
    ///
    /// # Errors
    ///
    /// `internal` when the profile asks for what no encoder gives: an edge outside 1–16 383, a quality outside 1–100, WebP
    /// in a build without the feature `webp-encode`.
    pub fn build(self) -> Result<Ingest> {
        let Self { profile, limits, pool, cancellation } = self;
        profile.check()?;
        Ok(Ingest { profile: Arc::new(profile), limits: Arc::new(limits), pool, cancellation })
    }
}

impl Ingest {
    /// Starts an ingest that differs from the default one.
    pub fn builder() -> IngestBuilder {
        IngestBuilder::default()
    }
}
