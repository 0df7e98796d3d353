//! Finishes what a failure or a crash left: changes that devices have not taken, objects that the store has not,
//! and objects that nothing refers to.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream;
use image_ingest::ContentId;

use crate::app::App;
use crate::config::Times;
use crate::crash;
use crate::refusal::Refusal;
use crate::state::{Due, Unused, now};
use crate::telemetry;
use crate::token::token;

/// Repairs until the task is dropped.
pub(crate) async fn repair(app: Arc<App>) {
    let mut ticks = tokio::time::interval(Times::of(app.config.times.repair_ms));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // A short grace wants its objects looked for as often.
    let seldom = (app.config.times.grace_ms / app.config.times.repair_ms).clamp(1, 60);
    for tick in 0_u64.. {
        ticks.tick().await;
        note("deliver", app.deliver_due().await);
        note("store", app.store_spooled().await);
        if tick.is_multiple_of(seldom) {
            note("collect", app.collect().await);
        }
    }
}

/// Keeps the metrics small.
pub(crate) async fn upkeep() {
    let mut ticks = tokio::time::interval(telemetry::UPKEEP);
    loop {
        ticks.tick().await;
        telemetry::upkeep();
    }
}

fn note(what: &'static str, result: Result<(), Refusal>) {
    if let Err(refusal) = result {
        tracing::error!(what, code = refusal.code(), "a repair failed and is tried again");
    }
}

impl App {
    /// Sends changes that are due, each chat in its turn.
    async fn deliver_due(self: &Arc<Self>) -> Result<(), Refusal> {
        let pending = self.state.pending_count().await?;
        metrics::gauge!("ingest_pending_changes").set(f64::from(u32::try_from(pending).unwrap_or(u32::MAX)));
        let due = self.state.due(now(), DUE_AT_ONCE).await?;
        let sent = stream::iter(due).map(|due| self.deliver_one(due)).buffer_unordered(DEVICES_AT_ONCE);
        sent.for_each(|result| async { note("deliver", result) }).await;
        Ok(())
    }

    async fn deliver_one(self: &Arc<Self>, due: Due) -> Result<(), Refusal> {
        let _turn = self.turns.take(&due.key).await;
        if !self.state.claim(&due, now() + self.device_patience()).await? {
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

    /// Stores what was spooled, and forgets what no chat wants any more.
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

    /// Stores a spooled object for an account; false where the store still fails.
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

    /// Erases objects that no chat has referred to for the grace, and those of abandoned intents.
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

/// A day, as caches are told.
const ANSWERS_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

const SPOOL_GRACE: Duration = Duration::from_secs(60);

fn long_ago(time: Duration) -> SystemTime {
    SystemTime::now().checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH)
}
