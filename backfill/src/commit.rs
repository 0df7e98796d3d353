//! `commit`: names all results with their digests in the job's last file.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::JobArgs;
use crate::exit::{Ended, Fatal};
use crate::job::{Job, Planned};
use crate::layout::file;
use crate::lines::line;
use crate::progress::codes;
use crate::results;

/// The job's last file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Committed {
    job: Job,
    /// Rows by their code.
    codes: BTreeMap<String, u64>,
    results: Vec<ResultsFile>,
}

/// A file of results, by its place below `STATE/NAME/`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ResultsFile {
    file: String,
    rows: u64,
    bytes: u64,
    blake3: String,
}

/// Writes `manifest.json`, once.
///
/// # Errors
///
/// Missing: a shard has no results. Usage: no such job. Storage fails, or a results file has other rows than its shard.
pub(crate) async fn commit(args: &JobArgs) -> Result<Ended, Fatal> {
    let planned = Planned::load(args).await?;
    let missing = planned.missing().await?;
    if let Some(first) = missing.first() {
        return Err(Fatal::missing(format!("{} shards have no results yet, shard {first} among them", missing.len())));
    }
    let files = stream::iter(0..planned.job.shards).map(|shard| results_file(&planned, shard));
    let files: Vec<_> = files.buffered(FILES_AT_A_TIME).try_collect().await?;
    let mut committed = Committed { job: planned.job.clone(), codes: BTreeMap::new(), results: Vec::new() };
    for (file, codes) in files {
        codes.into_iter().for_each(|(code, count)| *committed.codes.entry(code).or_default() += count);
        committed.results.push(file);
    }
    let failed = |error: &dyn std::fmt::Display| Fatal::failed("manifest.json", error);
    let text = serde_json::to_vec_pretty(&committed).map_err(|error| failed(&error))?;
    let path = planned.layout.manifest();
    let is_first = planned.state.create(&path, text.into()).await.map_err(|error| failed(&error))?;
    if !is_first {
        let there = planned.state.read(&path).await.map_err(|error| failed(&error))?;
        let there: Committed = serde_json::from_slice(&there).map_err(|error| failed(&error))?;
        if there != committed {
            return Err(failed(&"the results are others than those that were committed"));
        }
    }
    let outcome = if is_first { "committed" } else { "already" };
    let (name, rows) = (&planned.job.name, planned.job.rows);
    line(
        &json!({ "name": name, "outcome": outcome, "rows": rows, "shards": planned.job.shards, "codes": committed.codes }),
    )?;
    Ok(Ended::Done)
}

/// A results file, and its rows by code.
async fn results_file(planned: &Planned, shard: u32) -> Result<(ResultsFile, BTreeMap<String, u64>), Fatal> {
    let failed = |error: &dyn std::fmt::Display| Fatal::failed(format!("results of shard {shard}"), error);
    let bytes = planned.state.read(&planned.layout.result(shard)).await.map_err(|error| failed(&error))?;
    let rows = results::decode(bytes.clone()).map_err(|error| failed(&error))?;
    let expected = planned.job.rows_of(shard);
    if rows.len() as u64 != expected {
        return Err(failed(&format!("{} rows in place of {expected}", rows.len())));
    }
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let file = ResultsFile {
        file: format!("results/{}", file(shard)),
        rows: expected,
        bytes: bytes.len() as u64,
        blake3: digest,
    };
    Ok((file, codes(&rows)))
}

const FILES_AT_A_TIME: usize = 16;
