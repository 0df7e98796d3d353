//! Small valid files, and the ways to damage them.

use std::sync::OnceLock;

use crate::catalogue::Entry;
use crate::encode::boxes::nclx;
use crate::encode::heif::Heif;
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::encode::jpeg::{self, Options};
use crate::encode::png::{Color, Png, wide};
use crate::files::pictures::{calm, picture};

/// The entry of a file that is refused with `code`.
pub(super) fn file(code: &str, name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("bad/{code}/{name}"), shows, make)
}

/// A small valid JPEG to damage.
pub(super) fn good_jpeg() -> Vec<u8> {
    jpeg::rgb(&picture(160, 120), &Options::default())
}

/// The same with a scan for each component.
pub(super) fn three_scans() -> Vec<u8> {
    jpeg::rgb(&picture(160, 120), &Options { optimized: true, ..Options::default() })
}

/// A small valid PNG to damage.
pub(super) fn good_png() -> Vec<u8> {
    Png::new(160, 120, Color::Rgb, 8, &wide(&calm(160, 120).samples)).encode()
}

/// A small valid HEIC to damage.
pub(super) fn good_heic() -> Heif {
    static CODED: OnceLock<Picture> = OnceLock::new();
    let coded = CODED.get_or_init(|| hevc::encode(&HevcSource::from(&picture(160, 120)), &HevcCoding::default()));
    Heif::single(coded, &[nclx([1, 13, 6], true)])
}

/// `bytes` with what lies at `at` replaced.
pub(super) fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// Where `name` first occurs.
pub(super) fn find(bytes: &[u8], name: &[u8]) -> usize {
    bytes.windows(name.len()).position(|window| window == name).expect("the file was made with it")
}
