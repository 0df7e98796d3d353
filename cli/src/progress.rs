//! The progress bar and the summary on standard error.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use image_ingest::Background;
use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::Fatal;
use crate::lines::Failure;

/// The counts of one run, and the bar that shows them.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    stdout_is_terminal: bool,
    accepted: u64,
    refused: BTreeMap<&'static str, u64>,
    bytes_in: u64,
    bytes_out: u64,
}

impl Progress {
    /// Starts the clock and, if standard error is a terminal, the bar.
    pub(crate) fn start(inputs: usize) -> Self {
        // The bar is hidden if standard error is not a terminal.
        let bar = ProgressBar::new(inputs as u64);
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {per_sec} eta {eta} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self {
            bar,
            started: Instant::now(),
            stdout_is_terminal: io::stdout().is_terminal(),
            accepted: 0,
            refused: BTreeMap::new(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Counts an accepted input.
    pub(crate) fn accepted(&mut self, background: &Background) {
        self.accepted += 1;
        self.bytes_in += background.receipt.source.bytes;
        self.bytes_out += background.bytes.len() as u64;
        self.bar.inc(1);
    }

    /// Counts a refused input.
    pub(crate) fn refused(&mut self, failure: &Failure) {
        *self.refused.entry(failure.code).or_default() += 1;
        self.bar.set_message(format!("({} refused)", self.refused.values().sum::<u64>()));
        self.bar.inc(1);
    }

    /// Runs `write` with the bar hidden if standard output is a terminal too.
    pub(crate) fn while_writing(&self, write: impl FnOnce() -> Result<(), Fatal>) -> Result<(), Fatal> {
        if self.stdout_is_terminal { self.bar.suspend(write) } else { write() }
    }

    /// Ends the bar and, on a terminal or when `wanted`, prints the summary.
    pub(crate) fn finish(self, wanted: bool) {
        self.bar.finish_and_clear();
        let mut err = io::stderr();
        if wanted || err.is_terminal() {
            let _ = err.write_all(self.summary(self.started.elapsed()).as_bytes());
        }
    }

    fn summary(&self, wall: Duration) -> String {
        let refused: u64 = self.refused.values().sum();
        let seconds = wall.as_secs_f64();
        let per_second = (self.accepted + refused) as f64 / seconds.max(1e-9);
        let mut text = format!("accepted  {:>8}\nrefused   {refused:>8}\n", self.accepted);
        for (code, count) in &self.refused {
            text += &format!("  {code:<16}{count:>8}\n");
        }
        text += &format!("bytes in  {:>12}\nbytes out {:>12}\n", self.bytes_in, self.bytes_out);
        text + &format!("time      {seconds:>10.2} s, {per_second:.1} inputs/s\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_refusals_by_code() {
        let mut progress = Progress::start(3);
        progress.refused(&Failure::io("cannot read", &io::Error::other("x")));
        progress.refused(&Failure::from(&image_ingest::Error::Empty));
        progress.refused(&Failure::from(&image_ingest::Error::Empty));
        let text = progress.summary(Duration::from_secs(2));
        for part in ["accepted         0", "refused          3", "  empty                  2", "  io ", "1.5 inputs/s"]
        {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
}
