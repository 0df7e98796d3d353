//! The threads that work on one image: those of a caller's pool, or the calling thread alone.
//!
//! The result never depends on the number of threads. Work is cut into pieces whose results do not depend on each
//! other, the cut does not depend on the pool, and of several errors the first by place is returned, not the first by
//! time.
//!
//! No thread is started here: a caller hands over a pool, or everything stays on the calling thread.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::budget::{Budget, CpuTimer};
use crate::pool::{Pool, on_each, threads};

/// The threads that may work on one image, and the budget that they share.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use image_ingest_samples::{WorkError, Workers};
///
/// let sum = AtomicU32::new(0);
/// Workers::default().each(&[1, 2, 3, 4], 1, |_, item, timer| {
///     timer.check()?;
///     sum.fetch_add(*item, Ordering::Relaxed);
///     Ok::<(), WorkError>(())
/// })?;
/// assert_eq!(sum.into_inner(), 10);
/// # Ok::<(), WorkError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Workers<'p> {
    pool: Option<&'p Pool>,
    budget: Option<&'p Budget>,
}

impl<'p> Workers<'p> {
    /// Works on the threads of `pool`. Without a pool, or with a pool of one thread, all work stays on the calling
    /// thread.
    #[must_use]
    pub fn of(pool: Option<&'p Pool>) -> Self {
        Self { pool: pool.filter(|pool| threads(pool) > 1), budget: None }
    }

    /// The same threads, which stop with an error as soon as `budget` is spent or cancelled.
    #[must_use]
    pub fn under(self, budget: &'p Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// A timer for work on the calling thread.
    ///
    /// [`Self::each`] creates timers of its own. Drop this one before it is called: two timers on
    /// one thread count its time twice.
    #[must_use]
    pub fn timer(self) -> CpuTimer<'p> {
        self.budget.map(Budget::timer).unwrap_or_default()
    }

    /// A timer for work inside of work that another timer of the thread measures, such as a sink that takes the rows of a
    /// decoder. It looks at the budget and measures nothing, so it may go from thread to thread.
    #[must_use]
    pub fn inner_timer(self) -> CpuTimer<'p> {
        self.budget.map(Budget::inner_timer).unwrap_or_default()
    }

    /// How many pieces are worked on at the same time.
    #[must_use]
    pub fn count(self) -> usize {
        self.pool.map_or(1, threads)
    }

    /// Calls `work` for every item, with its index and the timer of the thread that it runs on.
    ///
    /// Items are begun in order, and an item is begun only if it is less than `window` items, or [`Self::count`] if
    /// that is more, behind the first one that is not finished. So results that wait for their turn are bounded, however
    /// long one item takes. A thread without an item to begin waits.
    ///
    /// # Errors
    ///
    /// The error of the first item in order for which `work` returns one, whatever finished first.
    pub fn each<T: Sync, E: Send>(
        self,
        items: &[T],
        window: usize,
        work: impl Fn(usize, &T, &CpuTimer<'_>) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        let Some(pool) = self.pool else {
            let timer = self.timer();
            return items.iter().enumerate().try_for_each(|(i, item)| work(i, item, &timer));
        };
        let queue = Queue::new(items.len(), window.max(self.count()));
        let until_done = || {
            let timer = self.timer();
            while let Some(begun) = queue.begin() {
                // A queue gives indices of items only.
                let Some(item) = items.get(begun.index) else { return };
                if let Err(error) = work(begun.index, item, &timer) {
                    begun.failed(error);
                }
            }
        };
        on_each(pool, &until_done);
        queue.first_error().map_or(Ok(()), Err)
    }
}

/// Items that threads take in order, none far ahead of the first that is not finished.
struct Queue<E> {
    len: usize,
    window: usize,
    state: Mutex<QueueState<E>>,
    finished: Condvar,
}

struct QueueState<E> {
    /// The first item that was not begun.
    next: usize,
    /// Items that are worked on. Each thread has one at most.
    begun: BTreeSet<usize>,
    failed: Option<(usize, E)>,
}

impl<E> Queue<E> {
    fn new(len: usize, window: usize) -> Self {
        let state = QueueState { next: 0, begun: BTreeSet::new(), failed: None };
        Self { len, window, state: Mutex::new(state), finished: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item. Waits while it is outside the window; the first item of the window is always worked on by another
    /// thread then, which finishes it. `None` when no item is left, or when one has failed.
    ///
    /// Items are begun in order. So when one fails, every item before it has been begun, and its thread finishes it and
    /// reports its error: the earliest error is always found, as a single thread would find it.
    fn begin(&self) -> Option<Begun<'_, E>> {
        let mut state = self.lock();
        loop {
            if state.failed.is_some() || state.next >= self.len {
                return None;
            }
            let first = state.begun.first().copied().unwrap_or(state.next);
            if state.next - first < self.window {
                break;
            }
            state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let index = state.next;
        state.next += 1;
        state.begun.insert(index);
        Some(Begun { queue: self, index })
    }

    fn first_error(self) -> Option<E> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).failed.map(|(_, error)| error)
    }
}

/// An item that is worked on. It is finished when this is dropped, also by a panic.
struct Begun<'q, E> {
    queue: &'q Queue<E>,
    index: usize,
}

impl<E> Begun<'_, E> {
    fn failed(&self, error: E) {
        let mut state = self.queue.lock();
        if state.failed.as_ref().is_none_or(|(earliest, _)| self.index < *earliest) {
            state.failed = Some((self.index, error));
        }
    }
}

impl<E> Drop for Begun<'_, E> {
    fn drop(&mut self) {
        self.queue.lock().begun.remove(&self.index);
        self.queue.finished.notify_all();
    }
}

#[cfg(feature = "threads")]
#[cfg(test)]
mod tests {
    use rayon_core::ThreadPoolBuilder;

    use super::*;
    use crate::error::WorkError;

    #[test]
    fn the_first_error_in_order_wins() {
        let items: Vec<usize> = (0..100).collect();
        let work = |_, &item: &usize, _: &CpuTimer<'_>| {
            if item % 30 == 29 { Err(WorkError::internal(item.to_string())) } else { Ok(()) }
        };
        for threads in [1, 2, 3] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for _ in 0..20 {
                let error = Workers::of(Some(&pool)).each(&items, 1, work).unwrap_err();
                assert!(error.to_string().contains("29"), "{error}");
            }
        }
    }

    #[test]
    fn no_item_is_begun_far_ahead_of_one_that_takes_long() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let pool = ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let (begun, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = [(); 60];
        let work = |index, &(): &(), _: &CpuTimer<'_>| {
            begun.fetch_max(index, Ordering::SeqCst);
            if index == 20 {
                std::thread::sleep(std::time::Duration::from_millis(100));
                most.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            Ok::<(), WorkError>(())
        };
        Workers::of(Some(&pool)).each(&items, 10, work).unwrap();
        assert_eq!((most.into_inner(), begun.into_inner()), (29, 59));
    }

    #[test]
    fn a_panic_leaves_no_thread_waiting() {
        let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let work = |index, &(): &(), _: &CpuTimer<'_>| {
            assert!(index != 5, "the item breaks its work");
            Ok::<(), WorkError>(())
        };
        let all = || Workers::of(Some(&pool)).each(&[(); 50], 1, work);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(all)).is_err());
    }
}
