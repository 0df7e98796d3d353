//! Nothing that the library says or makes carries metadata of the image, whether it is accepted or refused.
//!
//! Files of testdata/ have strings that begin with CANARY in every kind of metadata that their writers know; profiles' and
//! boxes' own names are replaced here.

use std::error::Error as _;
use std::fmt::Write as _;
use std::fs;

use image_ingest::{Ingest, Source};

use crate::files;

/// Files with canaries, and bytes of theirs that canaries of the same length replace.
const FILES: [(&str, &[u8]); 14] = [
    ("jpeg/metadata.jpg", b""),
    ("jpeg/display_p3.jpg", b"generated Display P3"),
    ("jpeg/cmyk_icc.jpg", b"generated"),
    ("jpeg/rgb_lut16_icc.jpg", b"generated"),
    ("png/text.png", b""),
    ("png/display_p3.png", b"profile\0"),
    ("png/gray16.png", b"IDAT"),
    ("gif/comment.gif", b""),
    ("webp/metadata.webp", b""),
    ("webp/display_p3.webp", b"generated Display P3"),
    ("heic/metadata.heic", b"application/rdf+xml"),
    ("heic/display_p3.heic", b"generated Display P3"),
    ("heic/alpha.heic", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"),
    ("same/meta_b.png", b""),
];

#[test]
fn nothing_said_or_made_carries_metadata() {
    for (name, replaced) in FILES {
        let path = files::testdata("").into_iter().find(|path| files::name(path) == name).unwrap();
        let bytes = with_canaries(fs::read(path).unwrap(), replaced);
        assert!(holds_canary(&bytes), "{name} has no canary");
        for (change, variant) in variants(&bytes) {
            let (said, made) = everything(variant);
            assert!(!said.to_uppercase().contains("CANARY"), "{name}, {change}: {said}");
            assert!(!holds_canary(&made), "{name}, {change}: the output");
            // `Debug` writes bytes as decimal numbers, or with escapes; profiles have UTF-16.
            for numbers in ["67, 65, 78, 65", "67, 0, 65, 0", "C\\0A\\0"] {
                assert!(!said.contains(numbers), "{name}, {change}: {said}");
            }
        }
    }
}

/// `replaced` wherever it is, in UTF-16 too, by as many bytes of a canary.
fn with_canaries(mut bytes: Vec<u8>, replaced: &[u8]) -> Vec<u8> {
    let canary: Vec<u8> = b"CANARY-".iter().copied().cycle().take(replaced.len()).collect();
    let wide = |text: &[u8]| text.iter().flat_map(|&byte| [0, byte]).collect::<Vec<u8>>();
    for (replaced, canary) in [(wide(replaced), wide(&canary)), (replaced.to_vec(), canary)] {
        let is_here = |at: &usize| !replaced.is_empty() && bytes[*at..].starts_with(&replaced);
        let places: Vec<usize> = (0..bytes.len()).filter(is_here).collect();
        for at in places {
            bytes[at..at + canary.len()].copy_from_slice(&canary);
        }
    }
    bytes
}

fn holds_canary(bytes: &[u8]) -> bool {
    [&b"CANA"[..], b"C\0A\0N\0A"].iter().any(|canary| bytes.windows(canary.len()).any(|window| window == *canary))
}

/// The file, cut and with single bytes changed.
fn variants(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("whole".to_owned(), bytes.to_vec())];
    all.extend((1..20).map(|n| (format!("cut to {n}/20"), bytes[..bytes.len() * n / 20].to_vec())));
    all.extend((0..60).map(|n| {
        let mut changed = bytes.to_vec();
        let at = if n % 2 == 0 { n * 7919 % bytes.len() } else { n * 31 % bytes.len().min(1500) };
        changed[at] ^= 1 << (n % 8);
        (format!("byte {at} changed"), changed)
    }));
    all
}

/// Whatever can be printed of an upload on its way, and the canonical bytes.
fn everything(bytes: Vec<u8>) -> (String, Vec<u8>) {
    let ingest = Ingest::default();
    let mut said = String::new();
    let mut upload = ingest.upload();
    let taken = bytes.chunks(4000).try_for_each(|chunk| upload.push(chunk.to_vec()));
    let _ = write!(said, "{upload:?} {taken:?}");
    let made = taken.and_then(|()| upload.finish()).and_then(|source: Source| {
        let _ = write!(said, "{source:?} {:?}", ingest.inspect(&source));
        ingest.ingest(source)
    });
    match made {
        Ok(background) => {
            let _ = write!(said, "{background:?}");
            (said, background.bytes.to_vec())
        }
        Err(error) => {
            let _ = write!(said, "{error} {error:?}");
            let mut source = error.source();
            while let Some(cause) = source {
                let _ = write!(said, "{cause} {cause:?}");
                source = cause.source();
            }
            (said, Vec::new())
        }
    }
}
