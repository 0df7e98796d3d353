//! A canonical image and its renditions in memory, before they are stored.

use bytes::Bytes;
use image_ingest::rendition::RenditionSpec;
use image_ingest::{Background, ContentId};

/// A canonical image and the renditions that were made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeImage {
    pub(crate) id: ContentId,
    pub(crate) bytes: Bytes,
    /// One for each fingerprint.
    pub(crate) renditions: Vec<MadeRendition>,
    /// What the embedded device shows, if it was made for that alone. It is not stored.
    pub(crate) crop: Option<Bytes>,
}

/// A rendition that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeRendition {
    /// [`RenditionSpec::fingerprint`].
    pub(crate) fingerprint: String,
    /// BLAKE3 of `bytes`.
    pub(crate) id: ContentId,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: Bytes,
}

impl MadeImage {
    /// What an ingest with the renditions `specs` made; one more is what the embedded device shows.
    pub(crate) fn of(background: &Background, specs: &[(String, RenditionSpec)]) -> Self {
        let mut renditions: Vec<MadeRendition> = Vec::new();
        for (made, (_, spec)) in background.renditions.iter().zip(specs) {
            let fingerprint = spec.fingerprint();
            if renditions.iter().all(|known| known.fingerprint != fingerprint) {
                let (width, height) = (made.size.width, made.size.height);
                renditions.push(MadeRendition { fingerprint, id: made.id, width, height, bytes: made.bytes.clone() });
            }
        }
        let crop = background.renditions.get(specs.len()).map(|crop| crop.bytes.clone());
        Self { id: background.id, bytes: background.bytes.clone(), renditions, crop }
    }

    /// The rendition of a fingerprint.
    pub(crate) fn rendition(&self, fingerprint: &str) -> Option<&MadeRendition> {
        self.renditions.iter().find(|made| made.fingerprint == fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use image_ingest::Ingest;

    use super::*;

    #[test]
    fn two_names_of_one_specification_are_one_rendition() {
        let builder = Ingest::builder().rendition("a", "fit:9".parse().unwrap());
        let builder = builder.rendition("b", "fit:9:jpeg85".parse().unwrap());
        let ingest = builder.rendition("c", "cover:4x4".parse().unwrap()).build().unwrap();
        let background = ingest.ingest(ingest.source(image_ingest::samples()[0].bytes).unwrap()).unwrap();
        let image = MadeImage::of(&background, ingest.renditions());
        let made: Vec<_> = image.renditions.iter().map(|r| (r.fingerprint.as_str(), r.id)).collect();
        let expected =
            [("r1-fit9-jpeg85", background.renditions[0].id), ("r1-cover4x4-jpeg85", background.renditions[2].id)];
        assert_eq!((made, image.crop.as_ref()), (expected.to_vec(), None));
        assert!(image.rendition("r1-fit9-jpeg85").is_some() && image.rendition("r1-fit8-jpeg85").is_none());
        let image = MadeImage::of(&background, &ingest.renditions()[..2]);
        assert_eq!((image.renditions.len(), image.crop), (1, Some(background.renditions[2].bytes.clone())));
    }
}
