//! Compares an upload with the canonical image that a caller already has.

use crate::error::Result;
use crate::run::ingest::{Background, Ingest};
use crate::upload::Source;
use crate::upload::id::{ContentId, SourceId};

/// The canonical image that a caller already has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// The id of the canonical image.
    pub content: ContentId,
    /// [`Profile::fingerprint`](crate::Profile::fingerprint) at the time when it was made.
    pub fingerprint: String,
    /// The upload that it came from, where that is known.
    pub source: Option<SourceId>,
}

impl Known {
    /// A canonical image of unknown origin, made under the profile of this fingerprint.
    #[must_use]
    pub fn content(content: ContentId, fingerprint: impl Into<String>) -> Self {
        Self { content, fingerprint: fingerprint.into(), source: None }
    }

    /// A canonical image, the upload that it came from, and the fingerprint of the profile under which it was made.
    #[must_use]
    pub fn with_source(content: ContentId, source: SourceId, fingerprint: impl Into<String>) -> Self {
        Self { content, fingerprint: fingerprint.into(), source: Some(source) }
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
    /// The canonical image is another one.
    Changed(Box<Background>),
}

impl Ingest {
    /// Ingests one upload unless it is what `known` says is in place.
    ///
    /// Where `known` was made under this ingest's profile, the upload that it came from and its own canonical bytes are
    /// unchanged without being joined or decoded. Otherwise the ids of canonical bytes decide: the same picture under another
    /// profile is another image.
    ///
    /// ```
    /// use image_ingest::{Ingest, Known, Outcome};
    ///
    /// let ingest = Ingest::default();
    /// # let upload = image_ingest::samples()[0].bytes;
    /// let first = ingest.ingest(ingest.source(upload)?)?;
    /// let known = Known::with_source(first.id, first.source_id, ingest.profile().fingerprint());
    /// assert!(matches!(ingest.ingest_if_changed(ingest.source(upload)?, &known)?, Outcome::Unchanged { .. }));
    /// # Ok::<(), image_ingest::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Self::ingest`].
    pub fn ingest_if_changed(&self, source: Source, known: &Known) -> Result<Outcome> {
        let source_id = source.id();
        let is_same_upload = known.source == Some(source_id) || source_id.as_bytes() == known.content.as_bytes();
        if is_same_upload && known.fingerprint == self.profile().fingerprint() {
            return Ok(Outcome::Unchanged { source_id });
        }
        let background = self.ingest(source)?;
        Ok(if background.id == known.content {
            Outcome::Unchanged { source_id }
        } else {
            Outcome::Changed(Box::new(background))
        })
    }
}
