//! The clocks that a job is measured by: the wall clock, and the CPU time of a thread.

use std::time::Duration;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::Instant;

/// A moment by the wall clock.
///
/// ```
/// use image_ingest_samples::Moment;
///
/// let began = Moment::now();
/// assert!(began.elapsed().as_secs() < 3600);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Moment(#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] Instant);

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// The time since this moment.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The time from `earlier` to this moment.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0)
    }
}

/// WebAssembly without a system has no clock: no time passes there, so no deadline is missed.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self()
    }

    /// No time.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Duration::ZERO
    }

    pub(crate) fn since(self, _earlier: Self) -> Duration {
        Duration::ZERO
    }
}

/// The CPU time that the calling thread has spent; `None` where the system does not say.
#[cfg(unix)]
pub(crate) fn thread_cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(not(unix))]
pub(crate) fn thread_cpu_time() -> Option<Duration> {
    None
}

/// What deadlines are measured by: CPU time, or wall time where the system does not say what a thread has spent.
pub const DEADLINE_CLOCK: &str = if cfg!(unix) { "CPU time" } else { "wall time" };
