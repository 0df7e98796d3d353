//! Bounds the memory of the pictures in work.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory in units of 64 KiB, of which a quarter is for sources that were fetched and the rest for decoding.
///
/// A picture takes of the first before it takes of the second, and whoever has some of the second needs no more: nobody
/// waits for ever.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    fetched: Share,
    decoded: Share,
}

#[derive(Debug, Clone)]
struct Share {
    free: Arc<Semaphore>,
    units: u32,
}

/// Memory that is in use until this is dropped.
pub(crate) type InUse = Option<OwnedSemaphorePermit>;

impl Memory {
    /// So many MiB.
    pub(crate) fn of(mib: u64) -> Self {
        let units = u32::try_from(mib.saturating_mul(16)).unwrap_or(u32::MAX);
        let share = |units: u32| Share { free: Arc::new(Semaphore::new(units as usize)), units };
        Self { fetched: share(units / 4), decoded: share(units - units / 4) }
    }

    /// Waits until `bytes` of a source may be fetched.
    pub(crate) async fn to_fetch(&self, bytes: u64) -> InUse {
        self.fetched.take(bytes).await
    }

    /// Waits until a picture may be decoded that needs `bytes` by estimate.
    pub(crate) async fn to_decode(&self, bytes: u64) -> InUse {
        self.decoded.take(bytes).await
    }
}

impl Share {
    /// What needs more than there is takes all and works alone: the result of a row does not depend on a machine's memory.
    async fn take(&self, bytes: u64) -> InUse {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        // The semaphore is never closed.
        self.free.clone().acquire_many_owned(units).await.ok()
    }
}

const UNIT: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_larger_than_the_budget_works_alone() {
        let memory = Memory::of(64);
        let small = memory.to_decode(1).await;
        let large = memory.to_decode(u64::MAX);
        tokio::pin!(large);
        assert!(futures_util::poll!(&mut large).is_pending());
        drop(small);
        assert!(futures_util::poll!(&mut large).is_ready());
        assert!(memory.to_fetch(16 << 20).await.is_some());
    }
}
