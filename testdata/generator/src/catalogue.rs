//! An entry of the list of files: its path, what it shows, and how it is made.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One file of the test data.
pub(crate) struct Entry {
    /// Relative to `testdata/`, with `/`.
    pub(crate) path: String,
    /// What the file shows, for `CREDITS.md`.
    pub(crate) shows: String,
    /// Whether making it takes seconds.
    pub(crate) heavy: bool,
    make: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
}

impl Entry {
    pub(crate) fn new(
        path: impl Into<String>,
        shows: impl Into<String>,
        make: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self { path: path.into(), shows: shows.into(), heavy: false, make: Box::new(make) }
    }

    pub(crate) fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        (self.make)()
    }
}

/// Calls `work` on each item, on two threads or more. The results are in the order of the items.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((item, slot)) = take(&next, items, &results) {
                    *slot.lock().expect("no worker panics while it holds the lock") = Some(work(item));
                }
            });
        }
    });
    let taken = |slot: Mutex<Option<R>>| slot.into_inner().expect("no worker panicked").expect("every item was taken");
    results.into_iter().map(taken).collect()
}

fn take<'a, T, R>(next: &AtomicUsize, items: &'a [T], slots: &'a [R]) -> Option<(&'a T, &'a R)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).zip(slots.get(index))
}
