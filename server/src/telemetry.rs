//! Log and metrics of the process.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::app::StartError;
use crate::config::{LogFormat, LogLevel};

/// Starts the log on stderr, and the metrics.
pub(crate) fn start(format: LogFormat, level: LogLevel) -> Result<(), StartError> {
    // Below errors, dependencies log SQL statements and addresses, which must not be in the log at any level.
    let filter = Targets::new().with_default(LevelFilter::ERROR).with_target("image_ingest_server", level.filter());
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init()?,
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init()?,
    }
    let recorder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?.build_recorder();
    HANDLE.set(recorder.handle()).map_err(|_| "metrics were started twice")?;
    metrics::set_global_recorder(recorder).map_err(|e| e.to_string())?;
    describe();
    Ok(())
}

impl LogLevel {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0];

/// The interval of [`upkeep`], short enough to keep histograms small.
pub(crate) const UPKEEP: Duration = Duration::from_secs(5);

pub(crate) fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// The metrics in Prometheus's text format.
pub(crate) fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

fn describe() {
    metrics::describe_counter!("ingest_requests_total", "Answers by method, route, status and code.");
    metrics::describe_histogram!("ingest_request_seconds", "Time from a request's head to its answer.");
    metrics::describe_histogram!(
        "ingest_pixel_seconds",
        "Time of an upload in the pool of pixel threads, from its permit to its result."
    );
    metrics::describe_counter!("ingest_device_calls_total", "Calls to devices by result.");
    metrics::describe_histogram!("ingest_device_seconds", "Time of a call to a device.");
    metrics::describe_gauge!("ingest_pending_changes", "Changes that devices have not applied yet.");
    metrics::describe_gauge!("ingest_uploads_waiting", "Uploads that wait for a pixel thread.");
    metrics::describe_gauge!("ingest_upload_bytes", "Bytes of uploads in memory.");
    metrics::describe_gauge!("ingest_drains", "Request bodies that are being drained after their answer.");
    metrics::describe_counter!(
        "ingest_drains_total",
        "Request bodies drained after their answer, by how that ended: by the client, or cut by a limit of time, rate or length."
    );
    metrics::describe_counter!(
        "ingest_drains_refused_total",
        "Request bodies not drained because too many others were."
    );
    metrics::describe_gauge!("ingest_objects_sent", "Objects that are being sent.");
    metrics::describe_counter!("ingest_answers_cut_total", "Answers that a client took too slowly.");
    metrics::describe_counter!("ingest_rate_limited_total", "Requests over a limit of their key or address, by limit.");
    describe_parts();
    metrics::describe_counter!("ingest_object_errors_total", "Objects that could not be stored.");
    metrics::describe_counter!("ingest_database_errors_total", "Failures of the state database.");
    metrics::describe_counter!("ingest_objects_erased_total", "Unused objects erased.");
    metrics::describe_counter!("ingest_uploads_left_total", "Uploads whose client disconnected during the pixel work.");
}

/// Pools, the store, the database and agents.
fn describe_parts() {
    metrics::describe_gauge!("ingest_pixel_threads", "Pixel threads, busy and idle.");
    metrics::describe_gauge!("ingest_database_connections", "Connections to the database, busy and idle.");
    metrics::describe_gauge!("ingest_database_connections_limit", "Connections to the database that there may be.");
    metrics::describe_histogram!("ingest_database_seconds", "Time of a statement, the wait for a connection included.");
    metrics::describe_counter!("ingest_store_calls_total", "Calls to the object store by result.");
    metrics::describe_histogram!("ingest_store_seconds", "Time of a call to the object store.");
    metrics::describe_gauge!("ingest_store_paused", "1 while the object store is left alone, since it failed.");
    metrics::describe_gauge!(
        "ingest_spool_images",
        "Images in the database that the store has not taken, of all nodes."
    );
    metrics::describe_gauge!("ingest_spool_bytes", "Their bytes.");
    metrics::describe_gauge!("ingest_spool_bytes_limit", "Their bytes that there may be.");
    metrics::describe_gauge!("ingest_agent_silent_seconds", "Time since an agent last asked for changes, of any node.");
    metrics::describe_gauge!(
        "ingest_agent_pending_changes",
        "Changes that an agent has not answered for, of all nodes."
    );
    metrics::describe_counter!("ingest_agent_changes_total", "Changes given to an agent by this node.");
    metrics::describe_counter!("ingest_agent_answers_total", "Answers of an agent to this node, by outcome.");
}
