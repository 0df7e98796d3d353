//! Arithmetic coding against Huffman codes of the same coefficients. `huffman.jpg` is a part of a picture of ours, and
//! libjpeg-turbo's `jpegtran` coded its coefficients anew for the other files.

use image_ingest_samples::CpuTimer;

use super::{SCALES, decoded};
use crate::JpegDecoder;

const HUFFMAN: &[u8] = include_bytes!("arithmetic/huffman.jpg");

const ARITHMETIC: [(&str, &[u8]); 5] = [
    ("sequential", include_bytes!("arithmetic/sequential.jpg")),
    ("restarts", include_bytes!("arithmetic/restarts.jpg")),
    ("a scan for each component", include_bytes!("arithmetic/scans.jpg")),
    ("progressive", include_bytes!("arithmetic/progressive.jpg")),
    ("progressive with restarts", include_bytes!("arithmetic/progressive_restarts.jpg")),
];

#[test]
fn coefficients_do_not_depend_on_the_entropy_coding() {
    let open = |file| JpegDecoder::new(file, &CpuTimer::default()).unwrap();
    for scale in SCALES {
        let expected = decoded(open(HUFFMAN), [scale; 2]).unwrap();
        for (name, file) in ARITHMETIC {
            assert!(decoded(open(file), [scale; 2]).unwrap() == expected, "{name} at {scale:?}");
            assert!(decoded(open(file).portable(), [scale; 2]).unwrap() == expected, "{name} at {scale:?}, portable");
        }
    }
}

#[test]
fn missing_codes_are_zeros_but_a_restart_marker_may_not_be_missing() {
    for (name, file) in ARITHMETIC {
        let cut = |len: usize| {
            let file = [&file[..len], &[0xFF, 0xD9]].concat();
            JpegDecoder::new(&file, &CpuTimer::default()).and_then(|decoder| decoded(decoder, [SCALES[0]; 2]).map(drop))
        };
        let is_scan = |pair: &[u8]| pair == [0xFF, 0xDA];
        let (first, last) = (file.windows(2).position(is_scan).unwrap(), file.windows(2).rposition(is_scan).unwrap());
        let codes = last + 2 + usize::from(file[last + 3])..file.len() - 2;
        assert!(cut(first).is_err(), "{name}");
        let whole = codes.clone().filter(|&len| cut(len).is_ok()).count();
        // ITU-T T.81 § D.1.8 has an encoder leave out zeros at the end of a scan, so a cut cannot be told from that. In
        // few places the zeros are a code that no value has.
        match name.contains("restarts") {
            true => assert!(whole < codes.len() / 2 && cut(codes.start + 1).is_err(), "{name}: {whole}"),
            false => assert!(whole > codes.len() * 9 / 10, "{name}: {whole} of {}", codes.len()),
        }
    }
}
