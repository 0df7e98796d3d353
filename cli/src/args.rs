//! The arguments, their ranges and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand, value_parser};
use clap_complete::Shell;
use image_ingest::facts::RgbColor;
use image_ingest::rendition::{ParseRenditionError, RenditionSpec};
use image_ingest::{Encoding, Geometry, Ingest, IngestBuilder, Limits, Profile};

use crate::exit::Fatal;

/// Turns untrusted JPEG, PNG, GIF, WebP and HEIC files into one canonical image each, named by its content.
///
/// Every command prints one JSON line per input on standard output, in input order, and exits with 0 when all inputs
/// were accepted, 1 when some were refused or output could not be written, 2 when the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "image-ingest", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the canonical image of every input, and store it with --out
    #[command(after_help = INGEST_EXAMPLES)]
    Ingest(IngestArgs),
    /// Print what each input's header says, without decoding
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArgs),
    /// Make one HTML page of all inputs, to look at: before and after, receipts, renditions, placeholders and refusals
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Measure how long each input takes, from bytes in memory to bytes in memory
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(BenchArgs),
    /// Check that this build makes the same bytes as every other
    SelfTest,
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Write manual pages into a folder
    #[command(hide = true)]
    Man(ManArgs),
    /// Make many millions of stored pictures canonical, on any number of machines (by image-ingest-backfill)
    #[command(disable_help_flag = true)]
    Backfill(BackfillArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder, which exists
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// The arguments of another program, which has their help.
#[derive(Debug, clap::Args)]
pub(crate) struct BackfillArgs {
    /// Arguments of image-ingest-backfill: plan, run, status, retry or commit, and theirs
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IngestArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,
    /// Store each canonical image and rendition in this folder as ID.jpg or ID.webp; it is created if missing. Without it nothing is
    /// stored
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) jobs: JobArgs,
    /// Print a summary on standard error even where that is no terminal
    #[arg(long)]
    pub(crate) summary: bool,
    #[command(flatten)]
    pub(crate) extras: ExtraArgs,
    #[command(flatten)]
    pub(crate) canonical: CanonicalArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,
    /// Write the page to this file
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub(crate) output: PathBuf,
    /// Pictures in the page, in MiB; later inputs show a small picture alone
    #[arg(long, value_name = "MiB", default_value_t = 64, value_parser = value_parser!(u64).range(0..=1024))]
    pub(crate) max_pictures: u64,
    #[command(flatten)]
    pub(crate) jobs: JobArgs,
    #[command(flatten)]
    pub(crate) extras: ExtraArgs,
    #[command(flatten)]
    pub(crate) canonical: CanonicalArgs,
}

/// How many images are in work at a time.
#[derive(Debug, clap::Args)]
pub(crate) struct JobArgs {
    /// Images to work on at a time [default: one for each CPU]
    #[arg(short, long, value_name = "N", default_value_t = cpus(), hide_default_value = true, value_parser = jobs())]
    pub(crate) jobs: usize,
    /// Memory that all images in work may need together, in MiB, by estimate before decoding; the others wait
    #[arg(long, value_name = "MiB", default_value_t = 1024, value_parser = value_parser!(u64).range(1..=1 << 24))]
    pub(crate) memory_budget: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,
    #[command(flatten)]
    pub(crate) canonical: CanonicalArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,
    /// Counted runs of each input, after one that is not counted
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) runs: u32,
    /// Copies of the input to work on at a time; above 1 a run is one copy on each thread, and images_per_s is added
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = jobs())]
    pub(crate) jobs: usize,
    /// Measure all inputs together: a run is one batch of them on --jobs threads, and one line is printed
    #[arg(long)]
    pub(crate) mixed: bool,
    /// Threads that work on one copy together, where its format allows
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = jobs(), conflicts_with = "jobs")]
    pub(crate) threads: usize,
    #[command(flatten)]
    pub(crate) extras: ExtraArgs,
    #[command(flatten)]
    pub(crate) canonical: CanonicalArgs,
}

/// What is made of each picture besides the canonical image.
#[derive(Debug, clap::Args)]
pub(crate) struct ExtraArgs {
    /// Make a further size as well, such as card=fit:640 or thumb=cover:256x256@0.5,0.3:webp80: fit:N has N pixels on the
    /// longer side, cover:WxH crops around the point X,Y (0-1, else the centre), and jpegQ or webpQ encodes it; may be given
    /// several times
    #[arg(long = "rendition", value_name = "NAME=SPEC", value_parser = RenditionSpec::parse_named)]
    renditions: Vec<(String, RenditionSpec)>,
    /// Add a ThumbHash, a PDQ hash, colours and luminance to each line
    #[arg(long)]
    facts: bool,
}

impl ExtraArgs {
    /// The builder of an entry point for a page: facts always, and renditions of usual sizes where none are asked for.
    ///
    /// # Errors
    ///
    /// As [`add_to`](Self::add_to).
    pub(crate) fn add_to_page(&self, builder: IngestBuilder) -> Result<IngestBuilder, Fatal> {
        let usual = ["device=cover:1170x2532", "card=fit:640", "thumb=cover:256x256"];
        let renditions = match &self.renditions[..] {
            [] => usual.iter().filter_map(|spec| RenditionSpec::parse_named(spec).ok()).collect(),
            given => given.to_vec(),
        };
        Self { renditions, facts: true }.add_to(builder)
    }

    /// The builder of an entry point that makes these as well.
    ///
    /// # Errors
    ///
    /// Usage: two renditions of one name, an encoding that this build does not have.
    pub(crate) fn add_to(&self, builder: IngestBuilder) -> Result<IngestBuilder, Fatal> {
        let mut builder = builder.facts(self.facts);
        for (index, (name, spec)) in self.renditions.iter().enumerate() {
            if self.renditions[..index].iter().any(|(other, _)| other == name) {
                return Err(Fatal::usage(format!("--rendition {name}=…: the name is given twice")));
            }
            if !spec.encoding.is_built_in() {
                let why = "this program was built without the feature webp-encode";
                return Err(Fatal::usage(format!("--rendition {name}={spec}: {why}")));
            }
            builder = builder.rendition(name, *spec);
        }
        Ok(builder)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// Files, folders (searched recursively in name order; hidden entries and links to folders are skipped), or - for
    /// standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// The profile of the canonical image, and the limits of an upload.
#[derive(Debug, clap::Args)]
pub(crate) struct CanonicalArgs {
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
    /// Refuse pictures with more stored pixels than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels, value_parser = value_parser!(u64).range(1..))]
    max_pixels: u64,
    /// Refuse files with more bytes than this
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_bytes, value_parser = value_parser!(u64).range(1..=1 << 40))]
    max_bytes: u64,
}

impl CanonicalArgs {
    /// The library's entry point with the profile and limits of these arguments.
    ///
    /// # Errors
    ///
    /// As [`builder`](Self::builder).
    pub(crate) fn ingest(&self) -> Result<Ingest, Fatal> {
        self.builder()?.build().map_err(|e| Fatal::new("profile", e))
    }

    /// The builder of the entry point.
    ///
    /// # Errors
    ///
    /// Usage: an encoding that this build does not have.
    pub(crate) fn builder(&self) -> Result<IngestBuilder, Fatal> {
        let mut profile = Profile::default();
        profile.geometry = self.cover.unwrap_or(Geometry::Fit { max_edge: self.max_edge });
        // The argument's parser takes no other names.
        profile.encoding = Encoding::named(&self.encoding, self.quality).unwrap_or_default();
        if !profile.encoding.is_built_in() {
            return Err(Fatal::usage("--encoding webp: this program was built without the feature webp-encode"));
        }
        profile.matte = self.matte.0;
        let mut limits = Limits::default();
        limits.max_pixels = self.max_pixels;
        limits.max_bytes = self.max_bytes;
        Ok(Ingest::builder().profile(profile).limits(limits))
    }
}

fn jobs() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=4096)
}

fn cpus() -> usize {
    available_parallelism().map_or(1, usize::from)
}

fn cover(text: &str) -> Result<Geometry, ParseRenditionError> {
    format!("cover:{text}").parse()
}

/// It is an `i64`, because clap's ranges are.
const MAX_EDGE: i64 = Geometry::MAX_EDGE as i64;

const EXAMPLES: &str = "\
Examples:
  image-ingest ingest photos/ --out canonical/      store one canonical JPEG for each picture
  image-ingest inspect photo.heic                   what is in this file?
  image-ingest bench photo.jpg                      how long does it take here?
  image-ingest help ingest                          all options of a command";

const INGEST_EXAMPLES: &str = "\
Examples:
  image-ingest ingest photo.heic --out canonical/
  image-ingest ingest photos/ --out canonical/ --max-edge 1280 --quality 75
  image-ingest ingest photos/ --cover 1170x2532 --matte 000000 --out canonical/
  image-ingest ingest photos/ --out stored/ --rendition card=fit:640 --rendition thumb=cover:256x256@0.5,0.3 --facts
  curl -s https://example.com/a.jpg | image-ingest ingest -
  image-ingest ingest photos/ | jq -r 'select(.error) | [.path, .error.code] | @tsv'

An accepted input is one line, wrapped here:
  {\"path\":\"a.heic\",\"id\":\"obj_…\",\"source_id\":\"src_…\",\"format\":\"jpeg\",\"width\":2016,\"height\":1512,
   \"bytes\":524288,\"output\":\"canonical/obj_….jpg\",\"source\":{…},\"timings_ms\":{…},…}
With --rendition it has \"renditions\":{\"card\":{\"id\":…,\"width\":…,\"height\":…,\"bytes\":…,\"output\":…}}, and with --facts
\"facts\":{\"thumbhash\":…,\"pdq\":…,\"pdq_quality\":…,\"average\":…,\"dominant\":…,\"luminance\":…,\"high_key\":…}.
A refused one names the reason, who must act (\"upload\" or \"service\"), and the numbers where a limit refused it:
  {\"path\":\"b.tif\",\"error\":{\"code\":\"unknown_format\",\"blame\":\"upload\",\"message\":\"…\",\"limit\":null,\"actual\":null}}

Stored files verify with b3sum: the hash of <id>.jpg is its id. Files appear whole or not at all, also after Ctrl-C.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  image-ingest inspect photo.heic
  image-ingest inspect photos/ | jq -r '[.path, .format, .width, .height, .color] | @tsv'
  image-ingest inspect --max-edge 1024 photo.jpg | jq .canonical_size";

const REPORT_EXAMPLES: &str = "\
Examples:
  image-ingest report photos/ -o report.html
  image-ingest report uploads/ --rendition card=fit:640:webp80 --rendition thumb=cover:256x256 -o report.html

The page is one file without scripts, and asks for nothing from elsewhere. Standard output has the lines of `ingest`.";

const BENCH_EXAMPLES: &str = "\
Examples:
  image-ingest bench photo.jpg
  image-ingest bench --runs 21 --encoding webp photos/
  image-ingest bench --jobs 8 photo.heic | jq .images_per_s

Each run takes the file's bytes from memory and ends with the canonical bytes in memory.
ms_median, ms_min   wall time of a run
cpu_ms_median       CPU time of the process for one image
peak_rss_kb         highest memory of the process so far: one file per process to compare it";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_option_has_help() {
        for command in Args::command().get_subcommands() {
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn cover_is_two_sides_an_encoder_can_honour() {
        assert_eq!(cover("1170x2532"), Ok(Geometry::Cover { width: 1170, height: 2532 }));
        assert_eq!(cover("1X16383"), Ok(Geometry::Cover { width: 1, height: 16_383 }));
        for bad in ["", "x", "0x1", "1x16384", "1x2x3", "-1x5", "12", "1x99999999999", "5x5@0,0", "5x5:jpeg"] {
            let refused = cover(bad).unwrap_err().to_string();
            assert_eq!(refused, "expected WxH with both between 1 and 16383, such as 1170x2532", "{bad}");
        }
    }
}
