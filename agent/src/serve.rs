//! The agent's HTTP service: two signed calls.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, http};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use image_ingest::ContentId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::device::{ChatRef, Device, DeviceError};
use crate::fetch::{MAX_OBJECT_BYTES, client, fetch};
use crate::message::{Change, ChangeReply, ErrorReply, ObjectRef, StateReply, StateRequest};
use crate::signature::{self, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// The configuration of an agent.
#[derive(Clone)]
pub struct AgentConfig {
    /// The folder of the device's backgrounds.
    pub root: PathBuf,
    /// The secret shared with the server.
    pub secret: Vec<u8>,
    /// The screen's width in pixels. Default 1170.
    pub width: u32,
    /// The screen's height in pixels. Default 2532.
    pub height: u32,
    /// The longest time to fetch an object. Default 10 s.
    pub fetch_timeout: Duration,
}

impl AgentConfig {
    /// The defaults for a folder and a secret.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, secret: impl Into<Vec<u8>>) -> Self {
        let fetch_timeout = Duration::from_secs(10);
        Self { root: root.into(), secret: secret.into(), width: 1170, height: 2532, fetch_timeout }
    }
}

/// The agent as a service: `PUT /v1/background`, `POST /v1/state`, `GET /healthz`.
///
/// # Errors
///
/// The device's folder cannot be created, or the HTTP client cannot be set up.
pub fn router(config: AgentConfig) -> Result<Router, DeviceError> {
    let device = Device::open(config.root, config.width, config.height)?;
    let client = client(config.fetch_timeout).map_err(std::io::Error::other)?;
    let agent = Arc::new(Agent { device: Arc::new(device), client, secret: config.secret });
    Ok(Router::new()
        .route(BACKGROUND, put(background))
        .route(STATE, post(state))
        .route("/healthz", get(async || StatusCode::OK))
        .with_state(agent))
}

const BACKGROUND: &str = "/v1/background";
const STATE: &str = "/v1/state";

struct Agent {
    device: Arc<Device>,
    client: reqwest::Client,
    secret: Vec<u8>,
}

async fn background(State(agent): State<Arc<Agent>>, request: Request) -> Response {
    answer(async {
        let change: Change = agent.verified(BACKGROUND, request).await?;
        let bytes = match &change.object {
            Some(object) => Some(agent.bytes(object).await?),
            None => None,
        };
        let device = Arc::clone(&agent.device);
        let applied = tokio::task::spawn_blocking(move || apply(&device, &change, bytes));
        let version = applied.await.map_err(|_| RequestError::Failed)??;
        Ok(ChangeReply { version })
    })
    .await
}

async fn state(State(agent): State<Arc<Agent>>, request: Request) -> Response {
    answer(async {
        let request: StateRequest = agent.verified(STATE, request).await?;
        let chat = ChatRef { number: &request.number, account: &request.account, chat: &request.chat };
        let held = agent.device.read(chat)?;
        Ok(StateReply { version: held.as_ref().map(|h| h.version), id: held.and_then(|h| h.id) })
    })
    .await
}

fn apply(device: &Device, change: &Change, bytes: Option<(ContentId, Bytes)>) -> Result<u64, RequestError> {
    let chat = ChatRef { number: &change.number, account: &change.account, chat: &change.chat };
    Ok(match bytes {
        Some((id, bytes)) => device.apply(chat, change.version, id, bytes)?,
        None => device.clear(chat, change.version)?,
    })
}

impl Agent {
    /// The message of a request that the server has signed.
    async fn verified<T: DeserializeOwned>(&self, path: &str, request: Request) -> Result<T, RequestError> {
        let (parts, body) = request.into_parts();
        let body = whole(body).await?;
        let (timestamp, signature) = signed(&parts.headers).ok_or(RequestError::BadSignature)?;
        if !signature::verify(&self.secret, path, timestamp, &body, signature, signature::now()) {
            return Err(RequestError::BadSignature);
        }
        serde_json::from_slice(&body).map_err(|_| RequestError::BadRequest)
    }

    async fn bytes(&self, object: &ObjectRef) -> Result<(ContentId, Bytes), RequestError> {
        let id = object.id.parse().map_err(|_| RequestError::BadRequest)?;
        let bytes = match (&object.url, &object.bytes) {
            (Some(url), _) => fetch(&self.client, url).await.ok_or(RequestError::FetchFailed)?,
            (None, Some(base64)) => STANDARD.decode(base64).map_err(|_| RequestError::BadRequest)?.into(),
            (None, None) => return Err(RequestError::BadRequest),
        };
        Ok((id, bytes))
    }
}

async fn whole(body: Body) -> Result<Bytes, RequestError> {
    // An object of the largest size in base64, and the rest of the message.
    to_bytes(body, MAX_OBJECT_BYTES / 3 * 4 + 64 * 1024).await.map_err(|_| RequestError::BadRequest)
}

fn signed(headers: &HeaderMap) -> Option<(u64, &str)> {
    let timestamp = headers.get(TIMESTAMP_HEADER)?.to_str().ok()?.parse().ok()?;
    Some((timestamp, headers.get(SIGNATURE_HEADER)?.to_str().ok()?))
}

enum RequestError {
    BadSignature,
    BadRequest,
    FetchFailed,
    WrongObject,
    Failed,
}

impl From<DeviceError> for RequestError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::WrongObject => Self::WrongObject,
            DeviceError::Picture(_) | DeviceError::Folder(_) => Self::Failed,
        }
    }
}

async fn answer<T: Serialize>(work: impl Future<Output = Result<T, RequestError>>) -> Response {
    let refused = match work.await {
        Ok(reply) => return json(StatusCode::OK, &reply),
        Err(refused) => refused,
    };
    let (status, code) = match refused {
        RequestError::BadSignature => (StatusCode::UNAUTHORIZED, "bad_signature"),
        RequestError::BadRequest => (StatusCode::BAD_REQUEST, "bad_request"),
        RequestError::FetchFailed => (StatusCode::BAD_GATEWAY, "fetch_failed"),
        RequestError::WrongObject => (StatusCode::UNPROCESSABLE_ENTITY, "wrong_object"),
        RequestError::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    };
    json(status, &ErrorReply { code: code.into() })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("strings and numbers always serialise");
    let json = http::HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}
