//! `retry`: tries again the rows that may succeed now, and works on shards without results.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::args::RetryArgs;
use crate::exit::{Ended, Fatal};
use crate::job::Planned;
use crate::layout::{file, number};
use crate::lines::line;
use crate::results;
use crate::run::run_shards;

/// Takes back the results of shards with rows to try again, and works on all shards without results.
///
/// # Errors
///
/// Usage: no such job, or one that is committed. Storage fails. A signal stops it.
pub(crate) async fn retry(args: &RetryArgs) -> Result<Ended, Fatal> {
    let planned = Planned::load(&args.job).await?;
    let failed = |error: object_store::Error| Fatal::failed("cannot look for manifest.json", error);
    if planned.state.exists(&planned.layout.manifest()).await.map_err(failed)? {
        return Err(Fatal::usage("the job is committed: its results stand"));
    }
    let reopened = stream::iter(planned.done().await?).map(|shard| take_back(&planned, shard));
    let reopened: Vec<Option<u32>> = reopened.buffer_unordered(FILES_AT_A_TIME).try_collect().await?;
    let mut reopened: Vec<u32> = reopened.into_iter().flatten().collect();
    reopened.sort_unstable();
    line(&json!({ "name": planned.job.name, "reopened": reopened }))?;
    let missing = planned.missing().await?;
    if args.reopen {
        return Ok(if missing.is_empty() { Ended::Done } else { Ended::Missing });
    }
    let shards: Vec<u32> = (0..planned.job.shards).collect();
    run_shards(planned, &shards, missing, &args.resources).await
}

/// Keeps a copy of the results of a shard, and deletes them, if they have rows to try again. The next attempt carries over the
/// rows that stand. Whatever ends this in between, or does it twice, loses nothing: the copy is there before the results go.
async fn take_back(planned: &Planned, shard: u32) -> Result<Option<u32>, Fatal> {
    let failed = |error: &dyn std::fmt::Display| Fatal::failed(format!("results of shard {shard}"), error);
    let (state, layout) = (&planned.state, &planned.layout);
    let bytes = match state.read(&layout.result(shard)).await {
        Ok(bytes) => bytes,
        // Another retry took them back.
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let rows = results::decode(bytes.clone()).map_err(|error| failed(&error))?;
    if !rows.iter().any(|row| row.verdict.retryable) {
        return Ok(None);
    }
    let folder = layout.taken_back(shard);
    let names = state.names(&folder).await.map_err(|error| failed(&error))?;
    let mut next = names.iter().filter_map(|name| number(name)).max().map_or(0, |last| last + 1);
    while !state.create(&folder.clone().join(file(next)), bytes.clone()).await.map_err(|error| failed(&error))? {
        next += 1;
    }
    state.delete(&layout.result(shard)).await.map_err(|error| failed(&error))?;
    Ok(Some(shard))
}

const FILES_AT_A_TIME: usize = 16;
