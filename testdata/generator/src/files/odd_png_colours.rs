//! PNGs with unusual palettes, with one transparent colour, and with a narrow range of samples. Each is in a group of
//! `same/` together with the plain file.

use super::odd_png::{H, W, file};
use super::pictures::calm;
use crate::catalogue::Entry;
use crate::encode::png::{Color, Png, wide};
use crate::scene::diagram;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = palettes();
    entries.extend(keys());
    entries.extend(narrow_ranges());
    entries
}

fn indexed() -> Vec<u8> {
    diagram::paint_indexed(W, H, 5)
}

fn palettes() -> Vec<Entry> {
    let colours = || diagram::COLOURS.concat();
    let entries = diagram::COLOURS.len() as u8;
    vec![
        file("indexed_control", "RGB", || {
            Png::new(W, H, Color::Rgb, 8, &wide(&diagram::paint(W, H, 5).samples)).encode()
        }),
        file("indexed_short", "eight colours in 8 bits", move || {
            Png::new(W, H, Color::Palette, 8, &wide(&indexed())).with(*b"PLTE", colours()).encode()
        }),
        file("indexed_long", "256 colours in 4 bits, most of which no index names", move || {
            let palette: Vec<u8> = colours().into_iter().chain([77; 3 * 256]).take(3 * 256).collect();
            Png::new(W, H, Color::Palette, 4, &wide(&indexed())).with(*b"PLTE", palette).encode()
        }),
        file("indexed_adam7_no_iend", "interlaced, 4 bits, without IEND", move || {
            let samples = wide(&indexed());
            let png = Png { interlaced: true, ..Png::new(W, H, Color::Palette, 4, &samples) };
            let mut file = png.with(*b"PLTE", colours()).encode();
            file.truncate(file.len() - 12);
            file
        }),
        file("indexed_trns_long", "with a tRNS of more entries than the palette has, which is ignored", move || {
            let samples = wide(&indexed());
            let png = Png::new(W, H, Color::Palette, 8, &samples).with(*b"PLTE", colours());
            png.with(*b"tRNS", vec![9; usize::from(entries) + 1]).encode()
        }),
        file("indexed_trns_early", "with a tRNS before the palette, which is ignored", move || {
            let samples = wide(&indexed());
            let png = Png::new(W, H, Color::Palette, 8, &samples).with(*b"tRNS", vec![9; 2]);
            png.with(*b"PLTE", colours()).encode()
        }),
        file("beyond_control", "black where an index has no entry", || {
            let samples: Vec<u16> =
                (0..16 * 16).flat_map(|i| if i % 16 < 2 { [200, 40, 90] } else { [0; 3] }).collect();
            Png::new(16, 16, Color::Rgb, 8, &samples).encode()
        }),
        file("beyond_palette", "a palette of two entries for 16 indices", || {
            let samples: Vec<u16> = (0..16 * 16).map(|i| i % 16).collect();
            Png::new(16, 16, Color::Palette, 4, &samples).with(*b"PLTE", [200, 40, 90].repeat(2)).encode()
        }),
    ]
}

/// Gray of 4 bits, one level of which is transparent.
fn keyed() -> Vec<u16> {
    calm(W, H).gray().iter().map(|&v| u16::from(v >> 4)).collect()
}

const KEY: u16 = 9;

fn keys() -> Vec<Entry> {
    let as_rgba = |scale: u16, opaque: u16| -> Vec<u16> {
        keyed().iter().flat_map(|&v| [v * scale, v * scale, v * scale, if v == KEY { 0 } else { opaque }]).collect()
    };
    let keyed_by = |color: Color, depth: u8, interlaced: bool, samples: Vec<u16>, key: Vec<u8>| {
        Png { interlaced, ..Png::new(W, H, color, depth, &samples) }.with(*b"tRNS", key).encode()
    };
    let rgb = |scale: u16| -> Vec<u16> { keyed().iter().flat_map(|&v| [v * scale; 3]).collect() };
    vec![
        file("keyed_control", "RGBA", move || Png::new(W, H, Color::Rgba, 8, &as_rgba(17, 255)).encode()),
        file("keyed_rgba16_adam7", "RGBA of 16 bits, interlaced", move || {
            Png { interlaced: true, ..Png::new(W, H, Color::Rgba, 16, &as_rgba(4369, 65_535)) }.encode()
        }),
        file("keyed_gray4", "gray of 4 bits with tRNS", move || keyed_by(Color::Gray, 4, false, keyed(), vec![0, 9])),
        file("keyed_gray4_adam7", "the same, interlaced", move || keyed_by(Color::Gray, 4, true, keyed(), vec![0, 9])),
        file("keyed_gray4_bits", "the same, with bits in tRNS that the samples do not have", move || {
            keyed_by(Color::Gray, 4, false, keyed(), vec![0x77, 0xF9])
        }),
        file("keyed_gray8", "gray of 8 bits with tRNS", move || {
            keyed_by(Color::Gray, 8, false, keyed().iter().map(|v| v * 17).collect(), vec![0, 153])
        }),
        file("keyed_gray16_adam7", "gray of 16 bits with tRNS, interlaced", move || {
            keyed_by(Color::Gray, 16, true, keyed().iter().map(|v| v * 4369).collect(), vec![0x99, 0x99])
        }),
        file("keyed_rgb8_adam7", "RGB with tRNS, interlaced", move || {
            keyed_by(Color::Rgb, 8, true, rgb(17), [0, 153].repeat(3))
        }),
        file("keyed_rgb16", "RGB of 16 bits with tRNS", move || {
            keyed_by(Color::Rgb, 16, false, rgb(4369), vec![0x99; 6])
        }),
        file("keyed_palette", "a palette with tRNS", || {
            let palette: Vec<u8> = (0..16).flat_map(|v| [v * 17; 3]).collect();
            let alpha: Vec<u8> = (0..10).map(|v| if v == KEY as u8 { 0 } else { 255 }).collect();
            Png::new(W, H, Color::Palette, 4, &keyed()).with(*b"PLTE", palette).with(*b"tRNS", alpha).encode()
        }),
    ]
}

fn narrow_ranges() -> Vec<Entry> {
    let stored = || -> Vec<u16> { calm(W, H).samples.iter().map(|&v| 16 + u16::from(v) * 219 / 255).collect() };
    let full = move || -> Vec<u16> { stored().iter().map(|v| ((v - 16) * 255 + 109) / 219).collect() };
    let tagged = |depth: u8, is_full: u8, samples: Vec<u16>| {
        Png::new(W, H, Color::Rgb, depth, &samples).with(*b"cICP", [1, 13, 0, is_full]).encode()
    };
    vec![
        file("narrow_control", "cICP in full range", move || tagged(8, 1, full())),
        file("narrow_8", "cICP in narrow range: black is 16 and white 235", move || tagged(8, 0, stored())),
        file("narrow_16", "cICP in narrow range, 16 bits", move || {
            tagged(16, 0, stored().iter().map(|v| v * 256).collect())
        }),
    ]
}
