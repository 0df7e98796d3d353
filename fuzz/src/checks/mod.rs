//! One function for each fuzz target. It asserts facts that hold for all inputs.

mod decode;
mod gif;
mod heic;
mod inflate;
mod jpeg;
mod metadata;
mod peer;
mod png;
mod upload;

pub use decode::{decode, inspect_agrees, probe, small_ingest};
pub use gif::gif_against_weezl;
pub use heic::heic_against_heifer;
pub use inflate::inflate_against_others;
pub use jpeg::jpeg_against_others;
pub use metadata::{exif, icc};
pub use png::png_against_others;
pub use upload::upload;

use image_ingest::{Geometry, Limits, Profile};

/// Limits that keep one run below a few milliseconds, sanitizers included.
fn small(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_pixels = max_pixels;
    limits.max_jpeg_full_scans = 16;
    limits
}

fn fit(max_edge: u32) -> Profile {
    let mut profile = Profile::default();
    profile.geometry = Geometry::Fit { max_edge };
    profile
}
