//! `same/`: the same samples in several lossless containers, so the same content id.

use super::pictures::calm;
use crate::catalogue::Entry;
use crate::encode::gif::{self, Picture};
use crate::encode::jpeg::{self, Options};
use crate::encode::png::{Color, Png, iccp, wide};
use crate::encode::webp;
use crate::metadata::exif::Exif;
use crate::metadata::icc;
use crate::raster::Rgb;
use crate::scene::diagram;

const W: u32 = 250;
const H: u32 = 187;

pub(super) fn all() -> Vec<Entry> {
    let rgb = || calm(W, H);
    let gray = || {
        let samples = calm(W, H).gray();
        Rgb { width: W, height: H, samples: samples.iter().flat_map(|&v| [v; 3]).collect() }
    };
    let mut entries = profiles();
    entries.extend([
        file("rgb.png", "group rgb, 8-bit RGB", move || png(&rgb())),
        file("rgb.webp", "group rgb, VP8L", move || webp::lossless(&rgb())),
        file("rgb_adam7.png", "group rgb, interlaced", move || {
            let samples = wide(&rgb().samples);
            Png { interlaced: true, ..Png::new(W, H, Color::Rgb, 8, &samples) }.encode()
        }),
        file("rgb_16.png", "group rgb, 16 bits a sample (each byte twice)", move || {
            let samples: Vec<u16> = rgb().samples.iter().map(|&v| u16::from(v) * 257).collect();
            Png::new(W, H, Color::Rgb, 16, &samples).encode()
        }),
        file("rgb_opaque_alpha.png", "group rgb, RGBA with full alpha", move || {
            Png::new(W, H, Color::Rgba, 8, &wide(&rgb().with_alpha(|_, _| 255))).encode()
        }),
        file("p.png", "group p, palette", || {
            let png_palette = diagram::COLOURS.concat();
            Png::new(W, H, Color::Palette, 4, &wide(&indexed())).with(*b"PLTE", png_palette).encode()
        }),
        file("p.gif", "group p, GIF", || {
            let frame = Picture { width: W, height: H, indices: indexed(), ..Picture::default() };
            gif::encode(W, H, &diagram::COLOURS.concat(), &[frame])
        }),
        file("p.webp", "group p, VP8L", || webp::lossless(&diagram::paint(W, H, 21))),
        file("p_rgb8.png", "group p, RGB", || png(&diagram::paint(W, H, 21))),
        file("g_gray8.png", "group g, 8-bit gray", || {
            Png::new(W, H, Color::Gray, 8, &wide(&calm(W, H).gray())).encode()
        }),
        file("g_rgb8.png", "group g, RGB with equal samples", move || png(&gray())),
        file("g.webp", "group g, VP8L", move || webp::lossless(&gray())),
        file("gamma_gray8.png", "group gamma, 8-bit gray with gAMA 1/1.8", || {
            let samples = wide(&calm(W, H).gray());
            Png::new(W, H, Color::Gray, 8, &samples).with(*b"gAMA", 55556u32.to_be_bytes()).encode()
        }),
        file("gamma_rgb8.png", "group gamma, RGB with equal samples and the same gAMA", move || {
            let samples = wide(&gray().samples);
            Png::new(W, H, Color::Rgb, 8, &samples).with(*b"gAMA", 55556u32.to_be_bytes()).encode()
        }),
        file("meta_a.png", "group meta, no metadata", || png(&calm(160, 120))),
        file("meta_b.png", "group meta, with text, time and Exif, compressed in other chunks", || {
            let samples = wide(&calm(160, 120).samples);
            let exif = Exif { private: true, ..Exif::oriented(1) }.tiff();
            let png = Png::new(160, 120, Color::Rgb, 8, &samples).with(*b"tEXt", *b"Author\0CANARY-TEXT");
            png.with(*b"tIME", [7, 232, 1, 2, 3, 4, 5]).with(*b"eXIf", exif).encode()
        }),
    ]);
    entries
}

/// JPEGs and PNGs whose ICC profile is stored in another way.
fn profiles() -> Vec<Entry> {
    let small = || calm(64, 48);
    let tagged = move |icc: Option<Vec<u8>>| jpeg::rgb(&small(), &Options { icc, ..Options::default() });
    let part = |profile: &[u8]| [&b"ICC_PROFILE\0\x01\x01"[..], profile].concat();
    let p3_png = move |srgb: bool| {
        let samples = wide(&small().samples);
        let png = Png::new(64, 48, Color::Rgb, 8, &samples).with(*b"iCCP", iccp(&icc::display_p3()));
        if srgb { png.with(*b"sRGB", [0]).encode() } else { png.encode() }
    };
    vec![
        file("icc_control.jpg", "group icc, a JPEG with a profile of Display P3", move || {
            tagged(Some(icc::display_p3()))
        }),
        file("icc_corbis.jpg", "group icc, the profile's XYZ tags having the signature 17A505B8", move || {
            let mut profile = icc::display_p3();
            let tags: Vec<usize> =
                (0..profile.len() - 8).filter(|&at| profile[at..].starts_with(b"XYZ \0\0\0\0")).collect();
            tags.into_iter().for_each(|at| profile[at..at + 4].copy_from_slice(&[0x17, 0xA5, 0x05, 0xB8]));
            tagged(Some(profile))
        }),
        file("icc_twice.jpg", "group icc, the profile being there twice, alike", move || {
            jpeg::with_segment(&tagged(Some(icc::display_p3())), 0xE2, &part(&icc::display_p3()))
        }),
        file("noicc_control.jpg", "group noicc, a JPEG without a profile", move || tagged(None)),
        file("noicc_two.jpg", "group noicc, two profiles in one part's place, of which none counts", move || {
            jpeg::with_segment(&tagged(Some(icc::display_p3())), 0xE2, &part(&icc::adobe_rgb()))
        }),
        file("iccp_control.png", "group iccp, a PNG with a profile of Display P3", move || p3_png(false)),
        file("iccp_srgb.png", "group iccp, an sRGB chunk beside the profile, which comes first", move || p3_png(true)),
    ]
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("same/{name}"), shows, make)
}

fn png(image: &Rgb) -> Vec<u8> {
    Png::new(image.width, image.height, Color::Rgb, 8, &wide(&image.samples)).encode()
}

fn indexed() -> Vec<u8> {
    diagram::paint_indexed(W, H, 21)
}
