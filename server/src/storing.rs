//! Stores images and their renditions, in an order that loses nothing in a crash: an intent for each file, then the
//! files, then a statement that refers to them and deletes the intents. If the store fails, an image is spooled with
//! all that was made of it, and a repair stores it later.

use std::collections::HashMap;

use bytes::Bytes;
use image_ingest::ContentId;

use crate::app::App;
use crate::crash;
use crate::made_image::{MadeImage, MadeRendition};
use crate::refusal::Refusal;
use crate::state::{StoredImage, StoredObject, StoredRendition};
use crate::token::token;

impl App {
    /// Stores an image and its renditions under intents, or shares an object that the account has, and stores the
    /// renditions which that lacks. If the store fails, the image is spooled.
    pub(crate) async fn store(
        &self,
        account: &str,
        image: &MadeImage,
        may_share: bool,
    ) -> Result<StoredImage, Refusal> {
        let files = NewFiles::of_image(image);
        let (object, present) = self.state.share_or_intend(account, image.id, &files.tokens(), may_share).await?;
        if let StoredObject::Shared(token) = &object {
            let added = self.store_renditions(token, image.id, &present, &image.renditions).await;
            // Without them the image is whole; the next upload makes them.
            let added = added.unwrap_or_default();
            return Ok(StoredImage { object, present, added });
        }
        crash::point("after_intent");
        let stored = self.objects.put(files.files).await;
        crash::point("after_object");
        if let Err(error) = stored {
            not_stored(&error);
            self.spool(image).await?;
            crash::point("after_spool");
            return Ok(StoredImage { object: StoredObject::Spooled, present, added: Vec::new() });
        }
        Ok(StoredImage { object, present, added: files.renditions })
    }

    /// Gives a stored object the renditions that it lacks of those that were made, and returns those that it has then.
    /// One that is being erased gets none.
    pub(crate) async fn add_renditions(
        &self,
        object: &str,
        id: ContentId,
        present: &[StoredRendition],
        made: &[MadeRendition],
    ) -> Result<Vec<StoredRendition>, Refusal> {
        let added = self.store_renditions(object, id, present, made).await?;
        if !added.is_empty() {
            self.state.attach_renditions(object, &added).await?;
        }
        Ok(self.state.renditions(object).await?)
    }

    /// Stores a spooled image for the account's chats that have it and no object; false if the store still fails.
    pub(crate) async fn store_spooled_image(&self, account: &str, image: &MadeImage) -> Result<bool, Refusal> {
        let files = NewFiles::of_image(image);
        let tokens = files.tokens();
        self.state.intend(&tokens).await?;
        if self.objects.put(files.files).await.is_err() {
            return Ok(false);
        }
        crash::point("repair_stored");
        self.state.attach(account, image.id, &tokens[0], &files.renditions).await?;
        Ok(true)
    }

    /// Stores the renditions that an object lacks under intents.
    async fn store_renditions(
        &self,
        object: &str,
        id: ContentId,
        present: &[StoredRendition],
        made: &[MadeRendition],
    ) -> Result<Vec<StoredRendition>, Refusal> {
        let files = NewFiles::of_renditions(object, id, present, made);
        if !files.files.is_empty() {
            self.state.intend(&files.tokens()).await?;
            crash::point("renditions_intended");
            self.objects.put(files.files).await.map_err(|error| {
                not_stored(&error);
                Refusal::StorageUnavailable
            })?;
            crash::point("renditions_stored");
        }
        Ok(files.renditions)
    }

    /// Keeps an image until the store takes it; refuses the change where there is no room.
    async fn spool(&self, image: &MadeImage) -> Result<(), Refusal> {
        let has_room = self.state.spool(image, self.config.objects.spool_bytes).await?;
        if has_room { Ok(()) } else { Err(Refusal::StorageUnavailable) }
    }
}

fn not_stored(error: &dyn std::error::Error) {
    tracing::error!(%error, "an object was not stored");
    metrics::counter!("ingest_object_errors_total").increment(1);
}

/// Files to be stored, each with a new token, and the rows of renditions that refer to them.
struct NewFiles {
    files: Vec<(String, Bytes)>,
    renditions: Vec<StoredRendition>,
}

impl NewFiles {
    /// The files of an image and of its renditions. The first is the image itself.
    fn of_image(image: &MadeImage) -> Self {
        let object = token();
        let mut new = Self::of_renditions(&object, image.id, &[], &image.renditions);
        new.files.insert(0, (object, image.bytes.clone()));
        new
    }

    /// Those of the renditions whose fingerprints are not among those `present`. Renditions of the same bytes share a
    /// file, also with the canonical image `id`, whose object is `object`.
    fn of_renditions(object: &str, id: ContentId, present: &[StoredRendition], made: &[MadeRendition]) -> Self {
        let mut tokens: HashMap<_, _> = present.iter().map(|known| (known.content_id, known.token.clone())).collect();
        tokens.insert(id, object.to_owned());
        let mut new = Self { files: Vec::new(), renditions: Vec::new() };
        for made in made.iter().filter(|made| present.iter().all(|known| known.fingerprint != made.fingerprint)) {
            let token = tokens.entry(made.id).or_insert_with(|| {
                let token = token();
                new.files.push((token.clone(), made.bytes.clone()));
                token
            });
            new.renditions.push(StoredRendition {
                fingerprint: made.fingerprint.clone(),
                token: token.clone(),
                content_id: made.id,
                width: made.width.into(),
                height: made.height.into(),
                bytes: i64::try_from(made.bytes.len()).unwrap_or(i64::MAX),
            });
        }
        new
    }

    fn tokens(&self) -> Vec<String> {
        self.files.iter().map(|(token, _)| token.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(fingerprint: &str, bytes: &'static [u8]) -> MadeRendition {
        let (fingerprint, id) = (fingerprint.to_owned(), ContentId::of(bytes));
        MadeRendition { fingerprint, id, width: 1, height: 1, bytes: Bytes::from_static(bytes) }
    }

    #[test]
    fn renditions_of_the_same_bytes_are_one_file() {
        let renditions = vec![made("a", b"whole"), made("b", b"part"), made("c", b"part")];
        let image =
            MadeImage { id: ContentId::of(b"whole"), bytes: Bytes::from_static(b"whole"), renditions, crop: None };
        let new = NewFiles::of_image(&image);
        let [object, part] = new.tokens().try_into().unwrap();
        let rows: Vec<_> = new.renditions.iter().map(|row| (row.fingerprint.as_str(), row.token.clone())).collect();
        assert_eq!(rows, [("a", object), ("b", part.clone()), ("c", part)]);
    }

    #[test]
    fn what_an_object_has_is_not_stored_again() {
        let image = MadeImage {
            id: ContentId::of(b"whole"),
            bytes: Bytes::from_static(b"whole"),
            renditions: vec![made("b", b"part")],
            crop: None,
        };
        let present = NewFiles::of_image(&image).renditions;
        let again = [made("b", b"another"), made("c", b"part"), made("d", b"new")];
        let new = NewFiles::of_renditions("object", image.id, &present, &again);
        let rows: Vec<_> = new.renditions.iter().map(|row| (row.fingerprint.as_str(), row.token.as_str())).collect();
        assert_eq!(rows, [("c", present[0].token.as_str()), ("d", new.files[0].0.as_str())]);
        assert_eq!(new.files.len(), 1);
    }
}
