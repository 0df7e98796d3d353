//! `image-ingest ingest`: makes the canonical file of each input, and writes one line about it.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::process;
use std::vec::IntoIter;

use image_ingest::facts::Facts;
use image_ingest::rendition::Rendition;
use image_ingest::{Background, ContentId, Encoding, Ingest, Receipt, Size, Source, SourceFacts, SourceId, Timings};
use serde::Serialize;

use crate::args::{IngestArgs, InputArgs, JobArgs};
use crate::exit::{Fatal, Verdict, tell};
use crate::inputs::{self, Input};
use crate::lines::{Failure, FailureLine, Lines, shown};
use crate::output::{Folder, Unfinished};
use crate::progress::Progress;

/// Ingests every input, in order, on as many threads as `args` say.
///
/// # Errors
///
/// The output folder or standard output cannot be written.
pub(crate) fn run(args: &IngestArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let ingest = args.extras.add_to(args.canonical.builder()?)?.build().map_err(|e| Fatal::new("profile", e))?;
    let unfinished = Unfinished::default();
    stop_cleanly(unfinished.clone())?;
    let folder = args.out.as_deref().map(|dir| {
        Folder::open(dir, unfinished).map_err(|e| Fatal::new(format!("cannot write in {}", dir.display()), e))
    });
    let folder = folder.transpose()?;
    let store = |background| Stored::new(background, folder.as_ref());
    each(&ingest, &args.inputs, &args.jobs, args.summary, store, |path, stored| match stored {
        Ok(stored) => lines.json(&IngestLine::new(path, stored)),
        Err(error) => lines.json(&FailureLine { path, error }),
    })
}

/// Ingests every input in order, makes something of each canonical image by `make`, and gives it to `write` with its path.
///
/// # Errors
///
/// Standard input named twice; those of `write`.
pub(crate) fn each(
    ingest: &Ingest,
    inputs: &InputArgs,
    jobs: &JobArgs,
    summary: bool,
    make: impl Fn(Background) -> Result<Stored, Failure>,
    mut write: impl FnMut(&str, &Result<Stored, Failure>) -> Result<(), Fatal>,
) -> Result<Verdict, Fatal> {
    let inputs = inputs::list(&inputs.paths)?;
    let mut progress = Progress::start(inputs.len());
    let feed = Feed { inputs: inputs.into_iter(), ingest };
    let budget = jobs.memory_budget.saturating_mul(1 << 20);
    let results = ingest.batch(feed, jobs.jobs, budget).map_err(|e| Fatal::new("cannot start", e))?;
    let mut verdict = Verdict::AllAccepted;
    for (path, result) in results {
        let made = result.and_then(&make);
        verdict = verdict.and(made.is_ok());
        match &made {
            Ok(stored) => progress.accepted(&stored.background),
            Err(failure) => progress.refused(failure),
        }
        progress.while_writing(|| write(&path, &made))?;
    }
    progress.finish(summary);
    Ok(verdict)
}

/// Sets the handler of Ctrl-C: it removes the unfinished file and ends the process at once, even during decoding.
pub(crate) fn stop_cleanly(unfinished: Unfinished) -> Result<(), Fatal> {
    let stop = move || {
        unfinished.abandon();
        if io::stderr().is_terminal() {
            // Goes below the progress bar. Clearing the bar would need its lock, which a blocked write may hold for
            // ever.
            let _ = writeln!(io::stderr());
        }
        tell("interrupted");
        process::exit(INTERRUPTED);
    };
    ctrlc::set_handler(stop).map_err(|e| Fatal::new("cannot watch for Ctrl-C", e))
}

/// The uploads for the batch, each with its path as its tag. An input is read when the batch asks for it.
struct Feed<'a> {
    inputs: IntoIter<Input>,
    ingest: &'a Ingest,
}

impl Iterator for Feed<'_> {
    type Item = (String, Result<Source, Failure>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut input = self.inputs.next()?;
        let bytes = input.read(self.ingest.limits().max_bytes);
        let source = bytes.and_then(|bytes| Ok(self.ingest.source(bytes)?));
        Some((shown(&input.path), source))
    }
}

/// A canonical image and its renditions, and where they were stored.
pub(crate) struct Stored {
    pub(crate) background: Background,
    output: Option<String>,
    /// In the order of the background's renditions.
    rendition_outputs: Vec<Option<String>>,
}

impl Stored {
    /// Stores the files in `folder`, if there is one.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub(crate) fn new(background: Background, folder: Option<&Folder>) -> Result<Self, Failure> {
        let store = |id: ContentId, encoding: Encoding, bytes: &[u8]| -> Result<Option<String>, Failure> {
            let name = format!("{id}.{}", encoding.extension());
            let output = folder.map(|folder| folder.store(&name, bytes)).transpose();
            let output = output.map_err(|e| Failure::io(&format!("cannot store {name}"), &e))?;
            Ok(output.as_deref().map(shown))
        };
        let renditions = background.renditions.iter();
        let rendition_outputs = renditions.map(|r| store(r.id, r.encoding, &r.bytes)).collect::<Result<_, _>>()?;
        let output = store(background.id, background.encoding, &background.bytes)?;
        Ok(Self { background, output, rendition_outputs })
    }
}

/// The line of an accepted input.
#[derive(Serialize)]
pub(crate) struct IngestLine<'a> {
    path: &'a str,
    id: ContentId,
    source_id: SourceId,
    format: &'static str,
    width: u32,
    height: u32,
    bytes: usize,
    output: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    renditions: BTreeMap<&'a str, RenditionLine<'a>>,
    source: &'a SourceFacts,
    color_conversion: &'static str,
    frames_dropped: u32,
    alpha_composed: bool,
    dct_scale_divisor: u32,
    memory_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'a Facts>,
    timings_ms: Timings,
}

/// The part of a line for a rendition.
#[derive(Serialize)]
struct RenditionLine<'a> {
    id: ContentId,
    width: u32,
    height: u32,
    bytes: usize,
    output: Option<&'a str>,
}

impl<'a> IngestLine<'a> {
    /// The line of the input at `path`.
    pub(crate) fn new(path: &'a str, stored: &'a Stored) -> Self {
        let Background { bytes, id, source_id, size, encoding, renditions, receipt, .. } = &stored.background;
        let Receipt { source, color_conversion, frames_dropped, alpha_composed, dct_scale_divisor, .. } = receipt;
        Self {
            path,
            id: *id,
            source_id: *source_id,
            format: encoding.name(),
            width: size.width,
            height: size.height,
            bytes: bytes.len(),
            output: stored.output.as_deref(),
            renditions: renditions.iter().zip(&stored.rendition_outputs).map(RenditionLine::named).collect(),
            source,
            color_conversion,
            frames_dropped: *frames_dropped,
            alpha_composed: *alpha_composed,
            dct_scale_divisor: *dct_scale_divisor,
            memory_bytes: receipt.memory_bytes,
            facts: receipt.facts.as_ref(),
            timings_ms: receipt.timings,
        }
    }
}

impl<'a> RenditionLine<'a> {
    fn named((rendition, output): (&'a Rendition, &'a Option<String>)) -> (&'a str, Self) {
        let Size { width, height } = rendition.size;
        let (id, bytes) = (rendition.id, rendition.bytes.len());
        (&rendition.name, Self { id, width, height, bytes, output: output.as_deref() })
    }
}

/// 128 + SIGINT, as shells report it.
const INTERRUPTED: i32 = 130;
