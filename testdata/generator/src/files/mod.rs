//! What the files are, one module per folder of `testdata/`.

mod bad;
mod bench;
mod gif;
mod heic;
mod jpeg;
mod png;
mod same;
mod webp;

use crate::catalogue::Entry;
use crate::raster::Rgb;
use crate::scene::Scene;

pub(crate) use bench::all as bench;

/// Every committed file, folder by folder.
pub(crate) fn testdata() -> Vec<Entry> {
    [jpeg::all(), png::all(), gif::all(), webp::all(), heic::all(), same::all(), bad::all()]
        .into_iter()
        .flatten()
        .collect()
}

/// The picture of most files.
fn picture(width: u32, height: u32) -> Rgb {
    Scene::new(width, height).paint()
}

/// The same without grain, where bytes matter more than likeness.
fn calm(width: u32, height: u32) -> Rgb {
    Scene { grain: 0.6, ..Scene::new(width, height) }.paint()
}

const ORIENTATIONS: [&str; 8] = [
    "upright",
    "mirrored left to right",
    "half a turn",
    "mirrored top to bottom",
    "transposed",
    "stored a quarter turn anti-clockwise, shown turned clockwise",
    "transposed over the other diagonal",
    "stored a quarter turn clockwise, shown turned anti-clockwise",
];
