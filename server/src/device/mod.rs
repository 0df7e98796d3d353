//! The way to a chat's device.

mod embedded;
mod http;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use image_ingest::ContentId;

pub(crate) use embedded::Embedded;
pub(crate) use http::HttpGateway;

use crate::refusal::DeviceFailure;
use crate::state::{ChatKey, NumberRow};

/// Reaches devices.
#[async_trait]
pub(crate) trait DeviceGateway: Send + Sync {
    /// The way to the device of a number, as the others take it; nothing where this gateway has none.
    fn resolve(&self, number: &NumberRow) -> Option<Route>;

    /// Makes the picture the chat's background, unless the device has this version or a newer one; answers the version
    /// that it has then.
    async fn apply(&self, route: &Route, key: &ChatKey, version: i64, picture: &Picture) -> Result<i64, DeviceFailure>;

    /// Removes the chat's background, likewise.
    async fn clear(&self, route: &Route, key: &ChatKey, version: i64) -> Result<i64, DeviceFailure>;

    /// The version and the content that the device has for the chat.
    async fn read(&self, route: &Route, key: &ChatKey) -> Result<Option<OnDevice>, DeviceFailure>;
}

/// A resolved way to a number's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) number: String,
    /// The agent's address; empty for the embedded device.
    pub(crate) agent: String,
}

/// A picture on its way to a device.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) id: ContentId,
    /// Where the device may fetch it; nothing where it could not be stored.
    pub(crate) url: Option<String>,
    pub(crate) bytes: Bytes,
}

/// What a device has for a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDevice {
    pub(crate) version: i64,
    pub(crate) id: Option<String>,
}

/// The gateway in force.
pub(crate) type Gateway = Arc<dyn DeviceGateway>;

/// A version as devices have it; ours start at 1.
fn unsigned(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}

fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
