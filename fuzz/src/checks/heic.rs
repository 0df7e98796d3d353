//! HEVC pictures by our decoder against libde265, and whole HEIC files against `heifer`.

use image_ingest::stages::{self, Planned};
use image_ingest::{Format, Profile};

use super::super::structure::hevc;
use super::{peer, small};

/// What our HEVC decoder accepts has libde265's samples. Where libde265 refuses it, that is for the sequence parameter set:
/// it also reads the usability information to its end.
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

/// What is accepted here, `heifer` accepts with the same size. It reads boxes and parameter sets that the primary picture
/// does not need, and cuts an aperture that hangs over the edge elsewhere.
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

/// What `heifer` wants of parameter sets that hold no picture, of bits that carry nothing, and of ranges that libde265
/// does not ask for: sizes of PCM blocks (ITU-T H.265 § 7.4.3.2.1), and a slice's quantiser (§ 7.4.7.1), which it wraps.
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
