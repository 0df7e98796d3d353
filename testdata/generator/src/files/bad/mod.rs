//! `bad/<code>/`: what is refused, in a folder named after the code of the refusal.

mod limits;
mod malformed_chunks;
mod malformed_heic;
mod malformed_jpeg;
mod truncated;
mod unknown;
mod unsupported;

use std::sync::OnceLock;

use crate::catalogue::Entry;
use crate::encode::heif::{Heif, nclx};
use crate::encode::hevc::{self, Coding, Picture, Source};
use crate::encode::jpeg::{self, Options};
use crate::encode::png::{Color, Png, wide};

/// `too_large` has no file: it would be larger than all others together.
pub(super) fn all() -> Vec<Entry> {
    let mut entries = vec![file("empty", "zero_bytes.jpg", "no bytes at all", Vec::new)];
    entries.extend(unknown::all());
    entries.extend(unsupported::all());
    entries.extend(malformed_jpeg::all());
    entries.extend(malformed_chunks::all());
    entries.extend(malformed_heic::all());
    entries.extend(truncated::all());
    entries.extend(limits::all());
    entries
}

fn file(code: &str, name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("bad/{code}/{name}"), shows, make)
}

/// A small valid JPEG to damage.
fn good_jpeg() -> Vec<u8> {
    jpeg::rgb(&super::picture(160, 120), &Options::default())
}

/// The same with a scan for each component.
fn three_scans() -> Vec<u8> {
    jpeg::rgb(&super::picture(160, 120), &Options { optimized: true, ..Options::default() })
}

/// A small valid PNG to damage.
fn good_png() -> Vec<u8> {
    Png::new(160, 120, Color::Rgb, 8, &wide(&super::calm(160, 120).samples)).encode()
}

/// A small valid HEIC to damage.
fn good_heic() -> Heif {
    static CODED: OnceLock<Picture> = OnceLock::new();
    let coded = CODED.get_or_init(|| hevc::encode(&Source::from(&super::picture(160, 120)), &Coding::default()));
    Heif::single(coded, &[nclx([1, 13, 6], true)])
}

/// `bytes` with what lies at `at` replaced.
fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// Where `name` first occurs.
fn find(bytes: &[u8], name: &[u8]) -> usize {
    bytes.windows(name.len()).position(|window| window == name).expect("the file was made with it")
}
