//! Reads paths from standard input, one a line, and writes the canonical samples of each file, before encoding, as raw
//! 8-bit RGB into a folder. It answers each path with a line of JSON, with the facts of the samples in it.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use image_ingest::stages::{Canonical, ingest_with_canonical};
use image_ingest::{Error, Ingest, Receipt};
use serde_json::{Value, json};

mod facts;
mod rgb;

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("usage: image-ingest-conformance FOLDER < paths"));
    };
    fs::create_dir_all(&folder)?;
    let mut out = io::stdout().lock();
    for (index, path) in io::stdin().lock().lines().enumerate() {
        let path = path?;
        let bytes = fs::read(&path)?;
        let samples = folder.join(format!("{index}.rgb"));
        let mut line = match canonical(bytes) {
            Ok((canonical, receipt)) => accepted(&canonical, &receipt, &samples)?,
            Err(error) => json!({ "code": error.code(), "message": error.to_string() }),
        };
        line["path"] = path.into();
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The input of the encoder, and the receipt.
fn canonical(bytes: Vec<u8>) -> Result<(Canonical, Receipt), Error> {
    let ingest = Ingest::default();
    let (background, canonical) = ingest_with_canonical(&ingest, ingest.source(bytes)?)?;
    Ok((canonical, background.receipt))
}

fn accepted(canonical: &Canonical, receipt: &Receipt, samples: &Path) -> io::Result<Value> {
    fs::write(samples, rgb::interleaved(canonical))?;
    let facts = facts::of(canonical).map_err(io::Error::other)?;
    Ok(json!({
        "samples": samples.to_string_lossy(),
        "width": canonical.size().width,
        "height": canonical.size().height,
        "conversion": receipt.color_conversion,
        "source": receipt.source,
        "facts": facts,
    }))
}
