//! The interface to a chat's device, whichever way the device is reached.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use image_ingest::ContentId;

use crate::refusal::DeviceFailure;
use crate::state::{ChatKey, NumberRow};

/// Sends changes to devices and reads what they show.
#[async_trait]
pub(crate) trait DeviceGateway: Send + Sync {
    /// The route to the device of a number, for the other methods; `None` if this gateway does not reach it.
    fn resolve(&self, number: &NumberRow) -> Option<Route>;

    /// Makes the image the chat's background, unless the device has this version or a newer one. Returns the version
    /// that the device has afterwards.
    async fn apply(
        &self,
        route: &Route,
        key: &ChatKey,
        version: i64,
        image: &CanonicalImage,
    ) -> Result<i64, DeviceFailure>;

    /// Removes the chat's background under the same condition, and returns the same.
    async fn clear(&self, route: &Route, key: &ChatKey, version: i64) -> Result<i64, DeviceFailure>;

    /// The version and the content that the device has for the chat.
    async fn read(&self, route: &Route, key: &ChatKey) -> Result<Option<OnDevice>, DeviceFailure>;
}

/// A resolved route to a number's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) number: String,
    /// The agent's address; empty for the embedded device.
    pub(crate) agent: String,
}

/// A canonical image for a device.
#[derive(Debug, Clone)]
pub(crate) struct CanonicalImage {
    pub(crate) id: ContentId,
    /// Where the device can fetch the image; `None` if it is not stored.
    pub(crate) url: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The background that a device has for a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDevice {
    pub(crate) version: i64,
    pub(crate) id: Option<String>,
}

/// The gateway that the configuration chose.
pub(crate) type Gateway = Arc<dyn DeviceGateway>;

/// A version in the type of the device interface. Versions of this server start at 1.
pub(super) fn unsigned(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}

pub(super) fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
