//! `image-ingest report`: makes one HTML page of all inputs, to look at.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use image_ingest::{Background, Format};

use crate::args::ReportArgs;
use crate::exit::{Fatal, Verdict};
use crate::ingest::{IngestLine, Stored, each, stop_cleanly};
use crate::lines::{FailureLine, Lines};
use crate::output::{Folder, Unfinished};
use crate::page::{Before, Entry, Page};

/// Ingests every input, and writes the page when all are done.
///
/// # Errors
///
/// The page or standard output cannot be written.
pub(crate) fn run(args: &ReportArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let ingest = args.extras.add_to_page(args.canonical.builder()?)?.build().map_err(|e| Fatal::new("profile", e))?;
    let name = args.output.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Fatal::usage(format!("--output {}: no name of a file", args.output.display())))?;
    let dir = args.output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished = Unfinished::default();
    stop_cleanly(unfinished.clone())?;
    let cannot_write = |e| Fatal::new(format!("cannot write {}", args.output.display()), e);
    let folder = Folder::open(dir, unfinished).map_err(cannot_write)?;
    let mut page = Page::new(&ingest);
    let mut left = args.max_pictures.saturating_mul(1 << 20);
    let keep = |background| Stored::new(background, None);
    let verdict = each(&ingest, &args.inputs, &args.jobs, false, keep, |path, made| match made {
        Ok(stored) => {
            let line = IngestLine::new(path, stored);
            let before = before(path, &stored.background, &mut left);
            page.accepted(&Entry { path, background: &stored.background, before, line: &line })?;
            lines.json(&line)
        }
        Err(error) => {
            page.refused(path, error);
            lines.json(&FailureLine { path, error })
        }
    })?;
    folder.store(name, page.finish().as_bytes()).map_err(cannot_write)?;
    Ok(verdict)
}

/// The upload as the page shows it, if there is room for it beside the canonical image. `left` is the room, in bytes.
fn before(path: &str, background: &Background, left: &mut u64) -> Before {
    let upload_bytes = background.receipt.source.bytes;
    let after = background.bytes.len() as u64;
    let is_shown = background.receipt.source.format != Format::Heic;
    let needed = after + if is_shown { upload_bytes } else { 0 };
    let Some(rest) = left.checked_sub(needed) else { return Before::NoRoom };
    *left = rest;
    if !is_shown {
        return Before::NotShownByBrowsers;
    }
    // Standard input is gone, and a file may have changed since.
    let read = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(upload_bytes + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let is_it = |bytes: &Vec<u8>| image_ingest::SourceId::of(bytes) == background.source_id;
    read.ok().filter(is_it).map_or(Before::Gone, Before::Upload)
}
