//! Delivers a committed change to its device, and schedules further attempts.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::app::App;
use crate::config::Times;
use crate::crash;
use crate::device::{CanonicalImage, Route};
use crate::refusal::{DeviceFailure, Refusal};
use crate::state::{Chat, ChatKey, now};

impl App {
    /// The route to the chat's device.
    pub(crate) async fn route(&self, key: &ChatKey, chat: &Chat) -> Result<Route, Refusal> {
        let number = self.state.number_for(&key.account, chat.number.as_deref()).await?;
        number.and_then(|number| self.gateway.resolve(&number)).ok_or(Refusal::NoActiveNumber)
    }

    /// Milliseconds from a commit to the first repeated attempt: the device's time limit and two seconds.
    pub(crate) fn first_retry_ms(&self) -> i64 {
        i64::try_from(self.config.times.device_ms).unwrap_or(i64::MAX / 4) + 2_000
    }

    /// Sends the chat's change to its device and marks it applied; `attempts` were made before. `bytes` is the image,
    /// if the caller has it in memory.
    pub(crate) async fn deliver(
        &self,
        key: &ChatKey,
        chat: &Chat,
        bytes: Option<Bytes>,
        attempts: i64,
    ) -> Result<(), Refusal> {
        crash::point("before_device");
        let version = chat.version;
        if let Err(refusal) = self.send(key, chat, bytes).await {
            self.state.postpone(key, version, now() + backoff(attempts)).await?;
            return Err(refusal);
        }
        crash::point("after_device");
        if let Err(error) = self.state.mark_applied(key, version).await {
            // The change is committed and on the device. A repair sends it again and then marks it.
            tracing::error!(%error, "a change was not marked applied");
        }
        crash::point("after_applied");
        Ok(())
    }

    async fn send(&self, key: &ChatKey, chat: &Chat, bytes: Option<Bytes>) -> Result<(), Refusal> {
        let refused = |failure| Refusal::Device { failure, version: chat.version };
        let route = self.route(key, chat).await?;
        let started = Instant::now();
        let timeout = Times::of(self.config.times.device_ms);
        let call = async {
            match self.image(chat, bytes).await? {
                Some(image) => self.gateway.apply(&route, key, chat.version, &image).await,
                None => self.gateway.clear(&route, key, chat.version).await,
            }
        };
        let result = tokio::time::timeout(timeout, call).await.unwrap_or(Err(DeviceFailure::Timeout));
        let code = result.map_or_else(DeviceFailure::code, |_| "ok");
        metrics::counter!("ingest_device_calls_total", "result" => code).increment(1);
        metrics::histogram!("ingest_device_seconds").record(started.elapsed());
        let on_device = result.map_err(refused)?;
        // A newer version on the device is a later change of ours, or the database was restored from an older backup.
        if on_device > chat.version && self.state.chat(key).await?.version < on_device {
            tracing::error!(on_device, version = chat.version, "the device is ahead of the state");
            return Err(refused(DeviceFailure::Refused));
        }
        Ok(())
    }

    /// The image that the device is to show; `None` after a removal.
    async fn image(&self, chat: &Chat, bytes: Option<Bytes>) -> Result<Option<CanonicalImage>, DeviceFailure> {
        let Some(id) = chat.content_id else {
            return Ok(None);
        };
        let url = chat.token.as_deref().map(|token| self.objects.url(&self.public_url, token));
        let bytes = match (bytes, &chat.token) {
            (Some(bytes), _) => Ok(Some(bytes)),
            (None, Some(token)) => self.objects.get(token).await,
            (None, None) => self.objects.spooled(id).await,
        };
        // Neither the store nor the spool has the image now. A repair, or the same upload again, restores it.
        let bytes = bytes.ok().flatten().ok_or(DeviceFailure::Unreachable)?;
        Ok(Some(CanonicalImage { id, url, bytes }))
    }
}

/// Milliseconds until the next attempt: 1 s, doubled up to 5 min.
fn backoff(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    let delay = Duration::from_secs(1 << doublings).min(Duration::from_secs(300));
    i64::try_from(delay.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_apart_up_to_five_minutes() {
        assert_eq!([0, 1, 2, 8, 9, 1_000_000].map(backoff), [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    }
}
