//! The files of `testdata/`, with one module or more for each folder.

mod bad;
mod bench;
mod containers;
mod gif;
mod heic;
mod jpeg;
mod odd_gif;
mod odd_jpeg;
mod odd_png;
mod odd_png_colours;
pub(crate) mod pictures;
mod png;
mod riffs;
mod same;
mod seeds;
mod webp;

use crate::catalogue::Entry;

pub(crate) use bench::all as bench;
pub(crate) use seeds::all as seeds;

/// Every committed file, folder by folder.
pub(crate) fn testdata() -> Vec<Entry> {
    let formats = [jpeg::all(), png::all(), gif::all(), webp::all(), heic::all()];
    let same = [
        same::all(),
        odd_jpeg::all(),
        odd_png::all(),
        odd_png_colours::all(),
        odd_gif::all(),
        containers::all(),
        riffs::all(),
    ];
    formats.into_iter().chain(same).chain([bad::all()]).flatten().collect()
}
