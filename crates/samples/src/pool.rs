//! Threads of rayon.

/// The threads that a caller hands over.
pub type Pool = rayon::ThreadPool;

/// How many threads the pool has.
pub(crate) fn threads(pool: &Pool) -> usize {
    pool.current_num_threads()
}

/// Runs `work` as many times at once as the pool has threads, and waits for all.
pub(crate) fn on_each(pool: &Pool, work: &(dyn Fn() + Sync)) {
    pool.scope(|scope| (0..threads(pool)).for_each(|_| scope.spawn(|_| work())));
}
