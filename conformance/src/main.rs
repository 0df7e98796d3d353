//! Renders the files whose paths come on standard input, one a line, and writes their canonical samples, before any
//! encoding, as raw 8-bit RGB into a folder; each file is answered by a line of JSON.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs};

use image_ingest::{Canonical, Error, InProcess, Ingest, Job, Limits, Profile, Receipt, Render, Rendered, Source};
use serde_json::{Value, json};

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
        let mut line = match render(bytes) {
            Ok((canonical, receipt)) => accepted(&canonical, &receipt, &samples)?,
            Err(error) => json!({ "code": error.code(), "message": error.to_string() }),
        };
        line["path"] = path.into();
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Renders in this process and keeps what the encoder would get.
#[derive(Default)]
struct Keeping(Mutex<Option<Canonical>>);

impl Render for Keeping {
    fn render(&self, job: Job<'_>) -> image_ingest::Result<Rendered> {
        let rendered = InProcess.render(job)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rendered.canonical.clone());
        Ok(rendered)
    }
}

fn render(bytes: Vec<u8>) -> Result<(Canonical, Receipt), Error> {
    let keeping = Arc::new(Keeping::default());
    let ingest = Ingest::with_renderer(Profile::default(), Limits::default(), keeping.clone())?;
    let receipt = ingest.ingest(Source::new(bytes, ingest.limits())?)?.receipt;
    let canonical = keeping.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((canonical.expect("an accepted file was rendered"), receipt))
}

fn accepted(canonical: &Canonical, receipt: &Receipt, samples: &Path) -> io::Result<Value> {
    fs::write(samples, rgb::interleaved(canonical))?;
    Ok(json!({
        "samples": samples.to_string_lossy(),
        "width": canonical.size.width,
        "height": canonical.size.height,
        "conversion": receipt.color_conversion,
        "source": receipt.source,
    }))
}
