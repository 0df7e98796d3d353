//! The budget of a job: CPU time, and whether its caller still wants it.
//!
//! A deadline is CPU time of all threads of a job and not wall time, so a busy machine refuses nothing because of it. Where
//! the system does not say what CPU time a thread has spent, it is wall time ([`DEADLINE_CLOCK`](crate::DEADLINE_CLOCK)).
//! Work asks a [`CpuTimer`] after every row, row of MCUs, row of coding trees or tile. The question is cheap: it reads
//! the wall clock, and asks the kernel for the thread's CPU time only when 5 ms have passed. A thread cannot have spent
//! more CPU time than has passed on the clock, so no timer holds back more than that interval.
//!
//! Work takes at most some 5 ms of CPU time between two questions. Steps that are too short to ask after each are counted
//! ([`CpuTimer::step`]). libwebp's encoder asks through its progress hook.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Moment, thread_cpu_time};
use crate::error::WorkError;

/// Stops the jobs that hold a clone of it.
///
/// A job looks at its token between rows, tiles and stages, so it ends within milliseconds, with
/// [`WorkError::Cancelled`]. Clones share one state, and any thread may cancel.
///
/// ```
/// use std::time::Duration;
///
/// use image_ingest_samples::{Budget, CancellationToken, WorkError};
///
/// let token = CancellationToken::new();
/// let budget = Budget::new(Duration::from_secs(30), token.clone());
/// assert_eq!(budget.check(), Ok(()));
/// token.cancel();
/// assert_eq!(budget.check(), Err(WorkError::Cancelled));
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancellationToken {
    cancelled: Arc<AtomicBool>,
    /// A token whose cancellation is this one's, too.
    parent: Option<Arc<Self>>,
}

impl CancellationToken {
    /// A token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled together with this one. Its own [`cancel`](Self::cancel) does not cancel this one.
    ///
    /// ```
    /// use image_ingest_samples::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let (first, second) = (token.child(), token.child());
    /// first.cancel();
    /// assert!(first.is_cancelled() && !second.is_cancelled() && !token.is_cancelled());
    /// token.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    #[must_use]
    pub fn child(&self) -> Self {
        Self { cancelled: Arc::default(), parent: Some(Arc::new(self.clone())) }
    }

    /// Stops the jobs that have a clone of this token, now and later.
    pub fn cancel(&self) {
        // No data is handed over with the flag, so the order of other memory does not matter.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called on this token or on one that it is a child of.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.parent.as_ref().is_some_and(|parent| parent.is_cancelled())
    }
}

/// What one job may spend and has spent, on all threads that work on it.
///
/// ```
/// use std::time::Duration;
///
/// use image_ingest_samples::{Budget, CancellationToken};
///
/// let budget = Budget::new(Duration::from_secs(5), CancellationToken::new());
/// let timer = budget.timer();
/// for _row in 0..100 {
///     timer.check()?;
/// }
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
#[derive(Debug)]
pub struct Budget {
    deadline: Duration,
    token: CancellationToken,
    /// CPU time that timers have reported, in nanoseconds: 64 bits hold 584 years.
    spent: AtomicU64,
}

impl Budget {
    /// A budget of `deadline` CPU time, of which nothing is spent. The job also ends when `token` is cancelled.
    #[must_use]
    pub fn new(deadline: Duration, token: CancellationToken) -> Self {
        Self { deadline, token, spent: AtomicU64::new(0) }
    }

    /// A timer that starts now. It measures the calling thread and must stay on it.
    #[must_use]
    pub fn timer(&self) -> CpuTimer<'_> {
        CpuTimer { budget: Some(self), measured: Some(Cell::new(Instants::now())), steps: Cell::default() }
    }

    /// A timer that looks at this budget and measures nothing, for work inside of work that another timer of the thread
    /// measures. It may go from thread to thread.
    #[must_use]
    pub fn inner_timer(&self) -> CpuTimer<'_> {
        CpuTimer { budget: Some(self), measured: None, steps: Cell::default() }
    }

    /// Whether the job may go on, judged by what its timers have reported so far.
    ///
    /// # Errors
    ///
    /// [`WorkError::Cancelled`] when the token is cancelled; [`WorkError::Deadline`] when more is spent than allowed.
    pub fn check(&self) -> Result<(), WorkError> {
        if self.token.is_cancelled() {
            return Err(WorkError::Cancelled);
        }
        let (limit, actual) = (self.deadline, Duration::from_nanos(self.spent.load(Ordering::Relaxed)));
        if actual > limit { Err(WorkError::Deadline { limit, actual }) } else { Ok(()) }
    }

    /// The longest CPU time that a timer may hold back before it adds it to the job's total.
    ///
    /// Short deadlines are kept to a 64th of themselves, long ones to 5 ms a thread.
    fn report_interval(&self) -> Duration {
        (self.deadline / 64).min(Duration::from_millis(5))
    }
}

/// Adds the CPU time of the current thread to a job's total.
///
/// Create at most one per thread: two would count the same time twice. The default timer belongs to no job and never
/// ends the work.
#[derive(Debug, Default)]
pub struct CpuTimer<'b> {
    /// `None` where no budget bounds the work.
    budget: Option<&'b Budget>,
    /// When it last reported; `None` where it measures nothing.
    measured: Option<Cell<Instants>>,
    /// Short steps so far.
    steps: Cell<u32>,
}

/// The short steps between two checks.
const STEPS_A_CHECK: u32 = 512;

impl CpuTimer<'_> {
    /// Whether the job may go on. One call costs some ten nanoseconds, so it may follow every row.
    ///
    /// # Errors
    ///
    /// As [`Budget::check`].
    pub fn check(&self) -> Result<(), WorkError> {
        let Some(budget) = self.budget else {
            return Ok(());
        };
        #[cfg(feature = "watch")]
        crate::watch::look();
        // CPU time never runs faster than the clock. Asking the kernel for it costs ten times as much as the clock.
        if self.measured.as_ref().is_some_and(|last| last.get().clock.elapsed() >= budget.report_interval()) {
            self.report();
        }
        budget.check()
    }

    /// Counts a step of work that is too short to ask after each, and checks at every 512th.
    ///
    /// Walks over what an upload may have millions of, such as empty segments, take such steps: each costs at most some
    /// microseconds.
    ///
    /// # Errors
    ///
    /// As [`Budget::check`].
    #[inline]
    pub fn step(&self) -> Result<(), WorkError> {
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(STEPS_A_CHECK) { self.check() } else { Ok(()) }
    }

    /// Adds what the thread has spent since the last report to the job's total.
    fn report(&self) {
        if let Some((budget, last)) = self.budget.zip(self.measured.as_ref()) {
            let now = Instants::now();
            let spent = now.since(last.replace(now));
            budget.spent.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

impl Drop for CpuTimer<'_> {
    fn drop(&mut self) {
        #[cfg(feature = "watch")]
        if self.measured.is_some() {
            crate::watch::look();
        }
        self.report();
    }
}

/// One moment by the wall clock and by the thread's CPU clock.
#[derive(Debug, Clone, Copy)]
struct Instants {
    clock: Moment,
    /// CPU time of the thread, where the system reports it.
    cpu: Option<Duration>,
}

impl Instants {
    fn now() -> Self {
        Self { clock: Moment::now(), cpu: thread_cpu_time() }
    }

    fn since(self, earlier: Self) -> Duration {
        match self.cpu.zip(earlier.cpu) {
            Some((cpu, before)) => cpu.saturating_sub(before),
            None => self.clock.since(earlier.clock),
        }
    }
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

    fn budget(deadline: u64) -> Budget {
        Budget::new(Duration::from_millis(deadline), CancellationToken::new())
    }

    #[test]
    fn waiting_costs_nothing() {
        let budget = budget(20);
        let timer = budget.timer();
        thread::sleep(Duration::from_millis(40));
        assert!(timer.check().is_ok());
    }

    #[test]
    fn the_work_of_all_threads_counts() {
        let budget = budget(30);
        let work_and_check = || {
            let timer = budget.timer();
            work(Duration::from_millis(20));
            drop(timer);
            budget.check()
        };
        assert!(thread::scope(|scope| scope.spawn(work_and_check).join().unwrap()).is_ok());
        assert!(matches!(work_and_check(), Err(WorkError::Deadline { .. })));
    }

    #[test]
    fn a_deadline_says_both_times() {
        let budget = budget(10);
        let timer = budget.timer();
        assert!(timer.check().is_ok());
        work(Duration::from_millis(15));
        let Err(WorkError::Deadline { limit, actual }) = timer.check() else { panic!("within its deadline") };
        assert_eq!(limit, Duration::from_millis(10));
        assert!((15..1_000).contains(&actual.as_millis()), "{actual:?}");
    }

    #[test]
    fn short_steps_are_asked_after_now_and_then() {
        let token = CancellationToken::new();
        let budget = Budget::new(Duration::from_secs(1), token.clone());
        let timer = budget.timer();
        assert!((0..10_000).all(|_| timer.step().is_ok()));
        token.cancel();
        assert_eq!((0..=STEPS_A_CHECK).find_map(|_| timer.step().err()), Some(WorkError::Cancelled));
    }

    #[test]
    fn a_timer_holds_back_a_64th_of_the_deadline_and_at_most_5_ms() {
        assert_eq!(budget(64).report_interval(), Duration::from_millis(1));
        assert_eq!(budget(10_000).report_interval(), Duration::from_millis(5));
        assert_eq!(budget(0).report_interval(), Duration::ZERO);
    }

    #[test]
    fn a_child_is_cancelled_by_its_parent_and_not_the_other_way() {
        let parent = CancellationToken::new();
        let (first, second) = (parent.child(), parent.child().child());
        first.cancel();
        assert!(first.is_cancelled() && !second.is_cancelled() && !parent.is_cancelled());
        parent.cancel();
        assert!(second.is_cancelled());
    }

    #[test]
    fn a_cancelled_token_stops_what_has_a_clone() {
        let token = CancellationToken::new();
        let budget = Budget::new(Duration::from_secs(1), token.clone());
        let timer = budget.timer();
        assert!(timer.check().is_ok());
        token.cancel();
        assert_eq!(timer.check(), Err(WorkError::Cancelled));
        assert!(CpuTimer::default().check().is_ok());
    }
}
