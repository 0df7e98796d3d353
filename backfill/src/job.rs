//! A job's description, `job.json`: what is made of what. It is written once and never changed.

use std::collections::BTreeMap;

use image_ingest::Ingest;
use object_store::Error;
use serde::{Deserialize, Serialize};

use crate::args::JobArgs;
use crate::canonical::Canonical;
use crate::exit::Fatal;
use crate::layout::Layout;
use crate::storage::{Place, place_url};

/// What is made of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The version of this protocol.
    pub(crate) protocol: u32,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) canonical: Canonical,
    /// Everything that decides canonical bytes, in the library's words.
    pub(crate) fingerprint: String,
    /// The same of each rendition, by its name, given the canonical image.
    pub(crate) rendition_fingerprints: BTreeMap<String, String>,
    pub(crate) rows: u64,
    /// BLAKE3 of the sorted manifest.
    pub(crate) manifest_blake3: String,
    pub(crate) rows_per_shard: u32,
    pub(crate) shards: u32,
}

impl Job {
    /// The rows of a shard: all shards but the last have the same number.
    pub(crate) fn rows_of(&self, shard: u32) -> u64 {
        let before = u64::from(shard) * u64::from(self.rows_per_shard);
        self.rows.saturating_sub(before).min(self.rows_per_shard.into())
    }
}

/// A job that is planned, and the place of its files.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) job: Job,
    pub(crate) state: Place,
    pub(crate) layout: Layout,
}

impl Planned {
    /// Reads a job's description.
    ///
    /// # Errors
    ///
    /// Usage: there is no such job, or it is of another version. Storage fails.
    pub(crate) async fn load(args: &JobArgs) -> Result<Self, Fatal> {
        let url = place_url(&args.state)?;
        let (state, layout) = (Place::open(&url)?, Layout::of(&args.name));
        let text = state.read(&layout.job()).await.map_err(|error| match error {
            Error::NotFound { .. } => {
                Fatal::usage(format!("{url} has no job of the name {}; plan it first", args.name))
            }
            error => Fatal::failed("cannot read job.json", error),
        })?;
        let job: Job = serde_json::from_slice(&text).map_err(|error| Fatal::usage(format!("job.json: {error}")))?;
        if job.protocol != PROTOCOL {
            return Err(Fatal::usage(format!(
                "the job has version {} of the protocol, and this program {PROTOCOL}",
                job.protocol
            )));
        }
        Ok(Self { job, state, layout })
    }

    /// The library's entry point for this job.
    ///
    /// # Errors
    ///
    /// Usage: this build makes other bytes than the one that planned the job.
    pub(crate) fn ingest(&self) -> Result<Ingest, Fatal> {
        let ingest = self.job.canonical.ingest().map_err(|error| Fatal::usage(error.to_string()))?;
        let (ours, planned) = (ingest.profile().fingerprint(), &self.job.fingerprint);
        if ours != *planned {
            return Err(other_bytes(planned, &ours));
        }
        let (ours, planned) = (self.job.canonical.rendition_fingerprints(), &self.job.rendition_fingerprints);
        if ours != *planned {
            return Err(other_bytes(&shown(planned), &shown(&ours)));
        }
        Ok(ingest)
    }

    /// The shards that have results, in any order.
    ///
    /// # Errors
    ///
    /// Storage fails.
    pub(crate) async fn done(&self) -> Result<Vec<u32>, Fatal> {
        let names = self.state.names(&self.layout.results()).await;
        let names = names.map_err(|error| Fatal::failed("cannot list results", error))?;
        Ok(names
            .iter()
            .filter_map(|name| crate::layout::number(name))
            .filter(|shard| *shard < self.job.shards)
            .collect())
    }

    /// The shards that have no results, in order.
    ///
    /// # Errors
    ///
    /// Storage fails.
    pub(crate) async fn missing(&self) -> Result<Vec<u32>, Fatal> {
        let mut done = vec![false; self.job.shards as usize];
        for shard in self.done().await? {
            done[shard as usize] = true;
        }
        Ok((0..self.job.shards).zip(done).filter(|(_, done)| !done).map(|(shard, _)| shard).collect())
    }
}

fn other_bytes(planned: &str, ours: &str) -> Fatal {
    Fatal::usage(format!("the job is of the fingerprint {planned}, and this program makes {ours}"))
}

fn shown(fingerprints: &BTreeMap<String, String>) -> String {
    let shown: Vec<String> = fingerprints.iter().map(|(name, fingerprint)| format!("{name}={fingerprint}")).collect();
    shown.join(" ")
}

/// The version of the files and of what they mean.
pub(crate) const PROTOCOL: u32 = 1;
