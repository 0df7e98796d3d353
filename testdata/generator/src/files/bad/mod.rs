//! `bad/<code>/`: files that are refused, in a folder named after the code of the refusal.

mod limits;
mod malformed_chunks;
mod malformed_heic;
mod malformed_jpeg;
mod truncated;
mod unknown;
mod unsupported;
mod valid;

use self::valid::file;
use crate::catalogue::Entry;

/// All files of `bad/`. `too_large` has none, because it would be larger than all others together.
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
