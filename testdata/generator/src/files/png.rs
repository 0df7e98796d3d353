//! `png/`: colour types and depths, interlacing, colour chunks, orientations, animation.

use super::pictures::{ORIENTATIONS, calm, picture};
use crate::catalogue::Entry;
use crate::encode::gif;
use crate::encode::png::{Color, Png, SIGNATURE, chunk, iccp, ihdr, wide, zlib};
use crate::metadata::exif::Exif;
use crate::metadata::{icc, icc_table};
use crate::raster::{Rgb, vignette};
use crate::scene::{Scene, diagram};

pub(super) fn all() -> Vec<Entry> {
    let mut entries = depths();
    entries.extend(palettes());
    entries.extend(structures());
    entries.extend((1u8..=8).map(orientation));
    entries.extend(colours());
    entries
}

const W: u32 = 256;
const H: u32 = 192;

fn base() -> Rgb {
    calm(W, H)
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("png/{name}.png"), shows, make)
}

fn simple(name: &str, shows: &str, color: Color, depth: u8, samples: fn() -> Vec<u16>) -> Entry {
    file(name, shows, move || Png::new(W, H, color, depth, &samples()).encode())
}

/// Gray of `depth` bits.
fn gray(depth: u8) -> Vec<u16> {
    base().gray().iter().map(|&v| u16::from(v >> (8 - depth))).collect()
}

fn depths() -> Vec<Entry> {
    vec![
        simple("rgb8", "8-bit RGB", Color::Rgb, 8, || wide(&base().samples)),
        simple("rgba8", "8-bit RGBA, clear towards the corners", Color::Rgba, 8, || {
            wide(&base().with_alpha(vignette(W, H)))
        }),
        simple("gray8", "8-bit gray", Color::Gray, 8, || gray(8)),
        simple("gray1", "1-bit gray", Color::Gray, 1, || gray(1)),
        simple("gray2", "2-bit gray", Color::Gray, 2, || gray(2)),
        simple("gray4", "4-bit gray", Color::Gray, 4, || gray(4)),
        simple("gray_alpha8", "8-bit gray with alpha", Color::GrayAlpha, 8, || {
            base().with_alpha(vignette(W, H)).chunks_exact(4).flat_map(|p| [u16::from(p[1]), u16::from(p[3])]).collect()
        }),
        simple("gray16", "16-bit gray", Color::Gray, 16, || deep().chunks_exact(3).map(|p| p[1]).collect()),
        simple("rgb16", "16-bit RGB", Color::Rgb, 16, deep),
        simple("rgba16", "16-bit RGBA", Color::Rgba, 16, || {
            let alpha = vignette(W, H);
            let place = (0u32..).map(|i| (i % W, i / W));
            let pixels = deep();
            let pixels = pixels.chunks_exact(3).zip(place);
            pixels.flat_map(|(p, (x, y))| [p[0], p[1], p[2], u16::from(alpha(x, y)) * 257]).collect()
        }),
    ]
}

fn deep() -> Vec<u16> {
    Scene { grain: 0.0, ..Scene::new(W, H) }.paint16()
}

fn palettes() -> Vec<Entry> {
    let small_palette = || diagram::COLOURS.concat();
    vec![
        file("palette8", "256-colour palette", || {
            Png::new(W, H, Color::Palette, 8, &wide(&gif::dithered(&base()))).with(*b"PLTE", gif::cube()).encode()
        }),
        file("palette4", "8 colours in 4 bits", move || {
            let samples = wide(&diagram::paint_indexed(W, H, 3));
            Png::new(W, H, Color::Palette, 4, &samples).with(*b"PLTE", small_palette()).encode()
        }),
        file("palette_trns", "palette whose ground is half transparent (tRNS)", move || {
            let samples = wide(&diagram::paint_indexed(W, H, 3));
            let png = Png::new(W, H, Color::Palette, 8, &samples).with(*b"PLTE", small_palette());
            png.with(*b"tRNS", vec![96, 255, 200]).encode()
        }),
        file("rgb8_trns", "RGB with one transparent colour (tRNS)", || {
            let samples = wide(&diagram::paint(W, H, 3).samples);
            Png::new(W, H, Color::Rgb, 8, &samples).with(*b"tRNS", vec![0, 250, 0, 250, 0, 252]).encode()
        }),
    ]
}

fn structures() -> Vec<Entry> {
    vec![
        file("adam7", "interlaced RGB", || {
            let samples = wide(&base().samples);
            Png { interlaced: true, ..Png::new(W, H, Color::Rgb, 8, &samples) }.encode()
        }),
        file("adam7_gray1_17x13", "interlaced, 1 bit, odd sides", || {
            let samples: Vec<u16> = picture(17, 13).gray().iter().map(|&v| u16::from(v >> 7)).collect();
            Png { interlaced: true, ..Png::new(17, 13, Color::Gray, 1, &samples) }.encode()
        }),
        file("size_1x1", "one pixel", || Png::new(1, 1, Color::Rgb, 8, &[200, 100, 50]).encode()),
        file("size_333x251", "odd sides", || {
            Png::new(333, 251, Color::Rgb, 8, &wide(&calm(333, 251).samples)).encode()
        }),
        file("diagram_2560x1600", "4 MP of flat art, reduced", || {
            let samples = wide(&diagram::paint(2560, 1600, 5).samples);
            Png::new(2560, 1600, Color::Rgb, 8, &samples).encode()
        }),
        file("split_idat", "image data in IDAT chunks of 1000 bytes", split_idat),
        file("apng", "animation whose first frame is IDAT: red, green, blue plates follow", apng),
        file("text", "tEXt, iTXt and eXIf with CANARY- strings", || {
            let samples = wide(&base().samples);
            let xmp = [&b"XML:com.adobe.xmp\0\0\0\0\0"[..], &crate::metadata::xmp()].concat();
            let exif = Exif { private: true, ..Exif::oriented(1) }.tiff();
            let png = Png::new(W, H, Color::Rgb, 8, &samples).with(*b"tEXt", *b"Author\0CANARY-TEXT");
            png.with(*b"iTXt", xmp).with(*b"eXIf", exif).encode()
        }),
    ]
}

fn split_idat() -> Vec<u8> {
    let samples = wide(&base().samples);
    let data = zlib(&Png::new(W, H, Color::Rgb, 8, &samples).filtered());
    let mut out = SIGNATURE.to_vec();
    out.extend(chunk(*b"IHDR", &ihdr(W, H, 8, 2, false)));
    data.chunks(1000).for_each(|part| out.extend(chunk(*b"IDAT", part)));
    out.extend(chunk(*b"IEND", &[]));
    out
}

fn apng() -> Vec<u8> {
    let control = |sequence: u32, width: u32, height: u32, x: u32, y: u32| {
        let head: Vec<u8> = [sequence, width, height, x, y].iter().flat_map(|v| v.to_be_bytes()).collect();
        [&head[..], &[0, 20, 0, 100, 0, 0]].concat()
    };
    let samples = wide(&base().samples);
    let mut png = Png::new(W, H, Color::Rgb, 8, &samples)
        .with(*b"acTL", [4u32.to_be_bytes(), 0u32.to_be_bytes()].concat())
        .with(*b"fcTL", control(0, W, H, 0, 0));
    for (frame, color) in (0u32..).zip([[220u16, 40, 40], [40, 200, 60], [50, 70, 220]]) {
        let plate = Png::new(64, 48, Color::Rgb, 8, &color.repeat(64 * 48)).filtered();
        let sequence = 1 + frame * 2;
        png.after.push((*b"fcTL", control(sequence, 64, 48, 64 * frame, 48)));
        png.after.push((*b"fdAT", [&(sequence + 1).to_be_bytes()[..], &zlib(&plate)].concat()));
    }
    png.encode()
}

fn orientation(value: u8) -> Entry {
    let shows = format!("eXIf orientation {value}: {}", ORIENTATIONS[usize::from(value - 1)]);
    file(&format!("orientation_{value}"), &shows, move || {
        let stored = calm(160, 120).stored_for(value);
        let samples = wide(&stored.samples);
        let exif = Exif { big_endian: value.is_multiple_of(2), ..Exif::oriented(u16::from(value)) };
        Png::new(stored.width, stored.height, Color::Rgb, 8, &samples).with(*b"eXIf", exif.tiff()).encode()
    })
}

fn colours() -> Vec<Entry> {
    let tagged = |name, shows, name_of_chunk: [u8; 4], data: fn() -> Vec<u8>| {
        file(name, shows, move || {
            Png::new(W, H, Color::Rgb, 8, &wide(&base().samples)).with(name_of_chunk, data()).encode()
        })
    };
    vec![
        tagged("display_p3", "iCCP: Display P3", *b"iCCP", || iccp(&icc::display_p3())),
        tagged("rgb_mab_icc", "iCCP: RGB by curves, table and matrix to XYZ (mAB)", *b"iCCP", || {
            iccp(&icc_table::rgb_mab())
        }),
        tagged("srgb", "sRGB chunk, perceptual", *b"sRGB", || vec![0]),
        tagged("cicp_p3", "cICP: Display P3 (12, 13, 0, full range)", *b"cICP", || vec![12, 13, 0, 1]),
        tagged("cicp_pq", "cICP: BT.2020 PQ (9, 16, 0, full range)", *b"cICP", || vec![9, 16, 0, 1]),
        tagged("cicp_hlg", "cICP: BT.2020 HLG (9, 18, 0, full range)", *b"cICP", || vec![9, 18, 0, 1]),
        tagged("gama", "gAMA 1/1.8 alone", *b"gAMA", || 55556u32.to_be_bytes().to_vec()),
        file("gama_chrm", "gAMA 1/2.2 and cHRM of Adobe RGB", || {
            let chromaticities = [31270u32, 32900, 64000, 33000, 21000, 71000, 15000, 6000];
            let samples = wide(&base().samples);
            let png = Png::new(W, H, Color::Rgb, 8, &samples).with(*b"gAMA", 45455u32.to_be_bytes());
            png.with(*b"cHRM", chromaticities.map(u32::to_be_bytes).concat()).encode()
        }),
        file("cicp_over_iccp", "cICP says sRGB, iCCP says Display P3: cICP comes first", || {
            let samples = wide(&base().samples);
            let png = Png::new(W, H, Color::Rgb, 8, &samples).with(*b"cICP", [1, 13, 0, 1]);
            png.with(*b"iCCP", iccp(&icc::display_p3())).encode()
        }),
        file("issue_3_gray16_gama", "16-bit gray with gAMA 1/1.0, linear light: the curve counts for gray too", || {
            let samples: Vec<u16> = deep().chunks_exact(3).map(|p| p[1]).collect();
            Png::new(W, H, Color::Gray, 16, &samples).with(*b"gAMA", 100_000u32.to_be_bytes()).encode()
        }),
        file("gray8_icc", "gray with a gray profile of gamma 2.2", || {
            Png::new(W, H, Color::Gray, 8, &gray(8)).with(*b"iCCP", iccp(&icc::gray())).encode()
        }),
    ]
}
