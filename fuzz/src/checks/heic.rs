//! Compares whole HEIC files with `heifer`.

use image_ingest::stages::Planned;
use image_ingest::{Format, Profile};

use super::{peer, small};

/// A file that we accept is accepted by `heifer` with the same size. There are exceptions: `heifer` also reads boxes
/// and parameter sets that the primary picture does not need, and crops differently if a clean aperture exceeds the
/// picture.
pub fn heic_against_heifer(data: &[u8]) {
    let Ok(planned) = Planned::of(data, Format::Heic, &Profile::default(), &small(1 << 15)) else { return };
    if planned.decode().is_err() {
        return;
    }
    let header = planned.header();
    let options = heifer::Options { max_threads: 1, ..heifer::Options::default() };
    match peer::ask(|| heifer::decode_rgba8(data, &options)) {
        Some(Ok(theirs)) if header.size().pixels() == header.coded_size.pixels() => {
            assert_eq!((theirs.width, theirs.height), (header.size().width, header.size().height));
        }
        Some(Err(heifer::Error::Hevc(error))) => {
            let reason = format!("{error:?}");
            assert!(STRICTER.iter().any(|known| reason.contains(known)), "accepted here alone: {reason}");
        }
        _ => {}
    }
}

/// The messages of `heifer` about parameter sets that no picture uses, and about bits without meaning.
const STRICTER: [&str; 8] = [
    "vps",
    "forbidden_zero_bit",
    "nuh_temporal_id_plus1",
    "log2_min_pcm_luma_coding_block_size",
    "slice_qp_delta",
    "slice header byte alignment",
    "UnexpectedEof",
    "Unimplemented",
];
