//! The renditions that this server is configured with: their names, and the fingerprints by which they are stored.
//!
//! Stored renditions have fingerprints and no names. So a name that is given to another specification is absent until
//! that is made, and one that is renamed is there at once.

use image_ingest::rendition::RenditionSpec;

use crate::state::StoredRendition;

/// Names, each with the fingerprint of its specification.
#[derive(Debug)]
pub(crate) struct NamedRenditions(Vec<(String, String)>);

impl NamedRenditions {
    pub(crate) fn of(specs: &[(String, RenditionSpec)]) -> Self {
        Self(specs.iter().map(|(name, spec)| (name.clone(), spec.fingerprint())).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an image with the renditions `stored` lacks one.
    pub(crate) fn lacks(&self, stored: &[StoredRendition]) -> bool {
        self.named(stored).count() < self.0.len()
    }

    /// The stored ones among the configured ones, by their names.
    pub(crate) fn named<'a>(
        &'a self,
        stored: &'a [StoredRendition],
    ) -> impl Iterator<Item = (&'a String, &'a StoredRendition)> {
        self.0.iter().filter_map(move |(name, fingerprint)| {
            let stored = stored.iter().find(|stored| stored.fingerprint == *fingerprint)?;
            Some((name, stored))
        })
    }
}
