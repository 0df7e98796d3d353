//! All settings with their defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use crate::rendition_settings::RenditionSettings;

/// All settings. A file names fields as here. In the environment, `IMAGE_INGEST__OBJECTS__BUCKET` is `bucket` of
/// `[objects]` and overrides the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address to listen on. Default 127.0.0.1:8080.
    pub(crate) listen: SocketAddr,
    /// Address of a listener for `/healthz`, `/readyz` and `/metrics` alone, which `listen` then does not have.
    pub(crate) operations_listen: Option<SocketAddr>,
    /// The prefix of `/objects/{token}` in a background's URL. Default `http://` and the address; an address that stands
    /// for all of a machine, such as 0.0.0.0, needs one.
    pub(crate) public_url: Option<String>,
    /// Addresses and networks of proxies whose `X-Forwarded-For` names the client. Default none.
    pub(crate) trusted_proxies: Vec<String>,
    /// Whether there is a page to try an upload, at `/try`. Default true.
    pub(crate) try_page: bool,
    /// The folder of all local files. Default `data`.
    pub(crate) data: PathBuf,
    /// `text` or `json`. Default `text`.
    pub(crate) log: LogFormat,
    /// What is logged: `error`, `warn`, `info`, or `debug`, which adds requests for health and metrics and polls of agents.
    /// Default `info`.
    pub(crate) log_level: LogLevel,
    /// The encoding of what is stored from now on: `jpeg`, or `webp` in a server that was built with the feature
    /// `webp-encode`. Default `jpeg`.
    pub(crate) encoding: StoredEncoding,
    /// Further sizes that are made of each image and stored with it, by name: `card = "fit:640"`. Default: none.
    pub(crate) renditions: RenditionSettings,
    pub(crate) database: DatabaseConfig,
    pub(crate) objects: ObjectsConfig,
    pub(crate) device: DeviceConfig,
    pub(crate) work: WorkConfig,
    pub(crate) times: Times,
    pub(crate) limits: LimitsConfig,
    pub(crate) cors: CorsConfig,
    pub(crate) page: PageConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoredEncoding {
    #[default]
    Jpeg,
    Webp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    /// A `sqlite:` or `postgres:` URL. Default `state.db` in the data folder.
    pub(crate) url: Option<Secret>,
    /// PostgreSQL: a URL for one connection that waits for notices of other nodes, not through a pooler. All nodes have
    /// one, or none: without it, a node looks every second.
    pub(crate) listen_url: Option<Secret>,
    /// The most connections to the database. Default 8.
    pub(crate) connections: u32,
    /// `auto` brings the schema up to date when the server starts; `manual` leaves that to the command `migrate`.
    pub(crate) migrations: MigrationsMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MigrationsMode {
    #[default]
    Auto,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ObjectsKind {
    #[default]
    Local,
    S3,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ObjectsConfig {
    /// `local` or `s3`. Default `local`, in the data folder.
    pub(crate) kind: ObjectsKind,
    /// S3: the bucket, which readers access at `public_url`.
    pub(crate) bucket: Option<String>,
    /// S3: the region; `auto` for R2. Default `us-east-1`.
    pub(crate) region: Option<String>,
    /// S3: the endpoint, if it is not Amazon's.
    pub(crate) endpoint: Option<String>,
    /// S3: the prefix of an object's key in its URL for readers.
    pub(crate) public_url: Option<String>,
    pub(crate) access_key_id: Option<Secret>,
    pub(crate) secret_access_key: Option<Secret>,
    /// The most bytes of images that wait in the database for a store that fails. Default 256 MiB.
    pub(crate) spool_bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeviceConfig {
    /// Screen of the embedded device, in pixels. Default 1170 × 2532.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// PostgreSQL: says that all servers of the database have the same data folder, without which the embedded device is
    /// refused. Default false.
    pub(crate) shared_folder: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorkConfig {
    /// Threads that work on pixels. Default 0: one for each CPU.
    pub(crate) pixel_threads: usize,
    /// Uploads that may wait for a pixel thread; while so many wait, others are refused as overloaded. Default 16.
    pub(crate) queue: usize,
    /// The most bytes of all uploads in memory. Default 256 MiB.
    pub(crate) upload_bytes: u64,
    /// The most bytes for the pixels of one upload; all uploads need at most `pixel_threads` times this. Default 512
    /// MiB.
    pub(crate) job_bytes: u64,
    /// The most bytes of one upload. Default 10 485 760.
    pub(crate) max_upload_bytes: u64,
    /// The most open connections. Default 2048.
    pub(crate) connections: usize,
    /// Bodies that may be drained at the same time, after their request was answered. Default 256.
    pub(crate) drains: usize,
    /// Objects that may be sent at the same time; further requests are refused as overloaded. Default 512.
    pub(crate) readers: usize,
}

/// Limits for one key or one address, counted by each server alone. 0 is no limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsConfig {
    /// Requests with one key in a minute. Default 0.
    pub(crate) key_requests_per_minute: u32,
    /// PUTs with one key in a day. Default 0.
    pub(crate) key_uploads_per_day: u32,
    /// Requests from one address, or one IPv6 network of 64 bits, in a minute. Default 0.
    pub(crate) address_requests_per_minute: u32,
    /// PUTs from one address in a day. Default 0.
    pub(crate) address_uploads_per_day: u32,
    /// Look-ups of unknown keys and credentials for one address in a minute. Default 0.
    pub(crate) address_unknown_keys_per_minute: u32,
    /// Look-ups of unknown keys and credentials in a second over all clients, which may be five times as many at once.
    /// Unknown is what was not good within the last hour. Further ones are refused as overloaded. Default 200.
    pub(crate) unknown_keys_per_second: u32,
    /// Answers that one account may have stored for idempotency keys, each for a day. Default 100 000.
    pub(crate) idempotency_keys: u32,
}

/// What pages of other origins may do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CorsConfig {
    /// The origins, such as `https://app.example`, or `*` for all. Default none.
    pub(crate) origins: Vec<String>,
}

/// The page at `/try`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PageConfig {
    /// A folder with the npm package's build. With it the page makes the canonical image before it sends anything.
    pub(crate) wasm_dir: Option<PathBuf>,
}

/// Times in milliseconds, and rates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Times {
    /// The longest time for a request's head, from its first byte, or from the start of the connection. Default 10 000.
    pub(crate) header_ms: u64,
    /// How long a connection without a request is kept. Default 75 000.
    pub(crate) keep_alive_ms: u64,
    /// How long a client may take an answer more slowly than `write_bytes_per_second`. Default 30 000.
    pub(crate) write_ms: u64,
    /// The least rate at which a client takes an answer. Default 1024.
    pub(crate) write_bytes_per_second: u64,
    /// The longest pause within a body. Default 15 000.
    pub(crate) idle_ms: u64,
    /// The longest time for a whole body. Default 300 000.
    pub(crate) body_ms: u64,
    /// How long a body may arrive more slowly than `body_bytes_per_second`. Default 10 000.
    pub(crate) slow_ms: u64,
    /// The least mean rate of a body after `slow_ms`. Default 1024.
    pub(crate) body_bytes_per_second: u64,
    /// The longest time that a refusal waits for the end of its request's body. Default 2 000.
    pub(crate) hold_ms: u64,
    /// The longest time that a body is drained after its request was answered. Default 10 000.
    pub(crate) drain_ms: u64,
    /// The least rate of a body that is drained; a slower one is cut. Default 65 536.
    pub(crate) drain_bytes_per_second: u64,
    /// The longest wait of an upload for a pixel thread, from the end of its body. Default 10 000.
    pub(crate) queue_ms: u64,
    /// The longest CPU time for one upload's pixels. Default 60 000.
    pub(crate) pixels_ms: u64,
    /// The longest time that a change waits for its device. Default 10 000.
    pub(crate) device_ms: u64,
    /// The longest time for one call to the object store. Default 10 000.
    pub(crate) objects_ms: u64,
    /// The longest time for one statement of PostgreSQL. Default 5 000.
    pub(crate) statement_ms: u64,
    /// The longest time from the end of a request's body to its answer. Default 120 000.
    pub(crate) answer_ms: u64,
    /// The longest time that a shutdown waits for requests in progress. Default 15 000.
    pub(crate) stop_ms: u64,
    /// The interval at which repairs look for pending changes, spooled images and unused objects. Default 1 000.
    pub(crate) repair_ms: u64,
    /// The grace time: how long an object is kept whose change was never committed. Default 3 600 000.
    pub(crate) grace_ms: u64,
    /// How many days the history keeps changes; each chat's last one always stays. Default 90; 0 is for ever.
    pub(crate) history_days: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            operations_listen: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            try_page: true,
            data: "data".into(),
            log: LogFormat::Text,
            log_level: LogLevel::default(),
            encoding: StoredEncoding::default(),
            renditions: RenditionSettings::default(),
            database: DatabaseConfig::default(),
            objects: ObjectsConfig::default(),
            device: DeviceConfig::default(),
            work: WorkConfig::default(),
            times: Times::default(),
            limits: LimitsConfig::default(),
            cors: CorsConfig::default(),
            page: PageConfig::default(),
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, listen_url: None, connections: 8, migrations: MigrationsMode::Auto }
    }
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self {
            kind: ObjectsKind::Local,
            bucket: None,
            region: None,
            endpoint: None,
            public_url: None,
            access_key_id: None,
            secret_access_key: None,
            spool_bytes: 256 << 20,
        }
    }
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self { width: 1170, height: 2532, shared_folder: false }
    }
}

impl Default for WorkConfig {
    fn default() -> Self {
        Self {
            pixel_threads: 0,
            queue: 16,
            upload_bytes: 256 << 20,
            job_bytes: 512 << 20,
            max_upload_bytes: 10 << 20,
            connections: 2048,
            drains: 256,
            readers: 512,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            key_requests_per_minute: 0,
            key_uploads_per_day: 0,
            address_requests_per_minute: 0,
            address_uploads_per_day: 0,
            address_unknown_keys_per_minute: 0,
            unknown_keys_per_second: 200,
            idempotency_keys: 100_000,
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            header_ms: 10_000,
            keep_alive_ms: 75_000,
            write_ms: 30_000,
            write_bytes_per_second: 1024,
            idle_ms: 15_000,
            body_ms: 300_000,
            slow_ms: 10_000,
            body_bytes_per_second: 1024,
            hold_ms: 2_000,
            drain_ms: 10_000,
            drain_bytes_per_second: 64 << 10,
            queue_ms: 10_000,
            pixels_ms: 60_000,
            device_ms: 10_000,
            objects_ms: 10_000,
            statement_ms: 5_000,
            answer_ms: 120_000,
            stop_ms: 15_000,
            repair_ms: 1_000,
            grace_ms: 3_600_000,
            history_days: 90,
        }
    }
}

impl Config {
    /// The prefix of `/objects/{token}`, without a slash at its end.
    pub(crate) fn public_url(&self, address: SocketAddr) -> String {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        url.trim_end_matches('/').to_owned()
    }
}

impl Times {
    /// Turns a field of this configuration into a `Duration`.
    pub(crate) fn of(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }
}
