//! Turns a source into its canonical image, in this process or in a child.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use image_ingest::Ingest;
use tokio::sync::Semaphore;

use crate::canonical::Canonical;
use crate::isolated::{ChildError, Isolated};
use crate::memory::Memory;
use crate::verdict::{Made, finish, probe};

/// Decodes up to so many sources at a time.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    ingest: Ingest,
    canonical: Arc<Canonical>,
    jobs: Arc<Semaphore>,
    memory: Memory,
    /// Children without work.
    idle: Arc<Mutex<Vec<Isolated>>>,
}

impl Decoder {
    pub(crate) fn new(ingest: Ingest, canonical: Canonical, jobs: usize, memory: Memory) -> Self {
        let jobs = Arc::new(Semaphore::new(jobs));
        Self { ingest, canonical: Arc::new(canonical), jobs, memory, idle: Arc::default() }
    }

    /// Decodes in this process.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub(crate) async fn decode(&self, bytes: Bytes) -> Result<Made, tokio::task::JoinError> {
        let _job = self.jobs.acquire().await;
        let ingest = self.ingest.clone();
        let (source, memory_bytes) = match tokio::task::spawn_blocking(move || probe(&ingest, bytes)).await? {
            Ok(probed) => probed,
            Err(verdict) => return Ok((*verdict).into()),
        };
        let _memory = self.memory.to_decode(memory_bytes).await;
        let ingest = self.ingest.clone();
        tokio::task::spawn_blocking(move || finish(&ingest, source)).await
    }

    /// Decodes in a child process, which works on nothing else meanwhile.
    ///
    /// # Errors
    ///
    /// The child died or does not answer.
    pub(crate) async fn decode_isolated(&self, bytes: &Bytes) -> Result<Made, ChildError> {
        let _job = self.jobs.acquire().await;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut child = match idle {
            Some(child) => child,
            None => Isolated::start(&self.canonical).await?,
        };
        let made = match child.probe(bytes).await? {
            Ok(memory_bytes) => {
                let _memory = self.memory.to_decode(memory_bytes).await;
                child.finish().await?
            }
            Err(made) => made,
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        Ok(made)
    }

    /// Ends the children.
    pub(crate) fn end_children(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
