//! A device in this process: a folder, for demonstrations and tests.

use std::sync::Arc;

use async_trait::async_trait;
use image_ingest_agent::{ChatRef, Device, DeviceError};

use super::gateway::{CanonicalImage, DeviceGateway, OnDevice, Route, signed, unsigned};
use crate::pixels::PixelPool;
use crate::refusal::DeviceFailure;
use crate::state::{ChatKey, NumberRow};

/// The gateway to numbers whose route is `embedded`: their backgrounds are files in a folder.
pub(crate) struct Embedded {
    device: Arc<Device>,
    /// Runs the cropping, which is pixel work.
    pool: Arc<PixelPool>,
}

impl Embedded {
    pub(crate) fn new(device: Device, pool: Arc<PixelPool>) -> Self {
        Self { device: Arc::new(device), pool }
    }

    async fn run<T: Send + 'static>(
        &self,
        route: &Route,
        key: &ChatKey,
        work: impl FnOnce(&Device, ChatRef<'_>) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, DeviceFailure> {
        let (device, number, key) = (Arc::clone(&self.device), route.number.clone(), key.clone());
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

#[async_trait]
impl DeviceGateway for Embedded {
    fn resolve(&self, number: &NumberRow) -> Option<Route> {
        (number.route == "embedded").then(|| Route { number: number.number.clone(), agent: String::new() })
    }

    async fn apply(
        &self,
        route: &Route,
        key: &ChatKey,
        version: i64,
        image: &CanonicalImage,
    ) -> Result<i64, DeviceFailure> {
        let (id, bytes) = (image.id, image.bytes.clone());
        self.run(route, key, move |device, chat| device.apply(chat, unsigned(version), id, bytes)).await.map(signed)
    }

    async fn clear(&self, route: &Route, key: &ChatKey, version: i64) -> Result<i64, DeviceFailure> {
        self.run(route, key, move |device, chat| device.clear(chat, unsigned(version))).await.map(signed)
    }

    async fn read(&self, route: &Route, key: &ChatKey) -> Result<Option<OnDevice>, DeviceFailure> {
        let held = self.run(route, key, |device, chat| device.read(chat)).await?;
        Ok(held.map(|held| OnDevice { version: signed(held.version), id: held.id }))
    }
}
