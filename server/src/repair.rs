//! Completes what a failure or a crash left unfinished, each kind in a task of its own, so that none waits for another:
//! sends changes that the embedded device has not applied, stores spooled images, erases unused objects, and deletes
//! what is kept for a time only.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream;
use image_ingest::ContentId;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::config::Times;
use crate::crash;
use crate::gauges::MEASURED_EVERY;
use crate::made_image::MadeImage;
use crate::refusal::Refusal;
use crate::state::{DueChange, EMBEDDED, now};
use crate::telemetry;

/// Starts the repairs, which go on until they are aborted.
pub(crate) fn start(app: &Arc<App>) -> Vec<JoinHandle<()>> {
    let interval = Times::of(app.config.times.repair_ms);
    vec![
        repeat(app, "deliver", interval, |app| async move { app.deliver_due().await }),
        repeat(app, "store", interval, |app| async move { app.store_spooled().await }),
        repeat(app, "collect", interval, |app| async move { app.collect().await }),
        repeat(app, "forget", interval.max(FORGET_EVERY), |app| async move { app.forget().await }),
        repeat(
            app,
            "key uses",
            interval.max(KEY_USES_EVERY),
            |app| async move { Ok(app.state.write_key_uses().await?) },
        ),
        repeat(app, "measure", MEASURED_EVERY, |app| async move { app.measure_shared().await }),
        repeat(app, "upkeep", telemetry::UPKEEP, |_| async {
            telemetry::upkeep();
            Ok(())
        }),
    ]
}

fn repeat<F>(
    app: &Arc<App>,
    what: &'static str,
    interval: Duration,
    work: impl Fn(Arc<App>) -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = Result<(), Refusal>> + Send,
{
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            log_failure(what, work(Arc::clone(&app)).await);
        }
    })
}

fn log_failure(what: &'static str, result: Result<(), Refusal>) {
    if let Err(refusal) = result {
        tracing::error!(what, code = refusal.code(), "a repair failed and is tried again");
    }
}

impl App {
    /// Sends changes that are due to the embedded device, each under its chat's lock.
    async fn deliver_due(&self) -> Result<(), Refusal> {
        let pending = self.state.pending_count().await?;
        metrics::gauge!("ingest_pending_changes").set(f64::from(u32::try_from(pending).unwrap_or(u32::MAX)));
        if pending == 0 {
            return Ok(());
        }
        self.state.route_pending().await?;
        while self.state.is_due(EMBEDDED).await? {
            let due = self.state.take_due(EMBEDDED, now() + self.first_retry_ms(), DUE_AT_ONCE).await?;
            if due.is_empty() {
                break;
            }
            crash::point("repair_claimed");
            let sent = stream::iter(due).map(|due| self.deliver_one(due)).buffer_unordered(DEVICES_AT_ONCE);
            sent.for_each(|result| async { log_failure("deliver", result) }).await;
        }
        Ok(())
    }

    async fn deliver_one(&self, due: DueChange) -> Result<(), Refusal> {
        let lock = self.chat_locks.lock(&due.key).await;
        if lock.waited && self.state.situation(&due.key, None).await?.chat.version != due.version {
            return Ok(());
        }
        match self.deliver_here(&due, None).await {
            Err(Refusal::Device { .. }) | Ok(_) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Stores spooled images, and removes those that no chat needs any more from the spool.
    async fn store_spooled(&self) -> Result<(), Refusal> {
        for (account, id) in self.state.lacking(SPOOLED_AT_ONCE).await? {
            if !self.store_one(&account, id).await? {
                return Ok(());
            }
        }
        Ok(self.state.unspool(now() - SPOOL_GRACE_MS).await?)
    }

    /// Stores a spooled image for an account; false if the store still fails.
    async fn store_one(&self, account: &str, id: ContentId) -> Result<bool, Refusal> {
        match self.state.spooled(id).await? {
            Some(image) => self.store_spooled_image(account, &image).await,
            None => Ok(true),
        }
    }

    /// Moves images that an earlier version spooled in the data folder to the database.
    pub(crate) async fn import_spool(&self) -> Result<(), Refusal> {
        for (path, id) in self.objects.spooled_files() {
            let Ok(bytes) = tokio::fs::read(&path).await else { continue };
            let is_whole = ContentId::of(&bytes) == id;
            let image = MadeImage { id, bytes: bytes.into(), renditions: Vec::new(), crop: None };
            if !is_whole || self.state.spool(&image, self.config.objects.spool_bytes).await? {
                // Should this fail, the next start imports it again.
                let _ = tokio::fs::remove_file(&path).await;
            }
        }
        Ok(())
    }

    /// Erases objects that no chat refers to any more, and after the grace time those of abandoned intents.
    async fn collect(&self) -> Result<(), Refusal> {
        let grace = self.config.times.grace_ms;
        let before = now() - i64::try_from(grace).unwrap_or(i64::MAX / 2);
        loop {
            let again = now() + i64::try_from(self.config.times.objects_ms).unwrap_or(i64::MAX / 4) + 2_000;
            let mut tokens = self.state.begin_erasing(now(), again, ERASED_AT_ONCE).await?;
            tokens.extend(self.state.begin_collecting(before, ERASED_AT_ONCE).await?);
            if tokens.is_empty() {
                break;
            }
            crash::point("erasing");
            let erased = self.objects.erase(&tokens).await;
            crash::point("erased");
            self.state.end_erasing(&erased).await?;
            metrics::counter!("ingest_objects_erased_total").increment(erased.len() as u64);
            if erased.len() < tokens.len() {
                // The store fails; the rest is tried again later.
                break;
            }
        }
        let staged = SystemTime::now().checked_sub(Times::of(grace)).unwrap_or(SystemTime::UNIX_EPOCH);
        self.objects.remove_staged(staged).map_err(|_| Refusal::StorageUnavailable)
    }

    /// Deletes answers and history that are old enough, in batches.
    async fn forget(&self) -> Result<(), Refusal> {
        while self.state.forget_answers(now() - ANSWERS_KEPT_MS).await? {
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
        let days = i64::try_from(self.config.times.history_days).unwrap_or(0);
        let mut from = (days > 0).then_some(0);
        while let Some(start) = from {
            from = self.state.forget_history(start, now() - days * DAY_MS).await?;
            tokio::time::sleep(BETWEEN_BATCHES).await;
        }
        Ok(())
    }
}

const DUE_AT_ONCE: i64 = 64;
const DEVICES_AT_ONCE: usize = 8;
const SPOOLED_AT_ONCE: i64 = 100;

/// A bucket erases a thousand objects by one request.
const ERASED_AT_ONCE: i64 = 1_000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const ANSWERS_KEPT_MS: i64 = DAY_MS;
const SPOOL_GRACE_MS: i64 = 60_000;

/// The walk through the history reads an index, but all of it.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);
const KEY_USES_EVERY: Duration = Duration::from_secs(60);
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
