//! Ingests many uploads on a pool of threads, in order, under a memory budget.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use image_ingest_samples::CancellationToken;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};
use crate::run::ingest::{Background, Ingest, Prepared};
use crate::upload::Source;

impl Ingest {
    /// Ingests every upload of `sources` on `jobs` threads; results come in input order, each as soon as it and all
    /// before it are done.
    ///
    /// Each upload comes with a tag, such as its file name, which its result carries. Where an upload could not be made, its
    /// place in `sources` holds the caller's own error, which is passed on; refusals become that error by `From`.
    ///
    /// An upload is taken from `sources` only when a thread can have it, and decoded only while the estimates of all
    /// uploads in flight, and the results that wait for their turn, stay within `memory_budget` bytes. One upload more
    /// may be held while it waits for room, and a job that nothing else runs beside is never kept waiting by results. A
    /// refusal or a panic is that upload's result and never stops the others. Dropping the [`Batch`] stops its jobs.
    ///
    /// ```
    /// use image_ingest::{Error, Ingest};
    ///
    /// let ingest = Ingest::default();
    /// # let files = image_ingest::samples().iter().map(|s| s.bytes).enumerate();
    /// let sources = files.map(|(name, bytes)| (name, ingest.source(bytes)));
    /// for (name, result) in ingest.batch(sources, 2, 256 << 20)? {
    ///     println!("{name} {}", result?.id);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `internal` when the threads cannot be started. An upload that alone needs more than the budget has
    /// `limit_exceeded` as its result.
    pub fn batch<I, T, E>(&self, sources: I, jobs: usize, memory_budget: u64) -> Result<Batch<I::IntoIter, T, E>>
    where
        I: IntoIterator<Item = (T, Result<Source, E>)>,
        E: From<Error>,
    {
        let jobs = jobs.max(1);
        let pool = ThreadPoolBuilder::new()
            .num_threads(jobs)
            .thread_name(|i| format!("ingest-{i}"))
            .build()
            .map_err(|e| Error::internal(format!("cannot start {jobs} threads: {e}")))?;
        let (sender, receiver) = channel();
        let cancellation = self.cancellation.child();
        Ok(Batch {
            ingest: Self { pool: None, cancellation: cancellation.clone(), ..self.clone() },
            cancellation,
            sources: Some(sources.into_iter()),
            pool,
            sender,
            receiver,
            queue: 2 * jobs,
            window: WINDOW.max(2 * jobs),
            memory: MemoryBudget { limit: memory_budget, used: 0 },
            waiting: None,
            running: 0,
            tags: VecDeque::new(),
            given: 0,
            done: BTreeMap::new(),
        })
    }
}

/// A slow picture takes as long as dozens of quick ones, whose results wait for it; the budget counts them.
const WINDOW: usize = 64;

/// The results of [`Ingest::batch`], in input order.
///
/// Dropping it stops the jobs that run; their results are lost.
pub struct Batch<I, T, E> {
    ingest: Ingest,
    /// Cancelled by the caller's token, or on drop.
    cancellation: CancellationToken,
    sources: Option<I>,
    pool: ThreadPool,
    sender: Sender<Finished>,
    receiver: Receiver<Finished>,
    /// Uploads handed to the threads and not yet finished, at most: one in work and one ready for each.
    queue: usize,
    /// Uploads taken and not yet given, at most: what bounds finished results behind a slow one.
    window: usize,
    memory: MemoryBudget,
    /// The upload that the budget has no room for yet.
    waiting: Option<(usize, Prepared)>,
    running: usize,
    /// Of the uploads taken and not yet given, in order.
    tags: VecDeque<T>,
    given: usize,
    done: BTreeMap<usize, Result<Background, E>>,
}

struct Finished {
    index: usize,
    memory_bytes: u64,
    result: Result<Background>,
}

struct MemoryBudget {
    limit: u64,
    used: u64,
}

/// What a finished result keeps in memory.
fn held_bytes<E>(result: &Result<Background, E>) -> u64 {
    result.as_ref().map_or(0, |background| background.bytes.len() as u64)
}

impl MemoryBudget {
    fn take(&mut self, bytes: u64, whatever_is_held: bool) -> bool {
        let fits = whatever_is_held || self.used.saturating_add(bytes) <= self.limit;
        if fits {
            self.used += bytes;
        }
        fits
    }
}

impl<I, T, E> Iterator for Batch<I, T, E>
where
    I: Iterator<Item = (T, Result<Source, E>)>,
    E: From<Error>,
{
    type Item = (T, Result<Background, E>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.fill();
            if let Some(result) = self.done.remove(&self.given) {
                self.given += 1;
                self.memory.used -= held_bytes(&result);
                return self.tags.pop_front().map(|tag| (tag, result));
            }
            if self.running == 0 {
                return None;
            }
            // The batch holds a sender itself, so the channel never closes before it.
            let finished = self.receiver.recv().ok()?;
            self.running -= 1;
            self.memory.used -= finished.memory_bytes;
            self.keep(finished.index, finished.result.map_err(E::from));
        }
    }
}

impl<I, T, E> Drop for Batch<I, T, E> {
    fn drop(&mut self) {
        self.cancellation.cancel();
    }
}

impl<I, T, E> Batch<I, T, E>
where
    I: Iterator<Item = (T, Result<Source, E>)>,
    E: From<Error>,
{
    /// Starts whatever the threads, the window and the budget have room for.
    fn fill(&mut self) {
        if let Some((index, prepared)) = self.waiting.take() {
            self.admit(index, prepared);
        }
        while self.waiting.is_none() && self.running < self.queue && self.tags.len() < self.window {
            let Some((tag, source)) = self.sources.as_mut().and_then(Iterator::next) else {
                self.sources = None;
                return;
            };
            let index = self.given + self.tags.len();
            self.tags.push_back(tag);
            match source.and_then(|source| self.prepare(source).map_err(E::from)) {
                Ok(prepared) => self.admit(index, prepared),
                Err(error) => self.keep(index, Err(error)),
            }
        }
    }

    /// Holds a result until those before it were given.
    fn keep(&mut self, index: usize, result: Result<Background, E>) {
        self.memory.used += held_bytes(&result);
        self.done.insert(index, result);
    }

    fn prepare(&self, source: Source) -> Result<Prepared> {
        let prepared = self.ingest.prepare(source)?;
        let (limit, actual) = (self.memory.limit, prepared.memory_bytes);
        if actual > limit {
            return Err(Error::LimitExceeded { what: "memory bytes of the whole budget", limit, actual });
        }
        Ok(prepared)
    }

    fn admit(&mut self, index: usize, prepared: Prepared) {
        let memory_bytes = prepared.memory_bytes;
        // With nothing running, only results hold memory, and those behind this upload wait for it.
        let alone = self.running == 0;
        if !self.memory.take(memory_bytes, alone) {
            self.waiting = Some((index, prepared));
            return;
        }
        self.running += 1;
        let (ingest, sender) = (self.ingest.clone(), self.sender.clone());
        self.pool.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| ingest.finish(prepared)))
                .unwrap_or_else(|_| Err(Error::internal("a stage panicked")))
                .map(|(background, _)| background);
            // The batch may have been dropped: then nobody wants the result.
            let _ = sender.send(Finished { index, memory_bytes, result });
        });
    }
}
