//! The threads that a caller hands over: those of rayon, or none in a build without the feature `threads`.

/// A pool of threads.
#[cfg(feature = "threads")]
pub type Pool = rayon_core::ThreadPool;

/// No pool can be made without the feature `threads`.
#[cfg(not(feature = "threads"))]
#[derive(Debug, Clone, Copy)]
pub enum Pool {}

/// How many threads the pool has.
pub(crate) fn threads(pool: &Pool) -> usize {
    #[cfg(feature = "threads")]
    return pool.current_num_threads();
    #[cfg(not(feature = "threads"))]
    match *pool {}
}

/// Runs `work` as many times at once as the pool has threads, and waits for all.
pub(crate) fn on_each(pool: &Pool, work: &(dyn Fn() + Sync)) {
    #[cfg(feature = "threads")]
    pool.scope(|scope| (0..threads(pool)).for_each(|_| scope.spawn(|_| work())));
    #[cfg(not(feature = "threads"))]
    match (*pool, work) {}
}
