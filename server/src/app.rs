//! The parts of a running server, and the code that opens them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use image_ingest::rendition::RenditionSpec;
use image_ingest::{Encoding, Ingest, IngestBuilder, Limits, Profile};
use image_ingest_agent::Device;
use ipnet::IpNet;
use tokio::sync::{mpsc, watch};

use crate::admission::Admission;
use crate::chat_locks::ChatLocks;
use crate::config::{Config, MigrationsMode, StoredEncoding, Times};
use crate::embedded::EmbeddedDevice;
use crate::named_renditions::NamedRenditions;
use crate::objects::Objects;
use crate::page::PageBuild;
use crate::pixels::PixelPool;
use crate::rate_limits::RateLimits;
use crate::readers::Readers;
use crate::state::{MigrateError, StateStore, StoreOptions};
use crate::wakeups::Wakeups;

/// Everything that requests and the repair task share.
pub(crate) struct App {
    pub(crate) config: Config,
    /// The prefix of `/objects/{token}`.
    pub(crate) public_url: String,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) state: StateStore,
    pub(crate) objects: Objects,
    pub(crate) device: EmbeddedDevice,
    pub(crate) wakeups: Wakeups,
    pub(crate) ingest: Ingest,
    /// Makes what `ingest` does, and then what the embedded device shows, where that is none of it.
    pub(crate) device_ingest: Ingest,
    /// [`Profile::fingerprint`] of both.
    pub(crate) fingerprint: String,
    /// Those that `ingest` makes.
    pub(crate) renditions: NamedRenditions,
    pub(crate) pool: Arc<PixelPool>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) readers: Readers,
    pub(crate) rate_limits: RateLimits,
    pub(crate) chat_locks: ChatLocks,
    /// What the page at `/try` loads, if it makes canonical images itself.
    pub(crate) page_build: Option<PageBuild>,
    /// Whether the server is told to stop, which ends the polls of agents.
    pub(crate) stopping: watch::Sender<bool>,
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
        open_data(&config)?;
        let threads = pixel_threads(&config);
        let pool = Arc::new(PixelPool::start(threads)?);
        let ingest = ingest(&config, limits(&config))?;
        let (width, height) = (config.device.width, config.device.height);
        let device = Device::open(config.data.join("device"), width, height)?;
        let max_wait = Times::of(config.times.queue_ms);
        let (work_guard, ended) = mpsc::channel(1);
        let app = Self {
            public_url,
            trusted_proxies: config.trusted_proxies()?,
            state: open_state(&config).await?,
            objects: Objects::open(&config)?,
            device_ingest: device_ingest(&config, *device.crop())?,
            device: EmbeddedDevice::new(device, Arc::clone(&pool)),
            wakeups: Wakeups::default(),
            fingerprint: ingest.profile().fingerprint(),
            renditions: NamedRenditions::of(ingest.renditions()),
            ingest,
            pool,
            admission: Arc::new(Admission::new(threads, config.work.queue, max_wait, config.work.upload_bytes)),
            readers: Readers::new(config.work.readers),
            rate_limits: RateLimits::new(&config.limits),
            chat_locks: ChatLocks::default(),
            page_build: PageBuild::open(&config)?,
            stopping: watch::Sender::new(false),
            work_guard,
            config,
        };
        Ok((Arc::new(app), ended))
    }
}

/// Refuses the embedded device where several servers could have one each.
pub(crate) fn check_embedded(config: &Config, state: &StateStore) -> Result<(), StartError> {
    if state.is_shared && !config.device.shared_folder { Err(EMBEDDED_ON_POSTGRESQL.into()) } else { Ok(()) }
}

const EMBEDDED_ON_POSTGRESQL: &str = "a number has the embedded device, which is a folder of one server, and the state is \
     in PostgreSQL, which several servers may share: give the number an agent, or set device.shared_folder if all of \
     them have the same data folder";

/// Opens the state only, for the administration.
pub(crate) async fn open_state(config: &Config) -> Result<StateStore, StartError> {
    open_state_as(config, config.database.migrations == MigrationsMode::Auto).await
}

/// Opens the state and brings its schema up to date if `migrate`.
pub(crate) async fn open_state_as(config: &Config, migrate: bool) -> Result<StateStore, StartError> {
    open_data(config)?;
    let file = || format!("sqlite:{}", config.data.join("state.db").display());
    let url = config.database.url.as_ref().map_or_else(file, |url| url.expose().to_owned());
    let options = StoreOptions {
        connections: config.database.connections,
        time_limit: Times::of(config.times.statement_ms),
        notifies: config.database.listen_url.is_some(),
        migrate,
    };
    // The database's own message may quote the URL, and with it a password.
    StateStore::open(&url, &options).await.map_err(|error| match error {
        MigrateError::Database(sqlx::Error::Configuration(_)) => "configuration: database.url cannot be read".into(),
        error if is_of_pooler(&error.to_string()) => POOLER.into(),
        error => format!("state database: {error}").into(),
    })
}

/// Creates the data folder, for its owner alone. A folder and a database that an earlier version created are closed to
/// others as well.
fn open_data(config: &Config) -> Result<(), StartError> {
    std::fs::create_dir_all(&config.data)?;
    close_to_others(&config.data, 0o700)?;
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        close_to_others(&config.data.join(name), 0o600)?;
    }
    Ok(())
}

fn close_to_others(path: &Path, mode: u32) -> Result<(), StartError> {
    let Ok(meta) = std::fs::metadata(path) else {
        return Ok(());
    };
    if meta.permissions().mode() & 0o077 != 0 {
        let closed = std::fs::set_permissions(path, Permissions::from_mode(mode));
        closed.map_err(|e| format!("{} is open to other users, and cannot be closed: {e}", path.display()))?;
    }
    Ok(())
}

/// Whether a pooler is the reason of an error: it refuses the time limits, or gives each statement another connection.
fn is_of_pooler(error: &str) -> bool {
    error.contains("unsupported startup parameter") || error.contains("prepared statement \"")
}

const POOLER: &str = "state database: the pooler in between cannot be used: PgBouncer must be of version 1.21 or later, with \
     max_prepared_statements above 0 and ignore_startup_parameters = options";

/// An ingest that makes what `config` asks for. Facts are always collected: a receipt may be asked for later.
pub(crate) fn ingest(config: &Config, limits: Limits) -> image_ingest::Result<Ingest> {
    builder(config, limits).build()
}

/// The same, which makes `crop` last, under a name that is not configured, where no configured rendition is that.
fn device_ingest(config: &Config, crop: RenditionSpec) -> image_ingest::Result<Ingest> {
    let (builder, configured) = (builder(config, limits(config)), &config.renditions.0);
    if configured.values().any(|spec| *spec == crop) {
        return builder.build();
    }
    let mut names = (0..=configured.len()).map(|n| format!("device-{n}"));
    builder.rendition(names.find(|name| !configured.contains_key(name)).unwrap_or_default(), crop).build()
}

fn builder(config: &Config, limits: Limits) -> IngestBuilder {
    let builder = Ingest::builder().profile(profile(config)).limits(limits).facts(true);
    let renditions = config.renditions.0.iter();
    renditions.fold(builder, |builder, (name, spec)| builder.rendition(name, *spec))
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
