//! A thread pool for pixel work, so that it does not block the threads that serve requests.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use tokio::sync::oneshot;

/// A fixed number of threads and a first-in, first-out queue. [`Admission`](crate::admission::Admission) bounds the
/// queue.
pub(crate) struct PixelPool {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

impl PixelPool {
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        for i in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("pixels-{i}")).spawn(move || work(&shared))?;
        }
        Ok(Self { shared })
    }

    /// Runs `work` on a thread of the pool; `None` if it panicked. Work whose caller was dropped before it started is
    /// skipped.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        let job = move || {
            if sender.is_closed() {
                return;
            }
            if let Ok(value) = catch_unwind(AssertUnwindSafe(work)) {
                // This fails if the caller was dropped meanwhile.
                let _ = sender.send(value);
            }
        };
        self.shared.queue().jobs.push_back(Box::new(job));
        self.shared.changed.notify_one();
        receiver.await.ok()
    }
}

impl Drop for PixelPool {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Locks the queue. Jobs run outside the lock, so a panic cannot leave the queue inconsistent.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(shared: &Shared) {
    loop {
        let mut queue = shared.queue();
        let job = loop {
            if let Some(job) = queue.jobs.pop_front() {
                break job;
            }
            if queue.closed {
                return;
            }
            queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        };
        drop(queue);
        job();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_panic_is_that_works_alone() {
        let pool = PixelPool::start(1).unwrap();
        block_on(async {
            assert_eq!(pool.run(|| -> u8 { panic!("expected here") }).await, None);
            assert_eq!(pool.run(|| 7).await, Some(7));
        });
    }

    #[test]
    fn work_of_a_caller_that_left_is_not_done() {
        let pool = PixelPool::start(1).unwrap();
        let done = Arc::new(Mutex::new(false));
        block_on(async {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            let first = pool.run(move || held.recv().is_ok());
            let flag = Arc::clone(&done);
            let second = pool.run(move || *flag.lock().unwrap() = true);
            let mut first = Box::pin(first);
            let mut second = Box::pin(second);
            assert!(futures_util::poll!(&mut first).is_pending() && futures_util::poll!(&mut second).is_pending());
            drop(second);
            hold.send(()).unwrap();
            assert_eq!(first.await, Some(true));
            assert_eq!(pool.run(|| 1).await, Some(1));
        });
        assert!(!*done.lock().unwrap());
    }
}
