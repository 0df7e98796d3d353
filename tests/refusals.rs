//! What must be refused is, with the code its folder names, and nothing that is cut short becomes a picture silently.

mod files;

use std::fs;
use std::path::Path;

use image_ingest::{Blame, Error, Format, Ingest, Limits, Source};

fn outcome(bytes: Vec<u8>) -> Result<(u32, u32), Error> {
    let ingest = Ingest::default();
    let background = ingest.ingest(Source::new(bytes, ingest.limits())?)?;
    Ok((background.size.width, background.size.height))
}

#[test]
fn every_bad_file_is_refused_with_the_code_of_its_folder() {
    let mut wrong = Vec::new();
    for path in files::testdata("bad") {
        let code = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        match outcome(fs::read(&path).unwrap()) {
            Ok(_) => wrong.push(format!("{}: accepted", files::name(&path))),
            Err(e) if e.code() != code => wrong.push(format!("{}: {} ({e})", files::name(&path), e.code())),
            Err(e) => assert_eq!(e.blame(), Blame::Upload, "{}", files::name(&path)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cap_is_inclusive_and_says_both_numbers() {
    let limits = Limits::default();
    let mut bytes = b"GIF89a".to_vec();
    bytes.resize(10_485_760, 0);
    assert!(Source::new(bytes.clone(), &limits).is_ok());
    bytes.push(0);
    let error = Source::new(bytes, &limits).unwrap_err();
    assert_eq!((error.code(), error.limit_and_actual()), ("too_large", Some((10_485_760, 10_485_761))));
}

/// Formats whose last bytes carry no samples accept a cut inside those.
fn may_lose(bytes: &[u8], format: Format) -> usize {
    match format {
        // EOI, and the bits that pad the last code.
        Format::Jpeg => 4,
        // The trailer, and frames after the first.
        Format::Gif => bytes.len() - first_gif_frame_end(bytes),
        // Animations: chunks after the first frame.
        Format::Webp => bytes.len() - first_webp_frame_end(bytes),
        Format::Png | Format::Heic => 0,
    }
}

#[test]
fn every_percent_of_every_file_is_refused_or_whole() {
    for folder in ["jpeg", "png", "gif", "webp", "heic"] {
        for path in files::testdata(folder) {
            truncations(&path);
        }
    }
}

fn truncations(path: &Path) {
    let bytes = fs::read(path).unwrap();
    // Larger files take their time to decode and show nothing more.
    let step = if bytes.len() > 300_000 { 20 } else { 1 };
    let trailing = ["trailing_bytes", "two_images"].iter().any(|n| path.to_string_lossy().contains(n));
    let format = Source::new(bytes.clone(), &Limits::default()).unwrap().format();
    for percent in (0..100).step_by(step) {
        let len = bytes.len() * percent / 100;
        match outcome(bytes[..len].to_vec()) {
            Ok(_) if trailing || len + may_lose(&bytes, format) >= bytes.len() => {}
            Ok(_) => panic!("{} cut to {percent} % was accepted", files::name(path)),
            Err(e) => {
                let expected = ["truncated", "empty", "unknown_format", "malformed"];
                assert!(expected.contains(&e.code()), "{} at {percent} %: {} {e}", files::name(path), e.code());
            }
        }
    }
}

/// The end of the first image's data: GIF89a § 22, sub-blocks up to the empty one.
fn first_gif_frame_end(bytes: &[u8]) -> usize {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(bytes[10]);
    loop {
        let image = bytes[at] == 0x2C;
        at += if image { 11 + table(bytes[at + 9]) } else { 2 };
        while bytes[at] != 0 {
            at += 1 + usize::from(bytes[at]);
        }
        at += 1;
        if image {
            return at;
        }
    }
}

/// The end of the first `ANMF` chunk, or of the file where there is none.
fn first_webp_frame_end(bytes: &[u8]) -> usize {
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        let end = at + 8 + size + size % 2;
        if &bytes[at..at + 4] == b"ANMF" {
            return end;
        }
        at = end;
    }
    bytes.len()
}
