//! Limits how many objects are sent at the same time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// The permits of the whole server.
#[derive(Debug)]
pub(crate) struct Readers(Arc<Semaphore>);

/// The right to send one object, until it is dropped.
#[derive(Debug)]
pub(crate) struct ReaderPermit {
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// A permit, or the refusal if too many objects are being sent.
    pub(crate) fn permit(&self) -> Result<ReaderPermit, Refusal> {
        let permit = Arc::clone(&self.0).try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
        metrics::gauge!("ingest_objects_sent").increment(1.0);
        Ok(ReaderPermit { _permit: permit })
    }
}

impl Drop for ReaderPermit {
    fn drop(&mut self) {
        metrics::gauge!("ingest_objects_sent").decrement(1.0);
    }
}
