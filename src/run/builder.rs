//! Builds an [`Ingest`] that differs from the default.

use std::sync::Arc;

use image_ingest_samples::{CancellationToken, Pool};

use crate::error::{Error, Result};
use crate::plan::profile::Profile;
use crate::plan::rendition::{RenditionSpec, check_name};
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
    renditions: Vec<(String, RenditionSpec)>,
    facts: bool,
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

    /// Makes a further size of each picture, from its canonical samples, under a name of 1–64 lower-case letters, digits, `-`
    /// and `_`. The canonical image does not change. Default: none.
    ///
    /// ```
    /// use image_ingest::Ingest;
    ///
    /// let ingest = Ingest::builder().rendition("card", "fit:640:jpeg80".parse()?).build()?;
    /// # let upload = image_ingest::samples()[0].bytes;
    /// let background = ingest.ingest(ingest.source(upload)?)?;
    /// assert_eq!(background.renditions[0].name, "card");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rendition(mut self, name: impl Into<String>, spec: RenditionSpec) -> Self {
        self.renditions.push((name.into(), spec));
        self
    }

    /// Sets whether receipts have the facts of their pictures: ThumbHash, PDQ hash, colours and luminance. Default: `false`.
    ///
    /// ```
    /// use image_ingest::Ingest;
    ///
    /// let ingest = Ingest::builder().facts(true).build()?;
    /// # let upload = image_ingest::samples()[0].bytes;
    /// let facts = ingest.ingest(ingest.source(upload)?)?.receipt.facts.expect("they were asked for");
    /// println!("{} {}", facts.thumbhash, facts.average);
    /// # Ok::<(), image_ingest::Error>(())
    /// ```
    pub fn facts(self, facts: bool) -> Self {
        Self { facts, ..self }
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
    /// in a build without the feature `webp-encode`. So it is for a rendition, and for two renditions of one name or a name that
    /// is none.
    pub fn build(self) -> Result<Ingest> {
        let Self { profile, limits, renditions, facts, pool, cancellation } = self;
        profile.check()?;
        check(&renditions).map_err(Error::internal)?;
        let (profile, limits) = (Arc::new(profile), Arc::new(limits));
        Ok(Ingest { profile, limits, renditions: renditions.into(), facts, pool, cancellation })
    }
}

fn check(renditions: &[(String, RenditionSpec)]) -> Result<(), String> {
    for (index, (name, spec)) in renditions.iter().enumerate() {
        check_name(name)?;
        if renditions[..index].iter().any(|(other, _)| other == name) {
            return Err(format!("two renditions have the name {name}"));
        }
        if let Some(reason) = spec.refusal() {
            return Err(format!("rendition {name}: {reason}"));
        }
    }
    Ok(())
}

impl Ingest {
    /// Starts an ingest that differs from the default one.
    pub fn builder() -> IngestBuilder {
        IngestBuilder::default()
    }
}
