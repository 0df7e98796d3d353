//! Makes the canonical image of an upload on a pixel thread.

use image_ingest::{Background, CancellationToken, Error, Source};

use crate::admission::HeldBytes;
use crate::app::App;
use crate::refusal::Refusal;

/// A complete upload, and the memory that it holds.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) source: Source,
    pub(crate) held: HeldBytes,
}

/// The canonical image of an upload, and the memory that it holds now; `for_device` with what the embedded device shows. If this
/// future is dropped, the pixel work ends.
pub(crate) async fn canonical_image(
    app: &App,
    received: Received,
    for_device: bool,
) -> Result<(Background, HeldBytes), Refusal> {
    let permit = app.admission.pixel_permit().await?;
    let Received { source, mut held } = received;
    let token = CancellationToken::new();
    let ingest = if for_device { &app.device_ingest } else { &app.ingest };
    let ingest = ingest.clone().with_cancellation(token.clone());
    let _stop = CancelOnDrop(token);
    let started = std::time::Instant::now();
    let result = app.pool.run(move || {
        let result = ingest.ingest(source);
        drop(permit);
        if matches!(result, Err(Error::Cancelled)) {
            metrics::counter!("ingest_uploads_left_total").increment(1);
        }
        result.map(|background| {
            let renditions = background.renditions.iter().map(|rendition| rendition.bytes.len());
            held.replace((background.bytes.len() + renditions.sum::<usize>()) as u64);
            (background, held)
        })
    });
    let result = result.await.ok_or(Refusal::Internal)?;
    metrics::histogram!("ingest_pixel_seconds").record(started.elapsed());
    result.map_err(|error| {
        if let Error::Internal { reason, .. } = &error {
            metrics::counter!("ingest_internal_errors_total").increment(1);
            tracing::error!(reason, "the library failed");
        }
        Refusal::Upload { error, announced: None }
    })
}

/// Cancels the pixel work of a request whose client has disconnected.
struct CancelOnDrop(CancellationToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
