//! Compares our HEVC decoder with libde265, and whole HEIC files with `heifer`.

use image_ingest::stages::{self, Planned};
use image_ingest::{Format, Profile};

use super::super::structure::hevc;
use super::{peer, small};

/// A picture that our HEVC decoder accepts has the same samples from libde265. If libde265 refuses it, the reason is
/// the sequence parameter set, of which libde265 also reads the video usability information to its end.
pub fn hevc_against_libde265(data: &[u8]) {
    let Some((config, item)) = hevc::config_and_item(data) else { return };
    match stages::hevc_agrees(config, item, &small(1 << 15)) {
        None | Some(Ok(true)) => {}
        Some(Ok(false)) => panic!("other samples than libde265's"),
        Some(Err(error)) => {
            let reason = error.to_string();
            assert!(["(8)", "(1005)"].iter().any(|code| reason.contains(code)), "accepted here alone: {reason}");
        }
    }
}

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

/// The messages of `heifer` about parameter sets that no picture uses, about bits without meaning, and about ranges
/// that libde265 does not check: sizes of PCM blocks (ITU-T H.265 § 7.4.3.2.1), and a slice's quantiser (§ 7.4.7.1),
/// which libde265 wraps.
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
