//! The device of numbers whose route is `embedded`: a folder of this process, for demonstrations and tests.

use std::sync::Arc;

use bytes::Bytes;
use image_ingest::ContentId;
use image_ingest_agent::{ChatRef, Device, DeviceError, Held};

use crate::pixels::PixelPool;
use crate::refusal::DeviceFailure;
use crate::state::ChatKey;

/// What the embedded device is given to show of an image.
#[derive(Debug, Clone)]
pub(crate) enum DevicePicture {
    /// The rendition that is the device's crop.
    Cropped(Bytes),
    /// The image itself, which the device crops.
    Whole(Bytes),
}

#[derive(Clone)]
pub(crate) struct EmbeddedDevice {
    device: Arc<Device>,
    /// The fingerprint of the rendition that the device shows as it is.
    pub(crate) crop: Arc<str>,
    /// Runs the cropping, which is pixel work.
    pool: Arc<PixelPool>,
}

impl EmbeddedDevice {
    pub(crate) fn new(device: Device, pool: Arc<PixelPool>) -> Self {
        Self { crop: device.crop().fingerprint().into(), device: Arc::new(device), pool }
    }

    /// Shows an image, or none, unless the device has this version or a newer one. Returns what it shows afterwards.
    pub(crate) async fn show(
        &self,
        number: &str,
        key: &ChatKey,
        version: i64,
        image: Option<(ContentId, DevicePicture)>,
    ) -> Result<Held, DeviceFailure> {
        let version = u64::try_from(version).unwrap_or(0);
        let work = move |device: &Device, chat: ChatRef<'_>| match image {
            Some((id, DevicePicture::Cropped(bytes))) => device.apply_cropped(chat, version, id, &bytes),
            Some((id, DevicePicture::Whole(bytes))) => device.apply(chat, version, id, bytes),
            None => device.clear(chat, version),
        };
        self.run(number, key, work).await
    }

    /// What the device shows; `None` if it never showed anything.
    pub(crate) async fn read(&self, number: &str, key: &ChatKey) -> Result<Option<Held>, DeviceFailure> {
        self.run(number, key, |device, chat| device.read(chat)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        number: &str,
        key: &ChatKey,
        work: impl FnOnce(&Device, ChatRef<'_>) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, DeviceFailure> {
        let (device, number, key) = (Arc::clone(&self.device), number.to_owned(), key.clone());
        let work = move || {
            let chat = ChatRef { number: &number, account: &key.account, chat: key.chat.as_str() };
            work(&device, chat)
        };
        let done = self.pool.run(work).await.ok_or(DeviceFailure::Unreachable)?;
        done.map_err(|error| {
            tracing::warn!(%error, "embedded device");
            DeviceFailure::Refused
        })
    }
}
