//! Measures how long a job works between two looks at its budget. Built by the feature `watch`, for the search of worst
//! cases alone.
//!
//! A look is a check of a timer or its end. Work of one thread is measured, by its CPU time. To measure takes two calls of the
//! system a look, so the time of a job that looks very often is that of the measurement: time it unwatched.

use std::cell::Cell;
use std::time::Duration;

use crate::clock::thread_cpu_time;

thread_local! {
    /// When the last look was, and the longest stretch before one; `None` while nothing is measured.
    static STRETCH: Cell<Option<(Duration, Duration)>> = const { Cell::new(None) };
}

/// Starts to measure the work of this thread.
pub fn begin() {
    STRETCH.set(Some((thread_cpu_time().unwrap_or_default(), Duration::ZERO)));
}

/// Ends the measurement, and returns the longest stretch of CPU time without a look, the last one included; 0 where none
/// was begun.
#[must_use]
pub fn end() -> Duration {
    look();
    STRETCH.take().map_or(Duration::ZERO, |(_, longest)| longest)
}

/// A look at a budget.
pub(crate) fn look() {
    if let Some((last, longest)) = STRETCH.get() {
        let now = thread_cpu_time().unwrap_or_default();
        STRETCH.set(Some((now, longest.max(now.saturating_sub(last)))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, CancellationToken};

    fn work(time: Duration) {
        let started = thread_cpu_time().unwrap();
        while thread_cpu_time().unwrap() - started < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn the_longest_stretch_between_two_looks_is_measured() {
        let budget = Budget::new(Duration::from_secs(9), CancellationToken::new());
        begin();
        let timer = budget.timer();
        for time in [1, 12, 2] {
            work(Duration::from_millis(time));
            timer.check().unwrap();
        }
        work(Duration::from_millis(3));
        let longest = end();
        assert!((12..14).contains(&longest.as_millis()), "{longest:?}");
    }
}
