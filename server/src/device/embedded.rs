//! A device in this process: a folder, for trying things and for tests.

use std::sync::Arc;

use async_trait::async_trait;
use image_ingest_agent::{Device, DeviceError, Place};

use super::{DeviceGateway, OnDevice, Picture, Route, signed, unsigned};
use crate::pixels::PixelPool;
use crate::refusal::DeviceFailure;
use crate::state::{ChatKey, NumberRow};

/// Numbers whose route is `embedded` have their backgrounds in a folder.
pub(crate) struct Embedded {
    device: Arc<Device>,
    /// Cropping is pixel work.
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
        work: impl FnOnce(&Device, Place<'_>) -> Result<T, DeviceError> + Send + 'static,
    ) -> Result<T, DeviceFailure> {
        let (device, number, key) = (Arc::clone(&self.device), route.number.clone(), key.clone());
        let work = move || {
            let place = Place { number: &number, account: &key.account, chat: key.chat.as_str() };
            work(&device, place)
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

    async fn apply(&self, route: &Route, key: &ChatKey, version: i64, picture: &Picture) -> Result<i64, DeviceFailure> {
        let (id, bytes) = (picture.id, picture.bytes.clone());
        self.run(route, key, move |device, place| device.apply(place, unsigned(version), id, bytes)).await.map(signed)
    }

    async fn clear(&self, route: &Route, key: &ChatKey, version: i64) -> Result<i64, DeviceFailure> {
        self.run(route, key, move |device, place| device.clear(place, unsigned(version))).await.map(signed)
    }

    async fn read(&self, route: &Route, key: &ChatKey) -> Result<Option<OnDevice>, DeviceFailure> {
        let held = self.run(route, key, |device, place| device.read(place)).await?;
        Ok(held.map(|held| OnDevice { version: signed(held.version), id: held.id }))
    }
}
