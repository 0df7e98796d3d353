//! Leaves a part that fails alone for a while: nothing is tried for a second, then for two, up to half a minute.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whether a part may be tried.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Pause>);

#[derive(Debug, Default)]
struct Pause {
    /// Failures since the last success.
    failures: u32,
    until: Option<Instant>,
    /// Whether one caller is trying after a pause.
    is_tried: bool,
}

impl Breaker {
    /// Whether to try now. After a pause, one caller tries, and others are told to wait for its result.
    pub(crate) fn allows(&self) -> bool {
        let mut pause = self.pause();
        let Some(until) = pause.until else {
            return true;
        };
        let over = Instant::now() >= until;
        if over {
            pause.until = Some(Instant::now() + length(pause.failures));
            pause.is_tried = true;
        }
        over
    }

    /// Whether it failed and has not worked since.
    pub(crate) fn is_paused(&self) -> bool {
        self.pause().until.is_some()
    }

    pub(crate) fn succeeded(&self) {
        *self.pause() = Pause::default();
    }

    pub(crate) fn failed(&self) {
        let mut pause = self.pause();
        if pause.until.is_some() && !pause.is_tried {
            // It began before the pause.
            return;
        }
        pause.is_tried = false;
        pause.failures = pause.failures.saturating_add(1);
        pause.until = Some(Instant::now() + length(pause.failures));
    }

    /// Whether nobody may try now. Asking is no attempt.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pause().until.is_some_and(|until| Instant::now() < until)
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn length(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(5)).min(Duration::from_secs(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        assert_eq!([0, 1, 2, 3, 5, 6, 1000].map(|n| length(n).as_secs()), [1, 1, 2, 4, 16, 30, 30]);
    }

    #[test]
    fn asking_is_no_attempt() {
        let breaker = Breaker::default();
        assert!(!breaker.is_waiting());
        breaker.failed();
        assert!(breaker.is_waiting());
        breaker.pause().until = Some(Instant::now());
        assert!(!breaker.is_waiting() && breaker.allows());
    }

    #[test]
    fn a_failure_pauses_and_a_success_ends_the_pause() {
        let breaker = Breaker::default();
        assert!(breaker.allows() && breaker.allows());
        breaker.failed();
        assert!(!breaker.allows() && breaker.is_paused());
        breaker.pause().until = Some(Instant::now());
        assert!(breaker.allows(), "one tries");
        assert!(!breaker.allows(), "others wait for it");
        breaker.succeeded();
        assert!(breaker.allows() && !breaker.is_paused());
    }
}
