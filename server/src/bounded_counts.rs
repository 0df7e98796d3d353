//! The table of counts behind a limit, with a bound on its entries.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Counts by key. When it is full, keys without an entry share counts by their hash.
pub(crate) struct BoundedCounts<K> {
    counts: Mutex<Counts<K>>,
    most: usize,
    hasher: RandomState,
    is_full: Arc<AtomicBool>,
}

/// A count is the time at which everything is allowed again, as the algorithm keeps it.
struct Counts<K> {
    own: HashMap<K, Nanos>,
    shared: Vec<Option<Nanos>>,
}

const SHARED: usize = 1024;

impl<K> BoundedCounts<K> {
    /// A table of at most `most` keys, which tells by `is_full` that it must be tidied.
    pub(crate) fn new(most: usize, is_full: Arc<AtomicBool>) -> Self {
        let counts = Counts { own: HashMap::new(), shared: vec![None; SHARED] };
        Self { counts: Mutex::new(counts), most, hasher: RandomState::new(), is_full }
    }

    fn counts(&self) -> MutexGuard<'_, Counts<K>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> StateStore for BoundedCounts<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut counts = self.counts();
        if let Some(count) = counts.own.get_mut(key) {
            let (result, next) = f(Some(*count))?;
            *count = next;
            return Ok(result);
        }
        if counts.own.len() < self.most {
            let (result, next) = f(None)?;
            counts.own.insert(key.clone(), next);
            return Ok(result);
        }
        self.is_full.store(true, Ordering::Relaxed);
        let slot = usize::try_from(self.hasher.hash_one(key) % SHARED as u64).unwrap_or(0);
        let (result, next) = f(counts.shared[slot])?;
        counts.shared[slot] = Some(next);
        Ok(result)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for BoundedCounts<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut counts = self.counts();
        counts.own.retain(|_, count| *count > drop_below);
        self.is_full.store(counts.own.len() >= self.most, Ordering::Relaxed);
    }

    fn len(&self) -> usize {
        self.counts().own.len()
    }

    fn is_empty(&self) -> bool {
        self.counts().own.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;
    use governor::middleware::NoOpMiddleware;
    use governor::{Quota, RateLimiter};

    use super::*;

    #[test]
    fn a_million_addresses_cost_a_bounded_table_and_old_ones_go() {
        let (clock, is_full) = (FakeRelativeClock::default(), Arc::new(AtomicBool::new(false)));
        let counts = BoundedCounts::new(1_000, Arc::clone(&is_full));
        let quota = Quota::per_minute(NonZeroU32::new(60).unwrap());
        let limiter: RateLimiter<u32, _, _, NoOpMiddleware<Nanos>> = RateLimiter::new(quota, counts, clock.clone());
        let allowed = (0..1_000_000_u32).filter(|address| limiter.check_key(address).is_ok()).count();
        assert_eq!((limiter.len(), is_full.load(Ordering::Relaxed)), (1_000, true));
        // Each of the others had the count of a thousand neighbours.
        assert_eq!(allowed, 1_000 + SHARED * 60);
        assert!(limiter.check_key(&5).is_ok(), "one that was there first has its own count");
        clock.advance(std::time::Duration::from_secs(61));
        limiter.retain_recent();
        assert_eq!((limiter.len(), is_full.load(Ordering::Relaxed)), (0, false));
    }
}
