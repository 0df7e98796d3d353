//! Works on one shard: fetches, decodes and stores its rows beside each other, then writes the results, last.

use bytes::Bytes;
use chrono::Utc;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use image_ingest::{Error as Refusal, Ingest};
use object_store::path::Path;
use object_store::{Error, GetResult};

use crate::attempt::Attempt;
use crate::crash;
use crate::decoder::Decoder;
use crate::exit::Fatal;
use crate::isolated::ChildError;
use crate::job::Planned;
use crate::layout::number;
use crate::manifest::ManifestRow;
use crate::memory::{InUse, Memory};
use crate::outcome::{INVALID_KEY, IO, Outcome, WORKER_FAILED};
use crate::progress::Progress;
use crate::results;
use crate::storage::Place;
use crate::verdict::{Made, Verdict};
use crate::{layout, shard};

/// What a run has for all its shards.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) planned: Planned,
    pub(crate) source: Place,
    pub(crate) target: Place,
    pub(crate) ingest: Ingest,
    pub(crate) decoder: Decoder,
    pub(crate) memory: Memory,
    /// Rows to work on at a time.
    pub(crate) io: usize,
    /// The host and process.
    pub(crate) name: String,
    pub(crate) progress: Progress,
}

/// How the work on a shard ended.
#[derive(Debug)]
pub(crate) enum Worked {
    /// It had results already.
    Already,
    /// Its rows are the results.
    Committed(Vec<Outcome>),
    /// Another worker was first, and its rows are the results.
    Lost,
}

impl Worker {
    /// Works on the shard of an attempt.
    ///
    /// # Errors
    ///
    /// Storage fails in a way that rows cannot tell of.
    pub(crate) async fn work(&self, attempt: &Attempt) -> Result<Worked, Fatal> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Fatal::failed(format!("shard {}: {what}", attempt.shard), error)
        };
        let Planned { job, state, layout } = &self.planned;
        let rows =
            shard::read(&self.planned, attempt.shard).await.map_err(|error| failed("cannot read its rows", &error))?;
        let standing =
            self.standing(attempt).await.map_err(|error| failed("cannot read results that were taken back", &error))?;
        let outcomes = stream::iter(rows.iter().zip(standing).enumerate()).map(|(at, (row, standing))| async move {
            let outcome = match standing {
                Some(outcome) => outcome,
                None => self.row(row, attempt).await?,
            };
            self.progress.row(&outcome);
            Ok::<_, Error>((at, outcome))
        });
        let outcomes = outcomes.buffer_unordered(self.io).try_collect::<Vec<_>>().await;
        let mut outcomes = outcomes.map_err(|error| failed("cannot store", &error))?;
        outcomes.sort_unstable_by_key(|(at, _)| *at);
        let outcomes: Vec<Outcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        let file =
            results::encode(&outcomes, attempt.shard, &job.fingerprint).map_err(|error| failed("results", &error))?;
        crash::point("before_result");
        let is_first = state.create(&layout.result(attempt.shard), file).await;
        let is_first = is_first.map_err(|error| failed("cannot store its results", &error))?;
        crash::point("after_result");
        Ok(if is_first { Worked::Committed(outcomes) } else { Worked::Lost })
    }

    /// The rows that stand from results that `retry` took back, in the manifest's order, without end.
    async fn standing(&self, attempt: &Attempt) -> Result<impl Iterator<Item = Option<Outcome>> + use<>, String> {
        let Planned { state, layout, .. } = &self.planned;
        let folder = layout.taken_back(attempt.shard);
        // The first attempt on a shard comes before any results.
        let names =
            if attempt.number == 0 { Vec::new() } else { state.names(&folder).await.map_err(|e| e.to_string())? };
        let rows = match names.iter().filter_map(|name| number(name)).max() {
            Some(last) => {
                results::decode(state.read(&folder.join(layout::file(last))).await.map_err(|e| e.to_string())?)?
            }
            None => Vec::new(),
        };
        Ok(rows
            .into_iter()
            .map(|row| Some(row).filter(|row| !row.verdict.retryable))
            .chain(std::iter::repeat_with(|| None)))
    }

    /// Fetches, decodes and stores one row.
    ///
    /// # Errors
    ///
    /// The target refuses to store, whatever is stored.
    async fn row(&self, row: &ManifestRow, attempt: &Attempt) -> Result<Outcome, Error> {
        let outcome = Outcome {
            source_key: row.key.clone(),
            source_etag: row.etag.clone(),
            source_bytes: row.size,
            attempt: attempt.number,
            worker: self.name.clone(),
            ..Outcome::default()
        };
        let outcome = match self.fetch(row, outcome).await {
            Ok(fetched) => self.made(fetched, attempt).await?,
            Err(refused) => *refused,
        };
        Ok(Outcome { finished_at: Utc::now().timestamp_micros(), ..outcome })
    }

    /// # Errors
    ///
    /// The row, where its source is not to be had or too large.
    async fn fetch(&self, row: &ManifestRow, outcome: Outcome) -> Result<Fetched, Box<Outcome>> {
        let Ok(path) = Path::parse(&row.key) else {
            return Err(Box::new(outcome.refused(INVALID_KEY, "no store has such a key")));
        };
        let mut tries = 1;
        loop {
            let read = match self.source.get(&path, row.etag.as_deref()).await {
                Ok(result) => self.body(result, outcome.clone()).await,
                Err(error) => return Err(Box::new(outcome.unread(&error))),
            };
            match read {
                Ok(fetched) => return Ok(fetched),
                Err(Unread::Refused(refused)) => return Err(refused),
                Err(Unread::Broken(_)) if tries < BODY_TRIES => tries += 1,
                Err(Unread::Broken(error)) => return Err(Box::new(outcome.unread(&error))),
            }
        }
    }

    async fn body(&self, result: GetResult, outcome: Outcome) -> Result<Fetched, Unread> {
        let (actual, limit) = (result.meta.size, self.ingest.limits().max_bytes);
        let outcome = Outcome { source_etag: result.meta.e_tag.clone(), source_bytes: Some(actual), ..outcome };
        if actual > limit {
            let refused = outcome.refused_by(&Refusal::TooLarge { limit, actual });
            return Err(Unread::Refused(Box::new(refused)));
        }
        let in_use = self.memory.to_fetch(actual).await;
        let bytes = result.bytes().await.map_err(Unread::Broken)?;
        Ok(Fetched { outcome, bytes, in_use })
    }

    /// Decodes and stores a source.
    ///
    /// # Errors
    ///
    /// As [`Self::row`].
    async fn made(&self, fetched: Fetched, attempt: &Attempt) -> Result<Outcome, Error> {
        let Fetched { outcome, bytes, in_use } = fetched;
        let made = if attempt.is_isolated() {
            match self.decoder.decode_isolated(&bytes).await {
                Ok(made) => made,
                Err(error @ ChildError::Start(_)) => return Ok(outcome.refused(IO, error.to_string())),
                Err(error) => return Ok(outcome.refused(WORKER_FAILED, error.to_string())),
            }
        } else {
            match self.decoder.decode(bytes).await {
                Ok(made) => made,
                Err(error) => return Ok(outcome.refused(IO, error.to_string())),
            }
        };
        drop(in_use);
        self.stored(outcome, made).await
    }

    async fn stored(&self, outcome: Outcome, made: Made) -> Result<Outcome, Error> {
        let Made { verdict, files } = made;
        let stored = self.store(&verdict, files).await;
        let outcome = Outcome { verdict, ..outcome };
        match stored {
            Ok(()) => Ok(outcome),
            Err(error @ Error::Generic { .. }) => Ok(outcome.unstored(&error)),
            Err(error) => Err(error),
        }
    }

    /// Stores the canonical image and its renditions.
    async fn store(&self, verdict: &Verdict, files: Vec<Bytes>) -> Result<(), Error> {
        for (number, (object, bytes)) in verdict.objects().zip(files).enumerate() {
            // Where a rendition is the whole canonical image, the two are one object.
            if verdict.objects().take(number).any(|other| other.key == object.key) {
                continue;
            }
            // Whoever was first has stored the same.
            self.target.create(&Path::from(object.key.as_str()), bytes).await?;
            crash::point(if number == 0 { "after_object" } else { "after_rendition" });
        }
        Ok(())
    }
}

/// A source that was read.
struct Fetched {
    outcome: Outcome,
    bytes: Bytes,
    in_use: InUse,
}

/// Why a source was not read.
enum Unread {
    Refused(Box<Outcome>),
    /// Its body ended early.
    Broken(Error),
}

const BODY_TRIES: u32 = 4;
