//! Ingests many uploads on a pool of threads, in order, under a memory budget.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};
use crate::ingest::{Background, Ingest, Prepared};
use crate::upload::Source;

impl Ingest {
    /// Ingests every upload of `sources` on `jobs` threads; results come in input order, each as soon as it and all
    /// before it are done.
    ///
    /// An upload is taken from `sources` only when a thread can have it, and decoded only while the estimates of all
    /// uploads in flight, and the results that wait for their turn, stay within `memory_budget` bytes. One upload more
    /// may be held while it waits for room, and a job that nothing else runs beside is never kept waiting by results. A refusal or a panic is that upload's result and never
    /// stops the others. An error in `sources` is passed on in its place.
    ///
    /// ```
    /// use image_ingest::{Ingest, Source};
    /// let ingest = Ingest::default();
    /// # let files = image_ingest::samples().iter().map(|s| s.bytes);
    /// let sources = files.map(|bytes| Source::new(bytes, ingest.limits()));
    /// for result in ingest.batch(sources, 2, 256 << 20)? {
    ///     println!("{}", result?.id);
    /// }
    /// # Ok::<(), image_ingest::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `internal` when the threads cannot be started. An upload that alone needs more than the budget has
    /// `limit_exceeded` as its result.
    pub fn batch<I>(&self, sources: I, jobs: usize, memory_budget: u64) -> Result<Batch<I::IntoIter>>
    where
        I: IntoIterator<Item = Result<Source>>,
    {
        let jobs = jobs.max(1);
        let pool = ThreadPoolBuilder::new()
            .num_threads(jobs)
            .thread_name(|i| format!("ingest-{i}"))
            .build()
            .map_err(|e| Error::internal(format!("cannot start {jobs} threads: {e}")))?;
        let (sender, receiver) = channel();
        Ok(Batch {
            ingest: self.without_pool(),
            sources: Some(sources.into_iter()),
            pool,
            sender,
            receiver,
            queue: 2 * jobs,
            window: WINDOW.max(2 * jobs),
            budget: Budget { limit: memory_budget, used: 0 },
            waiting: None,
            running: 0,
            taken: 0,
            given: 0,
            done: BTreeMap::new(),
        })
    }
}

/// A slow picture takes as long as dozens of quick ones, whose results wait for it; the budget counts them.
const WINDOW: usize = 64;

/// The results of [`Ingest::batch`], in input order.
pub struct Batch<I> {
    ingest: Ingest,
    sources: Option<I>,
    pool: ThreadPool,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    /// Uploads handed to the threads and not yet finished, at most: one in work and one ready for each.
    queue: usize,
    /// Uploads taken and not yet given, at most: what bounds finished results behind a slow one.
    window: usize,
    budget: Budget,
    /// The upload that the budget has no room for yet.
    waiting: Option<(usize, Prepared)>,
    running: usize,
    taken: usize,
    given: usize,
    done: BTreeMap<usize, Result<Background>>,
}

struct Done {
    index: usize,
    memory_bytes: u64,
    result: Result<Background>,
}

struct Budget {
    limit: u64,
    used: u64,
}

/// What a finished result keeps in memory.
fn held_bytes(result: &Result<Background>) -> u64 {
    result.as_ref().map_or(0, |background| background.bytes.len() as u64)
}

impl Budget {
    fn take(&mut self, bytes: u64, whatever_is_held: bool) -> bool {
        let fits = whatever_is_held || self.used.saturating_add(bytes) <= self.limit;
        if fits {
            self.used += bytes;
        }
        fits
    }
}

impl<I: Iterator<Item = Result<Source>>> Iterator for Batch<I> {
    type Item = Result<Background>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.fill();
            if let Some(result) = self.done.remove(&self.given) {
                self.given += 1;
                self.budget.used -= held_bytes(&result);
                return Some(result);
            }
            if self.running == 0 {
                return None;
            }
            let Ok(done) = self.receiver.recv() else {
                return Some(Err(Error::internal("a batch thread vanished")));
            };
            self.running -= 1;
            self.budget.used -= done.memory_bytes;
            self.keep(done.index, done.result);
        }
    }
}

impl<I: Iterator<Item = Result<Source>>> Batch<I> {
    /// Starts whatever the threads, the window and the budget have room for.
    fn fill(&mut self) {
        if let Some((index, prepared)) = self.waiting.take() {
            self.admit(index, prepared);
        }
        while self.waiting.is_none() && self.running < self.queue && self.taken - self.given < self.window {
            let Some(source) = self.sources.as_mut().and_then(Iterator::next) else {
                self.sources = None;
                return;
            };
            let index = self.taken;
            self.taken += 1;
            match source.and_then(|s| self.prepare(s)) {
                Ok(prepared) => self.admit(index, prepared),
                Err(error) => self.keep(index, Err(error)),
            }
        }
    }

    /// Holds a result until those before it were given.
    fn keep(&mut self, index: usize, result: Result<Background>) {
        self.budget.used += held_bytes(&result);
        self.done.insert(index, result);
    }

    fn prepare(&self, source: Source) -> Result<Prepared> {
        let prepared = self.ingest.prepare(source)?;
        let (limit, actual) = (self.budget.limit, prepared.memory_bytes());
        if actual > limit {
            return Err(Error::LimitExceeded { what: "memory bytes of the whole budget", limit, actual });
        }
        Ok(prepared)
    }

    fn admit(&mut self, index: usize, prepared: Prepared) {
        let memory_bytes = prepared.memory_bytes();
        // With nothing running, only results hold memory, and those behind this upload wait for it.
        let alone = self.running == 0;
        if !self.budget.take(memory_bytes, alone) {
            self.waiting = Some((index, prepared));
            return;
        }
        self.running += 1;
        let (ingest, sender) = (self.ingest.clone(), self.sender.clone());
        self.pool.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| ingest.finish(prepared)))
                .unwrap_or_else(|_| Err(Error::internal("a stage panicked")));
            // The batch may have been dropped: then nobody wants the result.
            let _ = sender.send(Done { index, memory_bytes, result });
        });
    }
}
