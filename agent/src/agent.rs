//! Asks the server for changes, applies them and answers for each.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use image_ingest::ContentId;
use reqwest::{Client, StatusCode};

use crate::device::{ChatRef, Device, DeviceError, Held};
use crate::fetch::{client, fetch, read};
use crate::message::{AgentChange, AgentReply, Outcome};

/// The configuration of an agent.
#[derive(Clone)]
pub struct AgentConfig {
    /// The server's address, such as `https://backgrounds.example`.
    pub server: String,
    /// The agent's credential.
    pub credential: String,
    /// The folder of the device's backgrounds.
    pub root: PathBuf,
    /// The screen's width in pixels. Default 1170.
    pub width: u32,
    /// The screen's height in pixels. Default 2532.
    pub height: u32,
    /// The longest time to fetch an object. Default 10 s.
    pub fetch_timeout: Duration,
}

impl AgentConfig {
    /// The defaults for a server, a credential and a folder.
    #[must_use]
    pub fn new(server: impl Into<String>, credential: impl Into<String>, root: impl Into<PathBuf>) -> Self {
        let (server, credential) = (server.into().trim_end_matches('/').to_owned(), credential.into());
        let fetch_timeout = Duration::from_secs(10);
        Self { server, credential, root: root.into(), width: 1170, height: 2532, fetch_timeout }
    }
}

/// An agent beside a device.
pub struct Agent {
    config: AgentConfig,
    device: Arc<Device>,
    client: Client,
}

impl Agent {
    /// An agent that has not asked the server yet.
    ///
    /// # Errors
    ///
    /// The device's folder cannot be created, or the HTTP client cannot be set up.
    pub fn open(config: AgentConfig) -> Result<Self, DeviceError> {
        let device = Arc::new(Device::open(&config.root, config.width, config.height)?);
        // An answer to a poll may come after its wait.
        let client = client(WAIT + config.fetch_timeout).map_err(std::io::Error::other)?;
        Ok(Self { config, device, client })
    }

    /// Asks for changes and applies them until the future is dropped. A server that fails is asked again, more and more
    /// seldom, up to every half minute.
    pub async fn run(&self) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::time::sleep(pause).await;
            match self.poll().await {
                Ok(()) => pause = Duration::ZERO,
                Err(error) => {
                    eprintln!("image-ingest-agent: {error}");
                    pause = (pause * 2).clamp(Duration::from_secs(1), Duration::from_secs(30));
                }
            }
        }
    }

    /// Asks once, and applies what it gets.
    async fn poll(&self) -> Result<(), PollError> {
        let url = format!("{}/agent/v1/changes?wait={}", self.config.server, WAIT.as_secs());
        let response = self.client.get(url).bearer_auth(&self.config.credential).send().await?;
        if response.status() != StatusCode::OK {
            return Err(PollError::Refused(response.status()));
        }
        let body = read(response, MAX_CHANGES_BYTES).await.ok_or(PollError::Unreadable)?;
        let changes: Vec<AgentChange> = serde_json::from_slice(&body).map_err(|_| PollError::Unreadable)?;
        for change in changes {
            let reply = self.applied(change).await;
            let url = format!("{}/agent/v1/applied", self.config.server);
            let body = serde_json::to_vec(&reply).map_err(|_| PollError::Unreadable)?;
            let request = self.client.post(url).bearer_auth(&self.config.credential);
            let status = request.header("content-type", "application/json").body(body).send().await?.status();
            // A number that was taken from this agent meanwhile: its other changes are still good.
            if !status.is_success() && status != StatusCode::NOT_FOUND {
                return Err(PollError::Refused(status));
            }
        }
        Ok(())
    }

    async fn applied(&self, change: AgentChange) -> AgentReply {
        let (result, number, chat) = (self.apply(&change).await, change.number, change.chat);
        match result {
            Ok(held) => {
                let is_change = (held.version, &held.id) == (change.version, &change.content_id);
                let outcome = if is_change { Outcome::Applied } else { Outcome::Shows };
                AgentReply { number, chat, version: held.version, content_id: held.id, outcome, code: None }
            }
            Err(code) => {
                eprintln!("image-ingest-agent: version {} of {chat} is refused: {code}", change.version);
                let (version, content_id) = (change.version, change.content_id);
                AgentReply { number, chat, version, content_id, outcome: Outcome::Refused, code: Some(code.into()) }
            }
        }
    }

    /// Applies a change, and returns what the device shows afterwards, or the code of a refusal.
    async fn apply(&self, change: &AgentChange) -> Result<Held, &'static str> {
        let picture = match &change.content_id {
            None => Picture::None,
            Some(id) => {
                let id = id.parse().map_err(|_| "wrong_object")?;
                match self.cropped(change).await {
                    Some(bytes) => Picture::Cropped(id, bytes),
                    None => Picture::Whole(id, self.image(change).await?),
                }
            }
        };
        let (device, change) = (Arc::clone(&self.device), change.clone());
        let work = move || {
            let chat = ChatRef { number: &change.number, account: &change.account, chat: &change.chat };
            match picture {
                Picture::Cropped(id, bytes) => device.apply_cropped(chat, change.version, id, &bytes),
                Picture::Whole(id, bytes) => device.apply(chat, change.version, id, bytes),
                Picture::None => device.clear(chat, change.version),
            }
        };
        let applied = tokio::task::spawn_blocking(work).await.map_err(|_| "failed")?;
        applied.map_err(|error| match error {
            DeviceError::WrongObject => "wrong_object",
            DeviceError::Picture(_) => "not_an_image",
            DeviceError::Folder(_) => "folder_failed",
        })
    }

    /// The image as it was cropped for this screen when it was set. If that cannot be fetched, or is not what its id
    /// says, the image itself still can.
    async fn cropped(&self, change: &AgentChange) -> Option<Bytes> {
        let fingerprint = self.device.crop().fingerprint();
        let rendition = change.renditions.iter().find(|rendition| rendition.fingerprint == fingerprint)?;
        let bytes = fetch(&self.client, &rendition.url, self.config.fetch_timeout).await?;
        (ContentId::of(&bytes).to_string() == rendition.content_id).then_some(bytes)
    }

    async fn image(&self, change: &AgentChange) -> Result<Bytes, &'static str> {
        match (&change.url, &change.bytes) {
            (Some(url), _) => fetch(&self.client, url, self.config.fetch_timeout).await.ok_or("fetch_failed"),
            (None, Some(base64)) => STANDARD.decode(base64).map(Bytes::from).map_err(|_| "wrong_object"),
            (None, None) => Err("fetch_failed"),
        }
    }
}

/// What a change gives the device, with the id of the image.
enum Picture {
    Cropped(ContentId, Bytes),
    Whole(ContentId, Bytes),
    None,
}

/// How long the server may keep a poll open.
const WAIT: Duration = Duration::from_secs(30);

/// The most bytes of an answer to a poll: 16 changes, each perhaps with an image in base64.
const MAX_CHANGES_BYTES: usize = 16 * 24 * 1024 * 1024;

/// Why a poll failed.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the server answers {0}")]
    Refused(StatusCode),
    #[error("the server's answer cannot be read")]
    Unreadable,
}
