//! The gateway to devices with an agent, by signed requests over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest_agent::signature::{self, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use image_ingest_agent::{Change, ChangeReply, ErrorReply, ObjectRef, StateReply, StateRequest};
use reqwest::{Client, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::gateway::{CanonicalImage, DeviceGateway, OnDevice, Route, signed, unsigned};
use crate::refusal::DeviceFailure;
use crate::state::{ChatKey, NumberRow};

/// The gateway to numbers whose route is an agent's URL.
pub(crate) struct HttpGateway {
    client: Client,
    secret: Vec<u8>,
}

impl HttpGateway {
    pub(crate) fn new(secret: &str, timeout: Duration) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, secret: secret.as_bytes().to_vec() })
    }

    async fn change(&self, route: &Route, change: &Change) -> Result<i64, DeviceFailure> {
        let reply: ChangeReply = self.call(route, Method::PUT, "/v1/background", change).await?;
        Ok(signed(reply.version))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        route: &Route,
        method: Method,
        path: &str,
        message: &impl Serialize,
    ) -> Result<T, DeviceFailure> {
        let body = serde_json::to_vec(message).map_err(|_| DeviceFailure::Refused)?;
        let timestamp = signature::now();
        let signature = signature::sign(&self.secret, path, timestamp, &body);
        let request = self
            .client
            .request(method, format!("{}{path}", route.agent))
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, signature)
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await.map_err(failure)?;
        let status = response.status();
        let text = response.bytes().await.map_err(failure)?;
        if !status.is_success() {
            let code = serde_json::from_slice::<ErrorReply>(&text).map_or_else(|_| "none".into(), |r| r.code);
            tracing::warn!(%status, code = code.get(..32).unwrap_or(&code), "the agent refused");
            return Err(DeviceFailure::Refused);
        }
        serde_json::from_slice(&text).map_err(|_| DeviceFailure::Refused)
    }
}

fn failure(error: reqwest::Error) -> DeviceFailure {
    if error.is_timeout() { DeviceFailure::Timeout } else { DeviceFailure::Unreachable }
}

#[async_trait]
impl DeviceGateway for HttpGateway {
    fn resolve(&self, number: &NumberRow) -> Option<Route> {
        let is_url = number.route.starts_with("http://") || number.route.starts_with("https://");
        let agent = number.route.trim_end_matches('/').to_owned();
        is_url.then(|| Route { number: number.number.clone(), agent })
    }

    async fn apply(
        &self,
        route: &Route,
        key: &ChatKey,
        version: i64,
        image: &CanonicalImage,
    ) -> Result<i64, DeviceFailure> {
        let bytes = image.url.is_none().then(|| STANDARD.encode(&image.bytes));
        let object = ObjectRef { id: image.id.to_string(), url: image.url.clone(), bytes };
        self.change(route, &change(route, key, version, Some(object))).await
    }

    async fn clear(&self, route: &Route, key: &ChatKey, version: i64) -> Result<i64, DeviceFailure> {
        self.change(route, &change(route, key, version, None)).await
    }

    async fn read(&self, route: &Route, key: &ChatKey) -> Result<Option<OnDevice>, DeviceFailure> {
        let request =
            StateRequest { number: route.number.clone(), account: key.account.clone(), chat: key.chat.to_string() };
        let reply: StateReply = self.call(route, Method::POST, "/v1/state", &request).await?;
        Ok(reply.version.map(|version| OnDevice { version: signed(version), id: reply.id }))
    }
}

fn change(route: &Route, key: &ChatKey, version: i64, object: Option<ObjectRef>) -> Change {
    Change {
        number: route.number.clone(),
        account: key.account.clone(),
        chat: key.chat.to_string(),
        version: unsigned(version),
        object,
    }
}
