//! Makes the renditions that stored images lack, such as those of before a name was configured, from the stored images.

use futures_util::{StreamExt as _, stream};
use image_ingest::{ContentId, Ingest};

use crate::app::{App, StartError, ingest, limits, pixel_threads};
use crate::check::Findings;
use crate::listing::TokenRange;
use crate::made_image::MadeImage;
use crate::state::AuditedObject;

impl App {
    /// Makes what used objects lack, page by page. Returns how many have all of it now; each of the others is a fault.
    pub(crate) async fn renew_renditions(&self, findings: &Findings) -> Result<usize, StartError> {
        // What is stored already counts against no limit of uploads.
        let mut limits = limits(&self.config);
        limits.max_bytes = u64::MAX;
        let ingest = ingest(&self.config, limits)?;
        let (mut renewed, mut from) = (0, String::new());
        loop {
            let page = self.state.audited_objects(&from, TokenRange::END).await?;
            let Some(last) = page.last() else {
                return Ok(renewed);
            };
            from.clone_from(&last.token);
            let lacking = page.into_iter().filter(|object| self.is_lacking(object));
            let work = stream::iter(lacking).map(|object| self.renew(ingest.clone(), object));
            let mut results = work.buffer_unordered(pixel_threads(&self.config));
            while let Some(result) = results.next().await {
                match result {
                    Ok(()) => renewed += 1,
                    Err(fault) => findings.fault(fault),
                }
            }
        }
    }

    async fn renew(&self, ingest: Ingest, object: AuditedObject) -> Result<(), String> {
        let AuditedObject { token, content_id: id, renditions, .. } = object;
        let fault = |reason: String| format!("object {token} lacks renditions: {reason}");
        let bytes = self.objects.get(&token).await.map_err(|error| fault(error.to_string()))?;
        let bytes = bytes.filter(|bytes| ContentId::of(bytes) == id);
        let bytes = bytes.ok_or_else(|| fault("its bytes are missing or others".into()))?;
        let work = move || {
            let background = ingest.ingest(ingest.source(bytes)?)?;
            Ok::<_, image_ingest::Error>(MadeImage::of(&background, ingest.renditions()))
        };
        let made = self.pool.run(work).await.ok_or_else(|| fault("the library failed".into()))?;
        let made = made.map_err(|error| fault(error.to_string()))?;
        let added = self.add_renditions(&token, id, &renditions, &made.renditions).await;
        added.map(drop).map_err(|refusal| fault(refusal.code().into()))
    }
}
