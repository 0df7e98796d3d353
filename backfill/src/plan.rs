//! `plan`: cuts a manifest into shards, once.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::args::PlanArgs;
use crate::exit::{Ended, Fatal};
use crate::job::{Job, PROTOCOL};
use crate::layout::Layout;
use crate::lines::line;
use crate::manifest::{self, ManifestRow};
use crate::shard;
use crate::storage::{Place, absolute_url, local_path, place_url};

/// Writes the job's description, then its shards. The same plan again writes what is missing; another is refused.
///
/// # Errors
///
/// Usage: no manifest, no source, or another job of this name. Storage fails.
pub(crate) async fn plan(args: &PlanArgs) -> Result<Ended, Fatal> {
    let (source, target, state) = (place_url(&args.source)?, place_url(&args.target)?, place_url(&args.job.state)?);
    if local_path(&source).is_some_and(|folder| !folder.is_dir()) {
        return Err(Fatal::usage(format!("{source}: is no folder")));
    }
    let rows = manifest::read(&absolute_url(&args.manifest)?, &source).await?;
    let job = job(args, &rows, source, target)?;
    // What cannot be opened is told now, and not to every worker.
    Place::open(&job.source)?;
    Place::open(&job.target)?;
    let (place, layout) = (Place::open(&state)?, Layout::of(&job.name));
    let is_new = claim(&job, &place, &layout).await?;
    let written = write_shards(&rows, &job, &place, &layout).await?;
    line(&json!({
        "name": job.name, "outcome": if is_new { "planned" } else { "already" }, "rows": job.rows, "shards": job.shards,
        "shards_written": written, "manifest_blake3": job.manifest_blake3, "fingerprint": job.fingerprint,
        "rendition_fingerprints": job.rendition_fingerprints,
    }))?;
    Ok(Ended::Done)
}

fn job(args: &PlanArgs, rows: &[ManifestRow], source: String, target: String) -> Result<Job, Fatal> {
    let canonical = args.canonical()?;
    let ingest = canonical.ingest().map_err(|error| Fatal::usage(error.to_string()))?;
    let shards = rows.len().div_ceil(args.rows_per_shard as usize);
    let shards = u32::try_from(shards).ok().filter(|shards| *shards <= MAX_SHARDS);
    Ok(Job {
        protocol: PROTOCOL,
        name: args.job.name.clone(),
        source,
        target,
        fingerprint: ingest.profile().fingerprint(),
        rendition_fingerprints: canonical.rendition_fingerprints(),
        canonical,
        rows: rows.len() as u64,
        manifest_blake3: manifest::digest(rows),
        rows_per_shard: args.rows_per_shard,
        shards: shards.ok_or_else(|| Fatal::usage(format!("more than {MAX_SHARDS} shards; raise --rows-per-shard")))?,
    })
}

/// Writes the description, which claims the name. Returns whether this plan was first.
async fn claim(job: &Job, place: &Place, layout: &Layout) -> Result<bool, Fatal> {
    let failed = |error: &dyn std::fmt::Display| Fatal::failed("job.json", error);
    let text = serde_json::to_vec_pretty(job).map_err(|error| failed(&error))?;
    if place.create(&layout.job(), text.into()).await.map_err(|error| failed(&error))? {
        return Ok(true);
    }
    let planned = place.read(&layout.job()).await.map_err(|error| failed(&error))?;
    let planned: Value = serde_json::from_slice(&planned).map_err(|error| failed(&error))?;
    let ours = serde_json::to_value(job).map_err(|error| failed(&error))?;
    let differing = differing(&ours, &planned);
    if differing.is_empty() {
        return Ok(false);
    }
    Err(Fatal::usage(format!("another job has the name {}: it differs in {}", job.name, differing.join(", "))))
}

/// The fields in which two descriptions differ.
fn differing(ours: &Value, planned: &Value) -> Vec<String> {
    let fields = [ours, planned].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
    let mut differing: Vec<String> = fields.filter(|field| ours.get(field) != planned.get(field)).cloned().collect();
    differing.sort_unstable();
    differing.dedup();
    differing
}

async fn write_shards(rows: &[ManifestRow], job: &Job, place: &Place, layout: &Layout) -> Result<usize, Fatal> {
    let written = stream::iter((0..).zip(rows.chunks(job.rows_per_shard as usize))).map(|(number, rows)| async move {
        let failed = |error: &dyn std::fmt::Display| Fatal::failed(format!("shard {number}"), error);
        let file = shard::encode(rows).map_err(|error| failed(&error))?;
        place.create(&layout.shard(number), file).await.map_err(|error| failed(&error))
    });
    let written: Vec<bool> = written.buffer_unordered(SHARDS_AT_A_TIME).try_collect().await?;
    Ok(written.into_iter().filter(|is_new| *is_new).count())
}

const MAX_SHARDS: u32 = 10_000_000;
const SHARDS_AT_A_TIME: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_fields_are_named_once() {
        let (a, b) = (json!({ "x": 1, "y": 2, "z": 3 }), json!({ "x": 1, "y": 3, "w": 3 }));
        assert_eq!(differing(&a, &b), ["w", "y", "z"]);
        assert!(differing(&a, &a).is_empty());
    }
}
