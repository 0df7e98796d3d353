//! `webp/`: lossy, lossless, alpha, animation, orientations, profiles.

use super::pictures::{ORIENTATIONS, calm, picture};
use crate::catalogue::Entry;
use crate::encode::webp::{self, ALPHA, ANIMATION, EXIF, ICC, XMP};
use crate::metadata::exif::Exif;
use crate::metadata::{icc, xmp};
use crate::raster::{Rgb, vignette};

const W: u32 = 480;
const H: u32 = 360;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = pictures();
    entries.extend((1u8..=8).map(orientation));
    entries.extend(extended());
    entries
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("webp/{name}.webp"), shows, make)
}

fn pictures() -> Vec<Entry> {
    vec![
        file("lossy", "VP8, quality 80", || webp::lossy(&picture(W, H), 80.0)),
        file("lossy_333x251", "VP8 with odd sides", || webp::lossy(&picture(333, 251), 80.0)),
        file("lossy_1x1", "VP8, one pixel", || webp::lossy(&picture(1, 1), 80.0)),
        file("lossy_2304x1728", "VP8, 4 MP, reduced", || webp::lossy(&picture(2304, 1728), 60.0)).heavy(),
        file("lossless", "VP8L", || webp::lossless(&calm(256, 192))),
        file("lossy_alpha", "VP8 with an ALPH plane", || webp::with_alpha(&picture(W, H), vignette(W, H), false)),
        file("lossless_alpha", "VP8L with alpha", || webp::with_alpha(&calm(256, 192), vignette(256, 192), true)),
        file("animated_lossy", "four lossy frames; the first is the picture", animated),
        file("animated_offset", "the first frame is smaller than the canvas and lies at (40, 30)", animated_offset),
    ]
}

fn orientation(value: u8) -> Entry {
    let shows = format!("EXIF orientation {value}: {}", ORIENTATIONS[usize::from(value - 1)]);
    file(&format!("orientation_{value}"), &shows, move || {
        let stored = picture(320, 240).stored_for(value);
        let exif = (*b"EXIF", Exif::oriented(u16::from(value)).tiff());
        tagged(&stored, EXIF, &[], &[exif])
    })
}

fn extended() -> Vec<Entry> {
    vec![
        file("display_p3", "ICCP: Display P3", || tagged(&picture(W, H), ICC, &[(*b"ICCP", icc::display_p3())], &[])),
        file("exif_prefixed", "an EXIF chunk that begins with `Exif` and two zeros, orientation 6", || {
            let exif = [&b"Exif\0\0"[..], &Exif::oriented(6).tiff()].concat();
            tagged(&picture(320, 240).stored_for(6), EXIF, &[], &[(*b"EXIF", exif)])
        }),
        file("metadata", "EXIF with a made-up position and XMP, each with CANARY- strings", || {
            let exif = Exif { private: true, ..Exif::oriented(1) }.tiff();
            tagged(&picture(W, H), EXIF | XMP, &[], &[(*b"EXIF", exif), (*b"XMP ", xmp())])
        }),
    ]
}

/// A lossy picture with chunks before and after it.
fn tagged(image: &Rgb, flags: u8, before: &[webp::Chunk], after: &[webp::Chunk]) -> Vec<u8> {
    let picture = webp::image_chunks(&webp::lossy(image, 80.0));
    webp::extended(flags, image.width, image.height, &[before, &picture, after].concat())
}

fn animated() -> Vec<u8> {
    let first = picture(320, 240);
    let mut chunks = vec![webp::anim(), webp::anmf(0, 0, &first, &webp::lossy(&first, 80.0))];
    for (x, colour) in [(40, [220, 40, 40]), (120, [40, 200, 60]), (200, [50, 70, 220])] {
        let plate = Rgb::from_fn(64, 48, |_, _| colour);
        chunks.push(webp::anmf(x, 60, &plate, &webp::lossy(&plate, 80.0)));
    }
    webp::extended(ANIMATION, 320, 240, &chunks)
}

fn animated_offset() -> Vec<u8> {
    let small = picture(160, 120);
    let alpha = webp::with_alpha(&small, vignette(160, 120), true);
    let second = Rgb::from_fn(64, 48, |_, _| [220, 40, 40]);
    let frames = [webp::anmf(40, 30, &small, &alpha), webp::anmf(0, 0, &second, &webp::lossy(&second, 80.0))];
    webp::extended(ANIMATION | ALPHA, 320, 240, &[&[webp::anim()], &frames[..]].concat())
}
