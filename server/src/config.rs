//! The configuration: defaults, overridden by a TOML file, overridden by the environment. It is checked before the
//! server starts.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rendition_settings::RenditionSettings;

/// All settings. A file names fields as here. In the environment, `IMAGE_INGEST__OBJECTS__BUCKET` is `bucket` of
/// `[objects]` and overrides the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address to listen on. Default 127.0.0.1:8080.
    pub(crate) listen: SocketAddr,
    /// The prefix of `/objects/{token}` in a background's URL. Default `http://` and the address.
    pub(crate) public_url: Option<String>,
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
    /// The longest time for a request's head. Default 10 000.
    pub(crate) header_ms: u64,
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
            public_url: None,
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
        Self { width: 1170, height: 2532 }
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
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            header_ms: 10_000,
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

/// Text that must not be printed; `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("configuration {0}")]
    Unreadable(String, #[source] std::io::Error),
    /// The parser's message without the line that it would quote, which may hold a secret.
    #[error("configuration: {0}")]
    Malformed(String),
    #[error("configuration: {0}")]
    Wrong(&'static str),
}

impl Config {
    /// The configuration of `file`, where one is named, and of `environment`.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(file) => parse(&read(file)?)?,
            None => toml::Table::new(),
        };
        let known = toml::Table::try_from(Self::default()).map_err(|e| ConfigError::Malformed(e.to_string()))?;
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("IMAGE_INGEST__") {
                set(&mut table, &known, &path.to_ascii_lowercase(), value)?;
            }
        }
        let config: Self = table.try_into().map_err(|e: toml::de::Error| ConfigError::Malformed(e.message().into()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let require = |holds: bool, what| if holds { Ok(()) } else { Err(ConfigError::Wrong(what)) };
        let is_url =
            |url: &Option<String>| url.as_deref().is_none_or(|u| u.starts_with("http://") || u.starts_with("https://"));
        let s3 = self.objects.kind == ObjectsKind::S3;
        let work = &self.work;
        require(
            self.encoding == StoredEncoding::Jpeg || cfg!(feature = "webp-encode"),
            "encoding is webp, and this server was built without the feature webp-encode",
        )?;
        require(is_url(&self.public_url), "public_url is no http or https URL")?;
        require(is_url(&self.objects.public_url), "objects.public_url is no http or https URL")?;
        require(is_url(&self.objects.endpoint), "objects.endpoint is no http or https URL")?;
        require(!s3 || self.objects.bucket.is_some(), "objects.bucket is missing")?;
        require(!s3 || self.objects.public_url.is_some(), "objects.public_url is missing")?;
        require((1..=16_383).contains(&self.device.width), "device.width is outside 1 to 16 383")?;
        require((1..=16_383).contains(&self.device.height), "device.height is outside 1 to 16 383")?;
        require(work.pixel_threads <= 1024, "work.pixel_threads is over 1024")?;
        require((1..=1 << 20).contains(&work.connections), "work.connections is outside 1 to 1 048 576")?;
        require(work.drains <= 1 << 20, "work.drains is over 1 048 576")?;
        require(self.times.drain_ms <= 600_000, "times.drain_ms is over 600 000")?;
        require(self.times.hold_ms <= self.times.drain_ms, "times.hold_ms is over times.drain_ms")?;
        require(work.max_upload_bytes > 0, "work.max_upload_bytes is 0")?;
        require(work.upload_bytes >= work.max_upload_bytes, "work.upload_bytes is below work.max_upload_bytes")?;
        require(self.database.connections > 0, "database.connections is 0")?;
        require(self.times.statement_ms > 0 && self.times.answer_ms > 0, "times.statement_ms or answer_ms is 0")?;
        require(self.times.history_days <= 36_500, "times.history_days is over 36 500")?;
        require(self.times.repair_ms > 0, "times.repair_ms is 0")
    }

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

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|e| ConfigError::Unreadable(file.display().to_string(), e))
}

fn parse(text: &str) -> Result<toml::Table, ConfigError> {
    text.parse::<toml::Table>().map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
        ConfigError::Malformed(format!("line {line}: {}", e.message()))
    })
}

/// Sets `section__field` or `field` in `table`. The value becomes a number only if the default is a number, so that a
/// secret may consist of digits.
fn set(table: &mut toml::Table, known: &toml::Table, path: &str, value: String) -> Result<(), ConfigError> {
    let (table, known, field) = match path.split_once("__") {
        None => (table, Some(known), path),
        Some((section, field)) => {
            let inner = table.entry(section).or_insert_with(|| toml::Table::new().into());
            let inner = inner.as_table_mut().ok_or(ConfigError::Wrong("the environment names a field as a section"))?;
            (inner, known.get(section).and_then(toml::Value::as_table), field)
        }
    };
    let is_number = known.and_then(|k| k.get(field)).is_some_and(toml::Value::is_integer);
    let value = match value.parse::<i64>() {
        Ok(number) if is_number => toml::Value::Integer(number),
        _ => toml::Value::String(value),
    };
    table.insert(field.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        written.write_all(file.as_bytes()).unwrap();
        Config::load(Some(written.path()), environment.iter().map(|(k, v)| ((*k).into(), (*v).into())))
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let file = "data = \"/srv\"\n[work]\nqueue = 3\npixel_threads = 5\n";
        let config = load(file, &[("IMAGE_INGEST__WORK__QUEUE", "9"), ("IMAGE_INGEST__LISTEN", "0.0.0.0:1")]).unwrap();
        assert_eq!((config.work.queue, config.work.pixel_threads, config.listen.port()), (9, 5, 1));
        assert_eq!((config.data, config.times.device_ms), (PathBuf::from("/srv"), 10_000));
    }

    #[test]
    fn renditions_come_from_the_file_and_from_the_environment() {
        let file = "[renditions]\ncard = \"fit:640\"\nthumb = \"fit:9\"\n";
        let config = load(file, &[("IMAGE_INGEST__RENDITIONS__THUMB", "cover:256x256@0.5,0.3")]).unwrap();
        let renditions: Vec<_> = config.renditions.0.iter().map(|(name, spec)| format!("{name}={spec}")).collect();
        assert_eq!(renditions, ["card=fit:640:jpeg85", "thumb=cover:256x256@0.5,0.3:jpeg85"]);
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        let digits = "1".repeat(40);
        let environment = [("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", digits.as_str())];
        assert_eq!(load("", &environment).unwrap().objects.secret_access_key.unwrap().expose(), digits);
    }

    #[test]
    fn mistakes_are_named() {
        for (file, named) in [
            ("quue = 1", "quue"),
            ("[work]\nqueue = \"many\"", "expected"),
            ("[objects]\nkind = \"s3\"", "objects.bucket is missing"),
            ("[device]\ngateway = \"http\"", "gateway"),
            ("public_url = \"ftp://x\"", "public_url"),
            ("[work]\ndrains = 2000000", "work.drains"),
            ("[times]\ndrain_ms = 3600000", "times.drain_ms"),
            ("[times]\ndrain_ms = 1000", "times.hold_ms"),
            ("listen = ", "line 1"),
        ] {
            let error = load(file, &[]).unwrap_err().to_string();
            assert!(error.contains(named), "{file}: {error}");
        }
    }

    #[test]
    fn webp_takes_its_encoder() {
        let webp = load("", &[("IMAGE_INGEST__ENCODING", "webp")]);
        if cfg!(feature = "webp-encode") {
            assert_eq!(webp.unwrap().encoding, StoredEncoding::Webp);
        } else {
            let error = webp.unwrap_err().to_string();
            assert!(error.contains("built without the feature webp-encode"), "{error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let file = "[database]\nurl = \"postgres://u:canary@h/d\"\n[objects]\nsecret_access_key = \"canary\"";
        assert!(!format!("{:?}", load(file, &[]).unwrap()).contains("canary"));
        let error = load("[objects]\nsecret_access_key = \"canary\nwidth = 3", &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
