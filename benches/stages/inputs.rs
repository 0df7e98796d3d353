//! The pictures that every bench uses.

use std::fs;
use std::path::{Path, PathBuf};

use image_ingest::Profile;
use image_ingest::stages::Planned;

/// A file and its part of a bench id.
pub(crate) struct Input {
    /// `<format>/<megapixels>/<variant>`.
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
}

impl Input {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let planned = Planned::new(&bytes, &Profile::default()).unwrap();
        let header = planned.header();
        let megapixels = (header.coded_size.pixels() + 500_000) / 1_000_000;
        let variant = path.file_stem().unwrap().to_string_lossy();
        let id = format!("{}/{megapixels}mp/{variant}", header.format.name());
        Self { id, bytes }
    }

    pub(crate) fn planned(&self) -> Planned<'_> {
        Planned::new(&self.bytes, &Profile::default()).unwrap()
    }

    pub(crate) fn pixels(&self) -> u64 {
        self.planned().header().coded_size.pixels()
    }
}

pub(crate) fn all() -> Vec<Input> {
    let mut paths: Vec<PathBuf> = match std::env::var_os("IMAGE_INGEST_BENCH") {
        Some(folder) => fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect(),
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
            TESTDATA.iter().map(|file| root.join(file)).collect()
        }
    };
    paths.sort();
    paths.iter().map(|path| Input::read(path)).collect()
}

const TESTDATA: [&str; 7] = [
    "jpeg/size_4032x3024.jpg",
    "jpeg/size_1600x1200.jpg",
    "jpeg/progressive_420.jpg",
    "png/diagram_2560x1600.png",
    "gif/animated.gif",
    "webp/lossy_2304x1728.webp",
    "heic/grid_phone_12mp.heic",
];
