//! Ends a connection whose client takes its answer too slowly.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::connection_state::ConnectionState;
use crate::config::Times;

/// The least that a client must take of an answer in each interval in which the socket is full.
#[derive(Debug)]
pub(super) struct WriteLimit {
    interval: Duration,
    least_bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the interval has begun.
    is_running: bool,
    /// Bytes taken in the interval.
    taken: u64,
}

impl WriteLimit {
    pub(super) fn new(times: &Times) -> Self {
        let least_bytes = times.write_bytes_per_second.saturating_mul(times.write_ms) / 1000;
        let interval = Times::of(times.write_ms);
        Self { interval, least_bytes: least_bytes.max(1), timer: None, is_running: false, taken: 0 }
    }

    /// Looks at the result of a write, and replaces it by an error if the client was too slow.
    pub(super) fn check(
        &mut self,
        polled: Poll<io::Result<usize>>,
        state: &ConnectionState,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes as u64;
                state.wrote(bytes);
                polled
            }
            Poll::Ready(Err(_)) => polled,
            Poll::Pending => self.poll_late(cx).map(Err),
        }
    }

    /// Everything was written, so the client is not waited for.
    pub(super) fn all_written(&mut self) {
        self.is_running = false;
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let until = Instant::now() + self.interval;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.interval)));
            if !self.is_running {
                (self.is_running, self.taken) = (true, 0);
                timer.as_mut().reset(until);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if self.taken < self.least_bytes {
                metrics::counter!("ingest_answers_cut_total").increment(1);
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.is_running = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that takes `bytes` and is full again, `times` times, a second apart; whether the client was cut.
    async fn is_cut(bytes: usize, times: usize) -> bool {
        let settings = Times { write_ms: 3_500, write_bytes_per_second: 100, ..Times::default() };
        let (mut limit, state) = (WriteLimit::new(&settings), ConnectionState::default());
        for _ in 0..times {
            let full = std::future::poll_fn(|cx| limit.check(Poll::Pending, &state, cx));
            if tokio::time::timeout(Duration::from_secs(1), full).await.is_ok() {
                return true;
            }
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert!(matches!(limit.check(Poll::Ready(Ok(bytes)), &state, &mut cx), Poll::Ready(Ok(n)) if n == bytes));
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_too_little_is_cut_and_another_is_not() {
        assert!(is_cut(0, 5).await);
        assert!(is_cut(50, 20).await);
        assert!(!is_cut(150, 20).await);
    }
}
