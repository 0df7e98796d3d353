//! Decides which uploads are taken on: by the places at pixel threads, and by the bytes that uploads hold.
//!
//! A place is taken when a body is complete, so a slow sender holds bytes and no place. Whether there will be one is
//! asked before the body is read, so a refusal costs neither side the upload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// One for the whole server.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    patience: Duration,
    bytes: AtomicU64,
    max_bytes: u64,
}

/// A place at a pixel thread.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Bytes of one upload, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    admission: Arc<Admission>,
    bytes: u64,
}

impl Admission {
    pub(crate) fn new(places: usize, queue: usize, patience: Duration, max_bytes: u64) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self { places, waiting: AtomicUsize::new(0), queue, patience, bytes: AtomicU64::new(0), max_bytes }
    }

    /// Refuses a request whose upload would find the queue full.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let full = self.waiting.load(Ordering::Relaxed) >= self.queue && self.places.available_permits() == 0;
        if full || self.bytes.load(Ordering::Relaxed) >= self.max_bytes { Err(Refusal::Overloaded) } else { Ok(()) }
    }

    /// A place, in the order of asking, within the time that an upload may wait.
    pub(crate) async fn place(&self) -> Result<Place, Refusal> {
        let _waiting = Waiting::new(&self.waiting);
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Refusal::Overloaded),
        }
    }

    pub(crate) fn hold(self: &Arc<Self>) -> HeldBytes {
        HeldBytes { admission: Arc::clone(self), bytes: 0 }
    }

    /// Uploads that wait for a place, and bytes held.
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

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.admission.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Counts one that waits, also when it gives up.
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
        let working = admission.place().await.unwrap();
        assert!(admission.check().is_ok());
        let waiter = Arc::clone(&admission);
        let waiting = tokio::spawn(async move { waiter.place().await.map(drop) });
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
        assert!(matches!(admission.place().await, Err(Refusal::Overloaded)));
        assert_eq!(admission.load().0, 0);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let admission = Arc::new(Admission::new(1, 1, Duration::ZERO, 100));
        let mut held = admission.hold();
        assert!(held.add(100).is_ok());
        assert!(matches!(admission.check(), Err(Refusal::Overloaded)));
        assert!(matches!(admission.hold().add(1), Err(Refusal::Overloaded)));
        drop(held);
        assert_eq!(admission.load(), (0, 0));
    }
}
