//! `status`: counts shards with and without results, and rows by their code.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::args::StatusArgs;
use crate::exit::{Ended, Fatal};
use crate::job::Planned;
use crate::lines::line;
use crate::progress::codes;
use crate::results;

/// Prints one line about the job.
///
/// # Errors
///
/// Usage: no such job. Storage fails.
pub(crate) async fn status(args: &StatusArgs) -> Result<Ended, Fatal> {
    let planned = Planned::load(&args.job).await?;
    let missing = planned.missing().await?;
    let committed = planned.state.exists(&planned.layout.manifest()).await;
    let committed = committed.map_err(|error| Fatal::failed("cannot look for manifest.json", error))?;
    let counted = if args.codes { Some(rows_by_code(&planned).await?) } else { None };
    let done = planned.job.shards as usize - missing.len();
    line(&json!({
        "name": planned.job.name, "rows": planned.job.rows, "shards": planned.job.shards, "done": done, "missing": missing,
        "committed": committed, "codes": counted.as_ref().map(|(codes, _)| codes),
        "retryable": counted.as_ref().map(|(_, retryable)| retryable),
    }))?;
    Ok(if missing.is_empty() { Ended::Done } else { Ended::Missing })
}

/// Rows by their code, and how many may succeed later.
async fn rows_by_code(planned: &Planned) -> Result<(BTreeMap<String, u64>, usize), Fatal> {
    let files = stream::iter(planned.done().await?).map(|shard| async move {
        let failed = |error: &dyn std::fmt::Display| Fatal::failed(format!("results of shard {shard}"), error);
        let file = planned.state.read(&planned.layout.result(shard)).await.map_err(|error| failed(&error))?;
        let rows = results::decode(file).map_err(|error| failed(&error))?;
        Ok::<_, Fatal>((codes(&rows), rows.iter().filter(|row| row.verdict.retryable).count()))
    });
    let sum = files.buffer_unordered(FILES_AT_A_TIME).try_fold(
        (BTreeMap::new(), 0),
        |(mut all, retryable), (codes, more)| async move {
            codes.into_iter().for_each(|(code, count)| *all.entry(code).or_default() += count);
            Ok((all, retryable + more))
        },
    );
    sum.await
}

const FILES_AT_A_TIME: usize = 16;
