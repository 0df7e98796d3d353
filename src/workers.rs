//! The threads that work on one image: those of a caller's pool, or the calling one alone.
//!
//! What they make never depends on how many they are: work is cut into pieces that do not see each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::error::Result;
use crate::watch::{Meter, Watch};

/// Who may work on one image, and how long.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Workers<'p> {
    pool: Option<&'p ThreadPool>,
    watch: Option<&'p Watch>,
}

impl<'p> Workers<'p> {
    /// The threads of `pool`; the calling thread where there is none, or a second one would have no company.
    pub(crate) fn of(pool: Option<&'p ThreadPool>) -> Self {
        Self { pool: pool.filter(|pool| pool.current_num_threads() > 1), watch: None }
    }

    /// The same, as long as `watch` allows.
    pub(crate) fn under(self, watch: &'p Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// For work on the calling thread that is not handed to [`Self::each`] or [`Self::map`], which have their own.
    pub(crate) fn meter(self) -> Meter<'p> {
        self.watch.map(Watch::meter).unwrap_or_default()
    }

    /// How many pieces are worked on at a time.
    pub(crate) fn count(self) -> usize {
        self.pool.map_or(1, ThreadPool::current_num_threads)
    }

    /// Does `work` for every item, begun in order; the error is that of the first item that has one, whichever was found
    /// first.
    pub(crate) fn each<T: Sync>(
        self,
        items: &[T],
        work: impl Fn(usize, &T, &Meter<'_>) -> Result<()> + Sync,
    ) -> Result<()> {
        let Some(pool) = self.pool else {
            let meter = self.meter();
            return items.iter().enumerate().try_for_each(|(i, item)| work(i, item, &meter));
        };
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let failure = || failed.lock().unwrap_or_else(PoisonError::into_inner);
        let until_done = || {
            let meter = self.meter();
            // One thread would not have reached what follows a failure. What was begun before it is done to its end, and
            // that is all that precedes it.
            while failure().is_none() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else {
                    return;
                };
                if let Err(error) = work(index, item, &meter) {
                    let mut first = failure();
                    if first.as_ref().is_none_or(|(earliest, _)| index < *earliest) {
                        *first = Some((index, error));
                    }
                }
            }
        };
        pool.scope(|scope| (0..self.count()).for_each(|_| scope.spawn(|_| until_done())));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Fills `to` from `N` sources, each element from those at its place; `work` sees pieces of all at the same place.
    ///
    /// # Errors
    ///
    /// `cancelled`, `deadline`.
    pub(crate) fn map<A: Sync, B: Send, const N: usize>(
        self,
        from: [&[A]; N],
        to: &mut [B],
        work: impl Fn([&[A]; N], &mut [B]) + Sync,
    ) -> Result<()> {
        let one = |meter: &Meter<'_>, (i, to): (usize, &mut [B])| {
            meter.check()?;
            let start = i * PIECE;
            work(from.map(|from| from.get(start..).map_or(&[][..], |rest| &rest[..rest.len().min(PIECE)])), to);
            Ok(())
        };
        let Some(pool) = self.pool else {
            let meter = self.meter();
            return to.chunks_mut(PIECE).enumerate().try_for_each(|piece| one(&meter, piece));
        };
        pool.install(|| to.par_chunks_mut(PIECE).enumerate().try_for_each(|piece| one(&self.meter(), piece)))
    }
}

/// Pixels of a piece: some hundred for a canonical image.
const PIECE: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::error::Error;

    #[test]
    fn the_first_error_in_order_wins() {
        let items: Vec<usize> = (0..100).collect();
        let work = |_, &item: &usize, _: &Meter<'_>| {
            if item % 30 == 29 { Err(Error::internal(item.to_string())) } else { Ok(()) }
        };
        for threads in [1, 2, 3] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for _ in 0..20 {
                let error = Workers::of(Some(&pool)).each(&items, work).unwrap_err();
                assert!(error.to_string().contains("29"), "{error}");
            }
        }
    }

    #[test]
    fn every_element_is_made_from_its_own() {
        let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let from: Vec<u32> = (0..100_000).collect();
        for workers in [Workers::default(), Workers::of(Some(&pool))] {
            let mut to = vec![0; from.len()];
            workers.map([&from], &mut to, |[from], to| to.copy_from_slice(from)).unwrap();
            assert_eq!(to, from);
        }
    }
}
