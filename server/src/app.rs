//! The parts of a running server, and the code that opens them.

use std::sync::Arc;

use image_ingest::{Encoding, Ingest, Limits, Profile};
use image_ingest_agent::Device;
use tokio::sync::mpsc;

use crate::admission::Admission;
use crate::chat_locks::ChatLocks;
use crate::config::{Config, GatewayKind, StoredEncoding, Times};
use crate::device::{Embedded, Gateway, HttpGateway};
use crate::objects::Objects;
use crate::pixels::PixelPool;
use crate::state::State;

/// Everything that requests and the repair task share.
pub(crate) struct App {
    pub(crate) config: Config,
    /// The prefix of `/objects/{token}`.
    pub(crate) public_url: String,
    pub(crate) state: State,
    pub(crate) objects: Objects,
    pub(crate) gateway: Gateway,
    pub(crate) ingest: Ingest,
    /// [`Profile::fingerprint`] of `ingest`.
    pub(crate) fingerprint: String,
    pub(crate) pool: Arc<PixelPool>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) chat_locks: ChatLocks,
    /// Cloned into every task that a shutdown must wait for; the receiver ends when all clones are dropped.
    pub(crate) work_guard: mpsc::Sender<()>,
}

/// Why a server does not start.
pub(crate) type StartError = Box<dyn std::error::Error + Send + Sync>;

impl App {
    /// Opens everything that `config` names. The receiver ends when every task with a work guard has ended.
    pub(crate) async fn open(
        config: Config,
        public_url: String,
    ) -> Result<(Arc<Self>, mpsc::Receiver<()>), StartError> {
        std::fs::create_dir_all(&config.data)?;
        let threads = pixel_threads(&config);
        let pool = Arc::new(PixelPool::start(threads)?);
        let ingest = Ingest::builder().profile(profile(&config)).limits(limits(&config)).build()?;
        let max_wait = Times::of(config.times.queue_ms);
        let (work_guard, ended) = mpsc::channel(1);
        let app = Self {
            public_url,
            state: open_state(&config).await?,
            objects: Objects::open(&config)?,
            gateway: gateway(&config, &pool)?,
            fingerprint: ingest.profile().fingerprint(),
            ingest,
            pool,
            admission: Arc::new(Admission::new(threads, config.work.queue, max_wait, config.work.upload_bytes)),
            chat_locks: ChatLocks::default(),
            work_guard,
            config,
        };
        Ok((Arc::new(app), ended))
    }
}

/// Opens the state database only, for the administration.
pub(crate) async fn open_state(config: &Config) -> Result<State, StartError> {
    std::fs::create_dir_all(&config.data)?;
    let file = || format!("sqlite:{}?mode=rwc", config.data.join("state.db").display());
    let url = config.database.url.as_ref().map_or_else(file, |url| url.expose().to_owned());
    // The database's own message may quote the URL, and with it a password.
    State::open(&url, config.database.connections).await.map_err(|error| match error {
        sqlx::Error::Configuration(_) => "configuration: database.url cannot be read".into(),
        error => format!("state database: {error}").into(),
    })
}

fn profile(config: &Config) -> Profile {
    let mut profile = Profile::default();
    if config.encoding == StoredEncoding::Webp {
        profile.encoding = Encoding::Webp { quality: 80 };
    }
    profile
}

pub(crate) fn limits(config: &Config) -> Limits {
    let mut limits = Limits::default();
    limits.max_bytes = config.work.max_upload_bytes;
    limits.max_memory_bytes = config.work.job_bytes;
    limits.deadline = Times::of(config.times.pixels_ms);
    limits
}

pub(crate) fn pixel_threads(config: &Config) -> usize {
    match config.work.pixel_threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

fn gateway(config: &Config, pool: &Arc<PixelPool>) -> Result<Gateway, StartError> {
    let device = &config.device;
    Ok(match device.gateway {
        GatewayKind::Embedded => {
            let folder = Device::open(config.data.join("device"), device.width, device.height)?;
            Arc::new(Embedded::new(folder, Arc::clone(pool)))
        }
        GatewayKind::Http => {
            let secret = device.secret.as_ref().ok_or("configuration: device.secret is missing")?;
            Arc::new(HttpGateway::new(secret.expose(), Times::of(config.times.device_ms))?)
        }
    })
}
