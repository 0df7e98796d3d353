//! Says between the pieces of a job's work whether it may go on: within its deadline, and while its caller wants it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A caller's way to stop jobs: those of every [`Ingest`](crate::Ingest) that has a clone of the token.
///
/// A job asks between rows, tiles and stages, and stops within milliseconds. What asks nothing while it works: one HEVC
/// slice in libde265, a lossless or translucent WebP in libwebp.
///
/// ```
/// use image_ingest::{CancellationToken, Ingest, Source};
///
/// let token = CancellationToken::new();
/// let ingest = Ingest::default().with_cancellation(token.clone());
/// # let upload = image_ingest::samples()[0].bytes;
/// let source = Source::new(upload, ingest.limits())?;
/// token.cancel(); // from any thread
/// assert_eq!(ingest.ingest(source).unwrap_err().code(), "cancelled");
/// # Ok::<(), image_ingest::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancellationToken(Arc<AtomicBool>);

impl CancellationToken {
    /// A token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the jobs, now and later.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one job may take and has taken, by all threads that work on it.
#[derive(Debug)]
pub(crate) struct Watch {
    deadline: Duration,
    token: CancellationToken,
    /// CPU time that meters have told of, in nanoseconds.
    spent: AtomicU64,
}

impl Watch {
    /// Nothing spent yet.
    pub(crate) fn new(deadline: Duration, token: CancellationToken) -> Self {
        Self { deadline, token, spent: AtomicU64::new(0) }
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// A meter for work on the calling thread, from now on.
    pub(crate) fn meter(&self) -> Meter<'_> {
        Meter { watched: Some((self, Cell::new(Mark::now()))) }
    }

    /// # Errors
    ///
    /// `cancelled`, `deadline`.
    pub(crate) fn check(&self) -> Result<()> {
        if self.token.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let (limit, actual) = (self.deadline, Duration::from_nanos(self.spent.load(Ordering::Relaxed)));
        if actual > limit { Err(Error::Deadline { limit, actual }) } else { Ok(()) }
    }

    /// How long a meter may keep what it measures to itself.
    fn grain(&self) -> Duration {
        (self.deadline / 64).min(Duration::from_millis(5))
    }
}

/// Measures one thread's work on a job. A thread has one at a time, or its time counts twice.
#[derive(Debug, Default)]
pub(crate) struct Meter<'w> {
    /// `None` where nobody bounds the work.
    watched: Option<(&'w Watch, Cell<Mark>)>,
}

impl Meter<'_> {
    /// Asked between rows: costs some ten nanoseconds.
    ///
    /// # Errors
    ///
    /// `cancelled`, `deadline`.
    pub(crate) fn check(&self) -> Result<()> {
        let Some((watch, mark)) = &self.watched else {
            return Ok(());
        };
        // A thread's CPU time never outruns the clock, and asking the kernel for it costs ten times as much.
        if mark.get().clock.elapsed() >= watch.grain() {
            self.tell();
        }
        watch.check()
    }

    fn tell(&self) {
        if let Some((watch, mark)) = &self.watched {
            let now = Mark::now();
            let spent = now.since(mark.replace(now));
            watch.spent.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}

/// A point in a thread's work.
#[derive(Debug, Clone, Copy)]
struct Mark {
    clock: Instant,
    /// CPU time of the thread, where the system tells.
    cpu: Option<Duration>,
}

impl Mark {
    fn now() -> Self {
        Self { clock: Instant::now(), cpu: thread_cpu_time() }
    }

    fn since(self, earlier: Self) -> Duration {
        match self.cpu.zip(earlier.cpu) {
            Some((cpu, before)) => cpu.saturating_sub(before),
            None => self.clock.duration_since(earlier.clock),
        }
    }
}

#[cfg(unix)]
fn thread_cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(not(unix))]
fn thread_cpu_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn work(time: Duration) {
        let started = thread_cpu_time();
        while thread_cpu_time().zip(started).is_some_and(|(now, started)| now - started < time) {
            std::hint::spin_loop();
        }
    }

    fn watch(deadline: u64) -> Watch {
        Watch::new(Duration::from_millis(deadline), CancellationToken::new())
    }

    #[test]
    fn waiting_costs_nothing() {
        let watch = watch(20);
        let meter = watch.meter();
        thread::sleep(Duration::from_millis(40));
        assert!(meter.check().is_ok());
    }

    #[test]
    fn the_work_of_all_threads_counts() {
        let watch = watch(30);
        let work_and_check = || {
            let meter = watch.meter();
            work(Duration::from_millis(20));
            drop(meter);
            watch.check()
        };
        assert!(thread::scope(|scope| scope.spawn(work_and_check).join().unwrap()).is_ok());
        assert_eq!(work_and_check().unwrap_err().code(), "deadline");
    }

    #[test]
    fn a_deadline_says_both_times() {
        let watch = watch(10);
        let meter = watch.meter();
        assert!(meter.check().is_ok());
        work(Duration::from_millis(15));
        let (limit, actual) = meter.check().unwrap_err().limit_and_actual().unwrap();
        assert!(limit == 10 && (15..1_000).contains(&actual), "{limit} {actual}");
    }

    #[test]
    fn a_cancelled_token_stops_what_has_a_clone() {
        let watch = watch(1_000);
        let meter = watch.meter();
        assert!(meter.check().is_ok());
        watch.token().clone().cancel();
        assert_eq!(meter.check().unwrap_err().code(), "cancelled");
        assert!(Meter::default().check().is_ok());
    }
}
