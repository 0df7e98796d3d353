//! The build of the library for browsers that the page at `/try` uses, where the configuration names its folder.

use std::path::PathBuf;

use bytes::Bytes;

use crate::config::{Config, StoredEncoding};

/// The files of the npm package that a browser loads, in memory: some 4 MB.
#[derive(Debug)]
pub(crate) struct PageBuild(Vec<PageFile>);

/// A file that a browser loads.
#[derive(Debug)]
pub(crate) struct PageFile {
    pub(crate) name: &'static str,
    pub(crate) bytes: Bytes,
    /// An entity tag: the BLAKE3 of the bytes, quoted.
    pub(crate) tag: String,
}

/// The files of the package, and [`AHEAD`], which calls it.
const NAMES: [&str; 6] =
    ["index.js", "instance.js", "load.js", "worker.js", "image_ingest.wasm", "image_ingest_simd.wasm"];

/// The name of the page's own part.
pub(crate) const AHEAD: &str = "ahead.js";

/// Why the page cannot make canonical images.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageBuildError {
    #[error("page.wasm_dir needs encoding = \"jpeg\": browsers make no WebP, so their ids would be others")]
    OtherEncoding,
    #[error("page.wasm_dir is no build of the npm package: {}: {error}", file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
}

impl PageBuild {
    /// Reads the folder that `config` names; `None` if it names none.
    pub(crate) fn open(config: &Config) -> Result<Option<Self>, PageBuildError> {
        let Some(folder) = &config.page.wasm_dir else {
            return Ok(None);
        };
        if config.encoding != StoredEncoding::Jpeg {
            return Err(PageBuildError::OtherEncoding);
        }
        let mut files = vec![PageFile::new(AHEAD, Bytes::from_static(include_bytes!("../page/ahead.js")))];
        for name in NAMES {
            files.push(PageFile::new(name, read(folder.join(name))?));
        }
        Ok(Some(Self(files)))
    }

    pub(crate) fn file(&self, name: &str) -> Option<&PageFile> {
        self.0.iter().find(|file| file.name == name)
    }
}

impl PageFile {
    fn new(name: &'static str, bytes: Bytes) -> Self {
        let tag = format!("\"{}\"", blake3::hash(&bytes).to_hex());
        Self { name, bytes, tag }
    }

    pub(crate) fn media_type(&self) -> &'static str {
        if self.name.ends_with(".wasm") { "application/wasm" } else { "text/javascript; charset=utf-8" }
    }
}

fn read(file: PathBuf) -> Result<Bytes, PageBuildError> {
    match std::fs::read(&file) {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(PageBuildError::Unreadable { file, error }),
    }
}
