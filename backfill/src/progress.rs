//! The bar on standard error, and the counts behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::outcome::Outcome;

/// How far a run has come. Clones share their counts.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    refused: Arc<Mutex<u64>>,
}

/// What was done for a shard, as a line of the output.
#[derive(Debug, Serialize)]
pub(crate) struct ShardLine {
    pub(crate) shard: u32,
    /// `committed`, `already` or `lost`.
    pub(crate) outcome: &'static str,
    pub(crate) attempt: Option<u32>,
    pub(crate) rows: usize,
    pub(crate) codes: BTreeMap<String, u64>,
    pub(crate) cpu_ms: f64,
    pub(crate) seconds: f64,
}

/// How a run ended, as the last line of the output.
#[derive(Debug, Serialize)]
pub(crate) struct EndLine {
    /// Shards that the run was asked for.
    pub(crate) shards: usize,
    /// Those of them that have no results.
    pub(crate) missing: Vec<u32>,
    pub(crate) seconds: f64,
}

impl Progress {
    /// Starts the clock and, if standard error is a terminal, the bar.
    pub(crate) fn start(rows: u64) -> Self {
        // The bar is hidden if standard error is not a terminal.
        let bar = ProgressBar::new(rows);
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {per_sec} eta {eta} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, started: Instant::now(), refused: Arc::default() }
    }

    /// Counts a row.
    pub(crate) fn row(&self, outcome: &Outcome) {
        if !outcome.verdict.is_accepted() {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            *refused += 1;
            self.bar.set_message(format!("({refused} refused)"));
        }
        self.bar.inc(1);
    }

    /// Counts the rows of a shard that another run has done.
    pub(crate) fn skip(&self, rows: u64) {
        self.bar.inc(rows);
    }

    pub(crate) fn seconds(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3
    }

    /// Runs `write` with the bar hidden, for output on the same terminal.
    pub(crate) fn while_writing<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Rows by their code.
pub(crate) fn codes(rows: &[Outcome]) -> BTreeMap<String, u64> {
    let mut codes = BTreeMap::new();
    for row in rows {
        *codes.entry(row.verdict.code.clone()).or_default() += 1;
    }
    codes
}
