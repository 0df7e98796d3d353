//! Completes what a failure or a crash left unfinished: sends changes that devices have not applied, stores spooled
//! objects, and erases unused objects.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream;
use image_ingest::ContentId;

use crate::app::App;
use crate::config::Times;
use crate::crash;
use crate::refusal::Refusal;
use crate::state::{PendingChange, Unused, now};
use crate::telemetry;
use crate::token::token;

/// Repairs at regular intervals until the task is dropped.
pub(crate) async fn repair(app: Arc<App>) {
    let mut ticks = tokio::time::interval(Times::of(app.config.times.repair_ms));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Unused objects are looked for once per grace time, but at least every 60 intervals.
    let collect_every = (app.config.times.grace_ms / app.config.times.repair_ms).clamp(1, 60);
    for tick in 0_u64.. {
        ticks.tick().await;
        log_failure("deliver", app.deliver_due().await);
        log_failure("store", app.store_spooled().await);
        if tick.is_multiple_of(collect_every) {
            log_failure("collect", app.collect().await);
        }
    }
}

/// Runs the metrics recorder's upkeep at regular intervals, which bounds the memory of histograms.
pub(crate) async fn upkeep() {
    let mut ticks = tokio::time::interval(telemetry::UPKEEP);
    loop {
        ticks.tick().await;
        telemetry::upkeep();
    }
}

fn log_failure(what: &'static str, result: Result<(), Refusal>) {
    if let Err(refusal) = result {
        tracing::error!(what, code = refusal.code(), "a repair failed and is tried again");
    }
}

impl App {
    /// Sends changes that are due, each under its chat's lock.
    async fn deliver_due(self: &Arc<Self>) -> Result<(), Refusal> {
        let pending = self.state.pending_count().await?;
        metrics::gauge!("ingest_pending_changes").set(f64::from(u32::try_from(pending).unwrap_or(u32::MAX)));
        let due = self.state.due(now(), DUE_AT_ONCE).await?;
        let sent = stream::iter(due).map(|due| self.deliver_one(due)).buffer_unordered(DEVICES_AT_ONCE);
        sent.for_each(|result| async { log_failure("deliver", result) }).await;
        Ok(())
    }

    async fn deliver_one(self: &Arc<Self>, due: PendingChange) -> Result<(), Refusal> {
        let _lock = self.chat_locks.lock(&due.key).await;
        if !self.state.claim(&due, now() + self.first_retry_ms()).await? {
            return Ok(());
        }
        crash::point("repair_claimed");
        let chat = self.state.chat(&due.key).await?;
        if chat.is_applied() || chat.version != due.version {
            return Ok(());
        }
        match self.deliver(&due.key, &chat, None, due.attempts + 1).await {
            Err(Refusal::Device { .. } | Refusal::NoActiveNumber) | Ok(()) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Stores spooled objects, and removes those that no chat needs any more from the spool.
    async fn store_spooled(&self) -> Result<(), Refusal> {
        for id in self.objects.all_spooled().await.map_err(|_| Refusal::StorageUnavailable)? {
            let accounts = self.state.accounts_lacking(id).await?;
            // An upload is spooled before its change is committed.
            if accounts.is_empty() && self.objects.is_spooled_before(id, long_ago(SPOOL_GRACE)).await {
                self.objects.unspool(id).await;
            }
            for account in accounts {
                if !self.store_one(&account, id).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Stores a spooled object for an account; false if the store still fails.
    async fn store_one(&self, account: &str, id: ContentId) -> Result<bool, Refusal> {
        let Some(bytes) = self.objects.spooled(id).await.map_err(|_| Refusal::StorageUnavailable)? else {
            return Ok(true);
        };
        let token = token();
        self.state.intend(&token).await?;
        if self.objects.put(&token, bytes).await.is_err() {
            return Ok(false);
        }
        crash::point("repair_stored");
        self.state.attach(account, id, &token).await?;
        Ok(true)
    }

    /// Erases objects that no chat has referred to for the grace time, and those of abandoned intents.
    async fn collect(&self) -> Result<(), Refusal> {
        let grace = self.config.times.grace_ms;
        let before = now() - i64::try_from(grace).unwrap_or(i64::MAX / 2);
        self.state.forget_answers(now() - ANSWERS_KEPT_MS).await?;
        for unused in self.state.unused(before).await? {
            if !self.state.begin_erasing(&unused).await? {
                continue;
            }
            crash::point("erasing");
            let (Unused::Object(token) | Unused::Intent(token)) = &unused;
            if self.objects.erase(token).await.is_err() {
                continue;
            }
            crash::point("erased");
            self.state.end_erasing(&unused).await?;
            metrics::counter!("ingest_objects_erased_total").increment(1);
        }
        let staged = self.objects.remove_staged(long_ago(Times::of(grace)));
        staged.map_err(|_| Refusal::StorageUnavailable)
    }
}

const DUE_AT_ONCE: i64 = 64;
const DEVICES_AT_ONCE: usize = 8;

/// A day.
const ANSWERS_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

const SPOOL_GRACE: Duration = Duration::from_secs(60);

fn long_ago(time: Duration) -> SystemTime {
    SystemTime::now().checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH)
}
