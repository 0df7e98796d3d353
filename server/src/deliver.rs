//! Brings a committed change to its device, and schedules further attempts.
//!
//! The embedded device is changed by this process. Others have agents, which fetch changes and answer for them; a change
//! waits for that answer for a while.

use std::time::{Duration, Instant};

use bytes::Bytes;
use image_ingest::ContentId;
use image_ingest_agent::Held;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::app::App;
use crate::config::Times;
use crate::crash;
use crate::embedded::DevicePicture;
use crate::made_image::MadeImage;
use crate::refusal::{DeviceFailure, Refusal};
use crate::state::{Chat, ChatKey, Delivery, DueChange, MAX_VERSION, Reached, now};
use crate::wakeups::Wakeup;

impl App {
    /// Milliseconds from a commit to the first repeated attempt: the device's time limit and two seconds.
    pub(crate) fn first_retry_ms(&self) -> i64 {
        i64::try_from(self.config.times.device_ms).unwrap_or(i64::MAX / 4) + 2_000
    }

    /// Shows a change on the embedded device and marks it applied. `made` is the image, if the caller has it in memory.
    /// Returns the version that is applied, which is greater than the change's if the device was ahead.
    pub(crate) async fn deliver_here(&self, change: &DueChange, made: Option<&MadeImage>) -> Result<i64, Refusal> {
        crash::point("before_device");
        let started = Instant::now();
        let timeout = Times::of(self.config.times.device_ms);
        let result = tokio::time::timeout(timeout, self.show(change, made)).await;
        let result = result.unwrap_or(Ok(Err(DeviceFailure::Timeout)))?;
        count(result.as_ref().map(drop).map_err(|failure| *failure), started.elapsed());
        let version = match result {
            Ok(version) => version,
            Err(failure) => {
                let code = (failure == DeviceFailure::Refused).then(|| failure.code());
                self.state.postpone(&change.key, change.version, now() + backoff(change.attempts), code).await?;
                return Err(Refusal::Device { failure, version: change.version });
            }
        };
        crash::point("after_device");
        if let Err(error) = self.state.mark_applied(&change.key, version, None).await {
            // The change is committed and on the device. A repair sends it again and then marks it.
            tracing::error!(%error, "a change was not marked applied");
        }
        crash::point("after_applied");
        Ok(version)
    }

    async fn show(&self, change: &DueChange, made: Option<&MadeImage>) -> Result<Result<i64, DeviceFailure>, Refusal> {
        let image = match change.content_id {
            None => None,
            Some(id) => match self.picture(id, change, made).await {
                Some(picture) => Some((id, picture)),
                // Neither the store nor the spool has the image now. A repair, or the same upload again, restores it.
                None => return Ok(Err(DeviceFailure::Unreachable)),
            },
        };
        let mut version = change.version;
        for _ in 0..2 {
            let held = match self.device.show(&change.number, &change.key, version, image.clone()).await {
                Ok(held) => held,
                Err(failure) => return Ok(Err(failure)),
            };
            let shown = i64::try_from(held.version).unwrap_or(i64::MAX);
            if (shown, id_of(&held)) == (version, change.content_id) {
                return Ok(Ok(version));
            }
            if shown > MAX_VERSION {
                break;
            }
            // The device is ahead of the state, unless the chat has changed meanwhile: then this change is replaced.
            let next_at = now() + self.first_retry_ms();
            match self.state.restore(&change.key, version, shown, &change.number, next_at).await? {
                Some(restored) => version = restored,
                None => return Ok(Ok(change.version)),
            }
            tracing::warn!(chat = %change.key.chat, version, "a device was ahead of the state, which was restored");
        }
        Ok(Err(DeviceFailure::Refused))
    }

    /// What the embedded device shows of an image: its crop, where that was made with the image, or else the image.
    async fn picture(&self, id: ContentId, change: &DueChange, made: Option<&MadeImage>) -> Option<DevicePicture> {
        if let Some(made) = made {
            let cropped = made.rendition(&self.device.crop).map(|crop| &crop.bytes).or(made.crop.as_ref());
            let whole = || DevicePicture::Whole(made.bytes.clone());
            return Some(cropped.map_or_else(whole, |crop| DevicePicture::Cropped(crop.clone())));
        }
        if let Some(crop) = change.renditions.iter().find(|stored| *stored.fingerprint == *self.device.crop)
            && let Ok(Some(bytes)) = self.objects.get(&crop.token).await
            && ContentId::of(&bytes) == crop.content_id
        {
            return Some(DevicePicture::Cropped(bytes));
        }
        self.image(id, change.token.as_deref()).await.map(DevicePicture::Whole)
    }

    /// The bytes of a canonical image, from the store or the spool.
    pub(crate) async fn image(&self, id: ContentId, token: Option<&str>) -> Option<Bytes> {
        match token {
            Some(token) => self.objects.get(token).await.ok().flatten(),
            None => self.state.spooled(id).await.ok().flatten().map(|image| image.bytes),
        }
    }

    /// Waits until the agent of a chat has answered for a version, for at most the device's time limit.
    pub(crate) async fn await_agent(
        &self,
        key: &ChatKey,
        version: i64,
        reached: &Reached,
        mut woken: Receiver<Wakeup>,
    ) -> Result<Chat, Refusal> {
        let started = Instant::now();
        let result = async {
            let route = &reached.number.route;
            self.wakeups.send(route, Wakeup::Look);
            if !reached.is_polled && !self.wakeups.is_awaited(route) {
                return Ok(Err(DeviceFailure::Unreachable));
            }
            let timeout = Times::of(self.config.times.device_ms);
            let answered = tokio::time::timeout(timeout, self.answered(key, version, &mut woken)).await;
            answered.unwrap_or(Ok(Err(DeviceFailure::Timeout)))
        };
        let result: Result<Chat, DeviceFailure> = result.await?;
        count(result.as_ref().map(drop).map_err(|failure| *failure), started.elapsed());
        result.map_err(|failure| Refusal::Device { failure, version })
    }

    /// The chat when an agent has answered for `version` or a later one.
    async fn answered(
        &self,
        key: &ChatKey,
        version: i64,
        woken: &mut Receiver<Wakeup>,
    ) -> Result<Result<Chat, DeviceFailure>, Refusal> {
        loop {
            // Another node hears of an answer by a notice, or looks.
            match tokio::time::timeout(LOOK_EVERY, woken.recv()).await {
                Ok(Ok(Wakeup::Answered { version: answered, refused })) if answered == version => {
                    let chat = Chat { version, applied_version: version, ..Chat::default() };
                    return Ok(if refused.is_some() { Err(DeviceFailure::Refused) } else { Ok(chat) });
                }
                Err(_) if !self.state.is_shared => continue,
                Ok(Err(RecvError::Closed)) => tokio::time::sleep(LOOK_EVERY).await,
                _ => {}
            }
            let chat = self.state.situation(key, None).await?.chat;
            if chat.applied_version >= version {
                return Ok(Ok(chat));
            }
            if chat.version == version && matches!(chat.delivery(), Delivery::Failed(_)) {
                return Ok(Err(DeviceFailure::Refused));
            }
        }
    }
}

/// How often what waits looks at the state when nothing wakes it.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The content that a device shows.
fn id_of(held: &Held) -> Option<ContentId> {
    held.id.as_ref().and_then(|id| id.parse().ok())
}

fn count(result: Result<(), DeviceFailure>, elapsed: Duration) {
    let code = result.map_or_else(DeviceFailure::code, |()| "ok");
    metrics::counter!("ingest_device_calls_total", "result" => code).increment(1);
    metrics::histogram!("ingest_device_seconds").record(elapsed);
}

/// Milliseconds until the next attempt: about 1 s, doubled up to 5 min. A random quarter keeps devices that failed
/// together from being tried together.
pub(crate) fn backoff(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    let delay = (1_000 << doublings).min(300_000);
    let [random] = crate::token::random::<1>();
    delay - delay / 4 * i64::from(random) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_apart_up_to_five_minutes() {
        for (attempts, longest) in [(0, 1_000), (1, 2_000), (8, 256_000), (9, 300_000), (1_000_000, 300_000)] {
            let delay = backoff(attempts);
            assert!((longest * 3 / 4..=longest).contains(&delay), "{attempts}: {delay}");
        }
    }
}
