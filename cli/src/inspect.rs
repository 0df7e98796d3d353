//! `image-ingest inspect`: writes the contents of each header as one line.

use image_ingest::header::{Coding, ColorDescription, Header};
use image_ingest::{Ingest, Inspection, Size, SourceId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::exit::{Fatal, Verdict};
use crate::inputs::{self, Input};
use crate::lines::{Failure, FailureLine, Lines, shown};

/// Inspects every input, in order.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn run(args: &InspectArgs, lines: &mut Lines) -> Result<Verdict, Fatal> {
    let ingest = args.canonical.ingest()?;
    let mut verdict = Verdict::AllAccepted;
    for mut input in inputs::list(&args.inputs.paths)? {
        let inspected = inspect(&ingest, &mut input);
        verdict = verdict.and(inspected.is_ok());
        let path = &shown(&input.path);
        match &inspected {
            Ok(inspection) => lines.json(&InspectLine::new(path, inspection))?,
            Err(error) => lines.json(&FailureLine { path, error })?,
        }
    }
    Ok(verdict)
}

fn inspect(ingest: &Ingest, input: &mut Input) -> Result<Inspection, Failure> {
    let bytes = input.read(ingest.limits().max_bytes)?;
    let inspected = ingest.source(bytes).and_then(|source| ingest.inspect(&source));
    inspected.map_err(|e| Failure::from(&e))
}

/// The line of an accepted input.
#[derive(Serialize)]
struct InspectLine<'a> {
    path: &'a str,
    source_id: SourceId,
    format: &'static str,
    bytes: u64,
    width: u32,
    height: u32,
    coded_size: Size,
    orientation: u8,
    exif_orientation_ignored: Option<u8>,
    coding: &'static str,
    coding_details: Value,
    channels: &'static str,
    bit_depth: u8,
    has_alpha: bool,
    color: &'static str,
    color_details: Value,
    frames: u32,
    canonical_size: Size,
    memory_bytes: u64,
}

impl<'a> InspectLine<'a> {
    fn new(path: &'a str, inspection: &Inspection) -> Self {
        let header: &Header = &inspection.header;
        Self {
            path,
            source_id: inspection.source_id,
            format: header.format.name(),
            bytes: inspection.bytes,
            width: header.size().width,
            height: header.size().height,
            coded_size: header.coded_size,
            orientation: header.orientation.exif(),
            exif_orientation_ignored: header.exif_orientation_ignored,
            coding: header.coding.name(),
            coding_details: coding_details(&header.coding),
            channels: header.channels.name(),
            bit_depth: header.bit_depth,
            has_alpha: header.has_alpha,
            color: header.color.name(),
            color_details: color_details(&header.color),
            frames: header.frames.unwrap_or(1),
            canonical_size: inspection.canonical_size,
            memory_bytes: inspection.memory_bytes,
        }
    }
}

fn coding_details(coding: &Coding) -> Value {
    match coding {
        Coding::JpegSequential { sampling, scans, .. } | Coding::JpegProgressive { sampling, scans, .. } => {
            json!({ "sampling": sampling, "scans": scans })
        }
        Coding::Png { interlaced, .. } | Coding::Gif { interlaced, .. } => json!({ "interlaced": interlaced }),
        Coding::Hevc { tiles, item, tile_size, largest_layer, subsampling, .. } => json!({
            "item": item,
            "tiles": tiles,
            "tile_size": tile_size,
            "largest_layer": largest_layer,
            "subsampling": subsampling,
        }),
        _ => json!({}),
    }
}

fn color_details(color: &ColorDescription) -> Value {
    match color {
        ColorDescription::Icc(profile) => json!({ "bytes": profile.len() }),
        ColorDescription::Cicp(cicp) => json!({
            "primaries": cicp.primaries,
            "transfer": cicp.transfer,
            "matrix": cicp.matrix,
            "full_range": cicp.full_range,
        }),
        ColorDescription::Gamma { gamma, chromaticities } => {
            json!({ "gamma": gamma, "chromaticities": chromaticities })
        }
        _ => json!({}),
    }
}
