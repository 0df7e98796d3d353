//! Makes the renditions that stored images lack, such as those of before a name was configured, from the stored images.

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};
use image_ingest::{ContentId, Ingest};

use crate::app::{App, StartError, ingest, limits, pixel_threads};
use crate::made_image::MadeImage;
use crate::state::StoredRendition;

/// A stored image that lacks renditions.
struct Lacking {
    object: String,
    id: ContentId,
    present: Vec<StoredRendition>,
}

impl App {
    /// How many stored images lack a rendition of the configuration.
    pub(crate) fn count_lacking(
        &self,
        objects: &[(String, ContentId, bool)],
        renditions: &HashMap<String, Vec<StoredRendition>>,
    ) -> usize {
        let lacks = |token: &String| self.renditions.lacks(renditions.get(token).map_or(&[], Vec::as_slice));
        objects.iter().filter(|(token, _, is_used)| *is_used && lacks(token)).count()
    }

    /// Makes what stored images lack. Returns how many images have all of it now, and a fault for each of the others.
    pub(crate) async fn renew_renditions(&self) -> Result<(usize, Vec<String>), StartError> {
        let mut renditions = self.state.all_renditions().await?;
        let objects = self.state.all_objects().await?.into_iter().filter(|(.., is_used)| *is_used);
        let lacking = objects.filter_map(|(object, id, _)| {
            let present = renditions.remove(&object).unwrap_or_default();
            self.renditions.lacks(&present).then_some(Lacking { object, id, present })
        });
        // What is stored already counts against no limit of uploads.
        let mut limits = limits(&self.config);
        limits.max_bytes = u64::MAX;
        let ingest = ingest(&self.config, limits)?;
        let renewed = stream::iter(lacking).map(|image| self.renew(ingest.clone(), image));
        let results: Vec<_> = renewed.buffer_unordered(pixel_threads(&self.config)).collect().await;
        let renewed = results.iter().filter(|result| result.is_ok()).count();
        Ok((renewed, results.into_iter().filter_map(Result::err).collect()))
    }

    async fn renew(&self, ingest: Ingest, image: Lacking) -> Result<(), String> {
        let Lacking { object, id, present } = image;
        let fault = |reason: String| format!("object {object} lacks renditions: {reason}");
        let bytes = self.objects.get(&object).await.map_err(|error| fault(error.to_string()))?;
        let bytes = bytes.filter(|bytes| ContentId::of(bytes) == id);
        let bytes = bytes.ok_or_else(|| fault("its bytes are missing or others".into()))?;
        let work = move || {
            let background = ingest.ingest(ingest.source(bytes)?)?;
            Ok::<_, image_ingest::Error>(MadeImage::of(&background, ingest.renditions()))
        };
        let made = self.pool.run(work).await.ok_or_else(|| fault("the library failed".into()))?;
        let made = made.map_err(|error| fault(error.to_string()))?;
        let added = self.add_renditions(&object, id, &present, &made.renditions).await;
        added.map(drop).map_err(|refusal| fault(refusal.code().into()))
    }
}
