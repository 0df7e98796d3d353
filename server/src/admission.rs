//! Limits how many uploads the server works on: by permits for pixel threads, and by the bytes of uploads in memory.
//!
//! A permit is taken when a body is complete, so a slow sender holds bytes in memory and no permit. The server checks
//! whether the queue is full before it reads a body, so that a refusal comes before the client has sent the upload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// The permits and the byte count of the whole server.
#[derive(Debug)]
pub(crate) struct Admission {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    max_wait: Duration,
    bytes: AtomicU64,
    max_bytes: u64,
}

/// The right to use a pixel thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct PixelPermit {
    _permit: OwnedSemaphorePermit,
}

/// Bytes of one upload, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    admission: Arc<Admission>,
    bytes: u64,
}

impl Admission {
    pub(crate) fn new(permits: usize, queue: usize, max_wait: Duration, max_bytes: u64) -> Self {
        let permits = Arc::new(Semaphore::new(permits));
        Self { permits, waiting: AtomicUsize::new(0), queue, max_wait, bytes: AtomicU64::new(0), max_bytes }
    }

    /// Refuses a request if the queue is full, or if uploads hold all the memory that they may.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let full = self.waiting.load(Ordering::Relaxed) >= self.queue && self.permits.available_permits() == 0;
        if full || self.bytes.load(Ordering::Relaxed) >= self.max_bytes { Err(Refusal::Overloaded) } else { Ok(()) }
    }

    /// Waits for a permit, first come first served, for at most the time that an upload may wait.
    pub(crate) async fn pixel_permit(&self) -> Result<PixelPermit, Refusal> {
        let _waiting = Waiting::new(&self.waiting);
        let permit = tokio::time::timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(PixelPermit { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Refusal::Overloaded),
        }
    }

    pub(crate) fn hold(self: &Arc<Self>) -> HeldBytes {
        HeldBytes { admission: Arc::clone(self), bytes: 0 }
    }

    /// The number of permits that nobody has.
    pub(crate) fn idle(&self) -> usize {
        self.permits.available_permits()
    }

    /// The number of uploads that wait for a permit, and the bytes of uploads in memory.
    pub(crate) fn load(&self) -> (usize, u64) {
        (self.waiting.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

impl HeldBytes {
    /// Counts `bytes` more.
    pub(crate) fn add(&mut self, bytes: u64) -> Result<(), Refusal> {
        let before = self.admission.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before + bytes > self.admission.max_bytes { Err(Refusal::Overloaded) } else { Ok(()) }
    }
}

impl HeldBytes {
    /// Counts `bytes` in place of those so far: what an upload became. This is no request for room, so it is not refused.
    pub(crate) fn replace(&mut self, bytes: u64) {
        self.admission.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.admission.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.admission.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Counts an upload as waiting until it is dropped, so also when the wait is cancelled.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_seen_before_the_body() {
        let admission = Arc::new(Admission::new(1, 1, Duration::from_secs(5), 100));
        let working = admission.pixel_permit().await.unwrap();
        assert!(admission.check().is_ok());
        let waiter = Arc::clone(&admission);
        let waiting = tokio::spawn(async move { waiter.pixel_permit().await.map(drop) });
        while admission.load().0 == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(admission.check(), Err(Refusal::Overloaded)));
        drop(working);
        waiting.await.unwrap().unwrap();
        assert!(admission.check().is_ok());
    }

    #[tokio::test]
    async fn waiting_ends_with_a_refusal() {
        let admission = Admission::new(0, 1, Duration::from_millis(5), 100);
        assert!(matches!(admission.pixel_permit().await, Err(Refusal::Overloaded)));
        assert_eq!(admission.load().0, 0);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let admission = Arc::new(Admission::new(1, 1, Duration::ZERO, 100));
        let mut held = admission.hold();
        assert!(held.add(100).is_ok());
        assert!(matches!(admission.check(), Err(Refusal::Overloaded)));
        assert!(matches!(admission.hold().add(1), Err(Refusal::Overloaded)));
        held.replace(40);
        assert_eq!(admission.load(), (0, 40));
        assert!(admission.check().is_ok());
        drop(held);
        assert_eq!(admission.load(), (0, 0));
    }
}
