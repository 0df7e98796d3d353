//! The arguments, their ranges and their help.

use std::collections::BTreeMap;
use std::thread::available_parallelism;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand, value_parser};
use image_ingest::facts::RgbColor;
use image_ingest::rendition::{ParseRenditionError, RenditionSpec};
use image_ingest::{Encoding, Geometry, Limits};

use crate::canonical::{Canonical, Text};
use crate::exit::Fatal;

/// Makes stored pictures canonical: any number of machines, one result.
///
/// `plan` cuts a manifest into shards once. Any number of `run`s on any machines work on them; each needs nothing but the
/// job's place and name. `status` counts, `retry` tries again what may succeed later, `commit` writes the job's last file.
/// A URL is s3://bucket/prefix, file:///folder or a plain path. S3 is set up by the usual variables (AWS_REGION,
/// AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and so on).
///
/// Every command prints JSON lines on standard output. It exits with 0 when all shards that it was asked for have results,
/// 3 when some have none, 2 when the arguments make no sense, 1 when storage fails.
#[derive(Debug, Parser)]
#[command(name = "image-ingest-backfill", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Cut a manifest into shards, and fix what is made of them
    Plan(PlanArgs),
    /// Work on shards without results: all, one, or every N-th
    Run(RunArgs),
    /// Count shards with and without results
    Status(StatusArgs),
    /// Try again the rows that may succeed now, and the shards without results
    Retry(RetryArgs),
    /// Write manifest.json, which names each results file with its digest; refused while a shard is missing
    Commit(JobArgs),
    /// Decode for a parent process, over standard input and output
    #[command(hide = true)]
    Decode,
}

/// Where a job is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct JobArgs {
    /// Where jobs keep their files; this one's lie below it, in a folder of its name
    #[arg(long, value_name = "URL")]
    pub(crate) state: String,
    /// Name of the job: letters, digits, '.', '_' and '-'
    #[arg(long, value_name = "N", value_parser = job_name)]
    pub(crate) name: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// What to work on: a .parquet or .csv file with the column key, and etag and size where they are known; a .txt file
    /// with a key in each line; or a folder at or below the source, which is listed
    #[arg(long, value_name = "URL")]
    pub(crate) manifest: String,
    /// Where the pictures are; keys are relative to it
    #[arg(long, value_name = "URL")]
    pub(crate) source: String,
    /// Where canonical images and renditions are stored, by their content ids
    #[arg(long, value_name = "URL")]
    pub(crate) target: String,
    /// Rows of the manifest in one shard
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = RangedU64ValueParser::<u32>::new().range(1..=100_000))]
    pub(crate) rows_per_shard: u32,
    #[command(flatten)]
    canonical: CanonicalArgs,
}

#[derive(Debug, clap::Args)]
struct CanonicalArgs {
    /// Longest side of the result, in pixels (1-16383); smaller pictures are never enlarged
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = value_parser!(u32).range(1..=MAX_EDGE))]
    max_edge: u32,
    /// Crop the centre to the aspect of W x H pixels and reduce it to that size, instead of --max-edge
    #[arg(long, value_name = "WxH", value_parser = cover, conflicts_with = "max_edge")]
    cover: Option<Geometry>,
    /// Encoding of the result; webp takes a program that was built with the feature webp-encode
    #[arg(long, default_value = Encoding::default().name(), value_parser = Encoding::NAMES)]
    encoding: String,
    /// Quality of the result, 1-100 [default: 85 for jpeg, 80 for webp]
    #[arg(long, value_name = "Q", value_parser = value_parser!(u8).range(1..=100))]
    quality: Option<u8>,
    /// Colour that transparent pixels are laid over
    #[arg(long, value_name = "RRGGBB", default_value = "ffffff")]
    matte: RgbColor,
    /// Make and store a further size as well, such as card=fit:640 or thumb=cover:256x256@0.5,0.3:webp80: fit:N has N pixels
    /// on the longer side, cover:WxH crops around the point X,Y (0-1, else the centre), and jpegQ or webpQ encodes it; may be
    /// given several times
    #[arg(long = "rendition", value_name = "NAME=SPEC", value_parser = RenditionSpec::parse_named)]
    renditions: Vec<(String, RenditionSpec)>,
    /// Refuse sources with more bytes than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_bytes, value_parser = value_parser!(u64).range(1..=1 << 40))]
    max_bytes: u64,
    /// Refuse pictures with more stored pixels than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels, value_parser = value_parser!(u64).range(1..))]
    max_pixels: u64,
    /// Refuse pictures that need more memory than this by estimate, in bytes
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_memory_bytes, value_parser = value_parser!(u64).range(1..))]
    max_memory_bytes: u64,
    /// Refuse pictures that take more CPU time than this, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = value_parser!(u64).range(1..=86_400_000))]
    deadline: u64,
}

/// What a run may use of its machine.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ResourceArgs {
    /// Pictures to decode at a time [default: one for each CPU]
    #[arg(short, long, value_name = "N", default_value_t = cpus(), hide_default_value = true, value_parser = RangedU64ValueParser::<usize>::new().range(1..=4096))]
    pub(crate) jobs: usize,
    /// Pictures to fetch, hold and store at a time [default: 16, and at least four for each job]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_536))]
    io: Option<usize>,
    /// Memory for pictures in work, in MiB, by estimate before decoding; the others wait
    #[arg(long, value_name = "MiB", default_value_t = 1024, value_parser = value_parser!(u64).range(64..=1 << 24))]
    pub(crate) memory: u64,
    /// Stop when standard input ends: for an engine's worker, whose death is to be the run's
    #[arg(long, hide = true)]
    pub(crate) stop_with_stdin: bool,
}

impl ResourceArgs {
    pub(crate) fn io(&self) -> usize {
        self.io.unwrap_or_else(|| (4 * self.jobs).max(16))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Work on this shard alone
    #[arg(long, value_name = "I", conflicts_with_all = ["index", "of"])]
    pub(crate) shard: Option<u32>,
    /// Work on each shard whose number leaves this remainder when it is divided by --of
    #[arg(long, value_name = "I", requires = "of")]
    pub(crate) index: Option<u32>,
    /// Number of runs that share the shards
    #[arg(long, value_name = "N", requires = "index", value_parser = value_parser!(u32).range(1..))]
    pub(crate) of: Option<u32>,
    #[command(flatten)]
    pub(crate) resources: ResourceArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Read all results, and count rows by their code
    #[arg(long)]
    pub(crate) codes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
    /// Only take back the results of shards with rows to try again; a run of any engine makes them anew
    #[arg(long)]
    pub(crate) reopen: bool,
    #[command(flatten)]
    pub(crate) resources: ResourceArgs,
}

impl PlanArgs {
    /// What is to be made of each source.
    ///
    /// # Errors
    ///
    /// Usage: two renditions of one name.
    pub(crate) fn canonical(&self) -> Result<Canonical, Fatal> {
        let given = &self.canonical;
        let mut renditions = BTreeMap::new();
        for (name, spec) in &given.renditions {
            if renditions.insert(name.clone(), Text(*spec)).is_some() {
                return Err(Fatal::usage(format!("--rendition {name}=…: the name is given twice")));
            }
        }
        Ok(Canonical {
            geometry: Text(given.cover.unwrap_or(Geometry::Fit { max_edge: given.max_edge })),
            // The argument's parser takes no other names.
            encoding: Text(Encoding::named(&given.encoding, given.quality).unwrap_or_default()),
            matte: Text(given.matte),
            renditions,
            max_bytes: given.max_bytes,
            max_pixels: given.max_pixels,
            max_memory_bytes: given.max_memory_bytes,
            deadline_ms: given.deadline,
        })
    }
}

fn cpus() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// A name that is one segment of a path in every store.
fn job_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.len() > 100 || text.starts_with('.') || !text.chars().all(allowed) {
        return Err("expected 1 to 100 letters, digits, '.', '_' and '-', not beginning with '.'".to_owned());
    }
    Ok(text.to_owned())
}

fn cover(text: &str) -> Result<Geometry, ParseRenditionError> {
    format!("cover:{text}").parse()
}

/// It is an `i64`, because clap's ranges are.
const MAX_EDGE: i64 = Geometry::MAX_EDGE as i64;

const EXAMPLES: &str = "\
Examples:
  image-ingest backfill plan --manifest pictures/ --source pictures/ --target canonical/ --state jobs/ --name first
  image-ingest backfill plan --manifest pictures.csv --source s3://pictures --target s3://canonical --state s3://jobs \
    --name first --max-edge 1600 --rendition card=fit:640 --rendition thumb=cover:256x256@0.5,0.3
  image-ingest backfill run --state jobs/ --name first
  image-ingest backfill run --state s3://jobs --name first --index $JOB_COMPLETION_INDEX --of 64
  image-ingest backfill status --state jobs/ --name first --codes
  image-ingest backfill commit --state jobs/ --name first";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_job_s_name_is_one_plain_segment() {
        assert!(["a", "2026-11.first_try"].iter().all(|name| job_name(name).is_ok()));
        assert!(
            ["", ".", "..", ".hidden", "a/b", "a b", "ä", &"a".repeat(101)].iter().all(|name| job_name(name).is_err())
        );
    }

    #[test]
    fn index_needs_of_and_excludes_shard() {
        let parse = |rest: &[&str]| {
            let start = ["image-ingest-backfill", "run", "--state", "s", "--name", "n"];
            Args::try_parse_from(start.iter().chain(rest))
        };
        assert!(parse(&["--index", "1", "--of", "2"]).is_ok());
        for wrong in [
            &["--index", "1"][..],
            &["--of", "2"],
            &["--shard", "0", "--index", "1", "--of", "2"],
            &["--index", "0", "--of", "0"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
