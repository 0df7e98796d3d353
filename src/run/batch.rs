//! Ingests many uploads on a pool of threads, in order, under a memory budget.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use image_ingest_samples::CancellationToken;
use rayon_core::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};
use crate::run::ingest::{Background, Ingest, Prepared};
use crate::upload::Source;

impl Ingest {
    /// Ingests every upload of `sources` on `jobs` threads. Results come in input order; each comes as soon as it and all
    /// results before it are there.
    ///
    /// Each upload comes with a tag of the caller's, such as a file name, which its result carries. Where there is no upload,
    /// since a file could not be read for example, `sources` holds the caller's own error, and the result is that error. The
    /// library's refusals are converted to the caller's error by `From`.
    ///
    /// `memory_budget`, in bytes, bounds the estimates of all jobs that run together with the results that wait for their turn.
    /// An upload is taken from `sources` only when a thread is free for it. One more upload may be held while it waits for
    /// memory. When no other job runs, a job starts even if waiting results fill the budget. A refusal or a panic is the result
    /// of its upload alone and does not stop the others. Dropping the [`Batch`] stops its jobs.
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

/// Uploads taken and not yet given, at least. A slow picture takes as long as dozens of quick ones, whose results wait for it.
const WINDOW: usize = 64;

/// The results of [`Ingest::batch`], in input order.
///
/// Dropping it stops the jobs that run; their results are lost.
pub struct Batch<I, T, E> {
    ingest: Ingest,
    /// Stops the jobs of this batch; the caller's token stops them too.
    cancellation: CancellationToken,
    sources: Option<I>,
    pool: ThreadPool,
    sender: Sender<Finished>,
    receiver: Receiver<Finished>,
    /// The most uploads that the threads hold: for each thread one in work and one ready.
    queue: usize,
    /// The most uploads that are taken and not yet given. It bounds the results that wait behind a slow one.
    window: usize,
    memory: MemoryBudget,
    /// The upload that waits for memory.
    waiting: Option<(usize, Prepared)>,
    running: usize,
    /// The tags of the uploads that are taken and not yet given, in order.
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

/// The memory that a finished result keeps, in bytes.
fn held_bytes<E>(result: &Result<Background, E>) -> u64 {
    let files =
        |b: &Background| b.bytes.len() + b.renditions.iter().map(|rendition| rendition.bytes.len()).sum::<usize>();
    result.as_ref().map_or(0, |background| files(background) as u64)
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
            // The batch itself holds a sender, so the channel cannot be closed.
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

    /// Holds a result until those before it have been given.
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
        // When nothing runs, only waiting results hold memory, and they wait for this upload.
        let alone = self.running == 0;
        if !self.memory.take(memory_bytes, alone) {
            self.waiting = Some((index, prepared));
            return;
        }
        self.running += 1;
        let (ingest, sender) = (self.ingest.clone(), self.sender.clone());
        self.pool.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| ingest.finish(prepared)))
                .unwrap_or_else(|_| Err(Error::internal("a stage panicked")));
            // Sending fails when the batch has been dropped. Nobody needs the result then.
            let _ = sender.send(Finished { index, memory_bytes, result });
        });
    }
}
