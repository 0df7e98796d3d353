//! Large inputs for benchmarks: made on the machine that measures, never committed.

use super::heic::phone;
use crate::catalogue::Entry;
use crate::encode::jpeg::{self, Options, SamplingFactor};
use crate::encode::png::{Color, Png, wide};
use crate::encode::progressive::{encode_420, usual_script};
use crate::encode::webp;
use crate::metadata::exif::Exif;
use crate::metadata::icc;
use crate::raster::Rgb;
use crate::scene::{Scene, diagram};

/// The inputs; `huge` adds the ones that take minutes.
pub(crate) fn all(huge: bool) -> Vec<Entry> {
    let mut entries = jpegs();
    entries.extend(others());
    if huge {
        entries.push(file("heic_100mp_grid.heic", "100 MP in 23×17 tiles", || {
            phone(&photo(11776, 8704, 0.0), 38).encode()
        }));
    }
    entries
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(name, shows, make)
}

fn photo(width: u32, height: u32, grain: f32) -> Rgb {
    Scene { grain, ..Scene::new(width, height) }.paint()
}

fn jpegs() -> Vec<Entry> {
    let one = |name, shows, size: (u32, u32), grain, options: Options| {
        file(name, shows, move || jpeg::rgb(&photo(size.0, size.1, grain), &options))
    };
    let phone = |sampling| Options { quality: 90, sampling, ..Options::default() };
    use SamplingFactor::{R_4_2_0, R_4_2_2, R_4_4_4};
    let turned = Options { exif: Some(Exif::oriented(6).tiff()), ..phone(R_4_2_0) };
    let wide_gamut = Options { icc: Some(icc::display_p3()), ..phone(R_4_2_0) };
    vec![
        one("jpeg_1mp_420.jpg", "1 MP 4:2:0", (1152, 864), PHOTO_GRAIN, phone(R_4_2_0)),
        one("jpeg_12mp_420.jpg", "12 MP 4:2:0", (4032, 3024), PHOTO_GRAIN, phone(R_4_2_0)),
        file("jpeg_12mp_420_progressive.jpg", "12 MP 4:2:0 progressive, ten scans", || {
            encode_420(&photo(4032, 3024, PHOTO_GRAIN), 90, &usual_script())
        }),
        file("jpeg_2mp_420_progressive.jpg", "2 MP 4:2:0 progressive, 200 KB, as messengers send", || {
            encode_420(&photo(1600, 1200, 3.0), 75, &usual_script())
        }),
        one("jpeg_12mp_422.jpg", "12 MP 4:2:2", (4032, 3024), PHOTO_GRAIN, phone(R_4_2_2)),
        one("jpeg_12mp_p3.jpg", "12 MP 4:2:0, Display P3", (4032, 3024), PHOTO_GRAIN, wide_gamut),
        one("jpeg_24mp_420.jpg", "24 MP 4:2:0", (6000, 4000), PHOTO_GRAIN, phone(R_4_2_0)),
        one("jpeg_24mp_420_turned.jpg", "24 MP 4:2:0, Exif orientation 6", (6000, 4000), PHOTO_GRAIN, turned),
        one("jpeg_24mp_444.jpg", "24 MP 4:4:4", (6000, 4000), PHOTO_GRAIN / 2.0, phone(R_4_4_4)),
        one("jpeg_48mp_420.jpg", "48 MP 4:2:0, an exact quarter", (8064, 6048), PHOTO_GRAIN / 2.0, phone(R_4_2_0)),
    ]
}

fn others() -> Vec<Entry> {
    vec![
        file("png_3mp_photo.png", "3 MP photo", || png(&photo(2048, 1536, 3.0))),
        file("png_8mp_photo.png", "8 MP photo", || png(&photo(3264, 2448, 2.0))),
        file("png_3mp_photo_interlaced.png", "3 MP photo, Adam7", || {
            let image = photo(2048, 1536, 3.0);
            let samples = wide(&image.samples);
            Png { interlaced: true, ..Png::new(image.width, image.height, Color::Rgb, 8, &samples) }.encode()
        }),
        file("png_8mp_flat_diagram.png", "8 MP of flat art", || png(&diagram::paint(3264, 2448, 9))),
        file("png_8mp_palette.png", "8 MP of flat art, eight colours", || {
            let indices = diagram::paint_indexed(3264, 2448, 9);
            Png::new(3264, 2448, Color::Palette, 4, &wide(&indices)).with(*b"PLTE", diagram::COLOURS.concat()).encode()
        }),
        file("png_4mp_screenshot.png", "a telephone's screen, RGBA", || {
            let art = diagram::paint(1290, 2796, 5);
            let rgba: Vec<u8> = art.pixels().flat_map(|[r, g, b]| [r, g, b, 255]).collect();
            Png::new(1290, 2796, Color::Rgba, 8, &wide(&rgba)).encode()
        }),
        file("png_4mp_screenshot_16bit.png", "the same with 16 bits a sample", || screenshot_of_16_bits(false)),
        file("png_4mp_screenshot_16bit_interlaced.png", "the same, Adam7", || screenshot_of_16_bits(true)),
        file("webp_lossy_10mp.webp", "10 MP VP8, quality 80", || webp::lossy(&photo(3648, 2736, 11.0), 80.0)),
        file("webp_lossless_3mp.webp", "3 MP VP8L", || webp::lossless(&photo(2048, 1536, 3.0))),
        file("webp_lossless_8mp.webp", "8 MP VP8L", || webp::lossless(&photo(3264, 2448, 2.0))),
        file("gif_1mp_animated.gif", "1 MP, four frames", || super::gif::animated(1152, 864)),
        file("gif_3mp_transparent.gif", "3 MP, transparent around a picture", || super::gif::transparent(2048, 1536)),
        file("gif_2mp_transparent.gif", "2 MP, a little larger than what becomes of it", || {
            super::gif::transparent(2100, 1000)
        }),
        file("heic_12mp_grid.heic", "12 MP in 8×6 tiles", || phone(&photo(4032, 3024, 7.0), 21).encode()),
    ]
}

fn screenshot_of_16_bits(interlaced: bool) -> Vec<u8> {
    let art = diagram::paint(1290, 2796, 5);
    let samples: Vec<u16> = art.pixels().flat_map(|[r, g, b]| [r, g, b, 255]).map(|v| u16::from(v) * 257).collect();
    Png { interlaced, ..Png::new(1290, 2796, Color::Rgba, 16, &samples) }.encode()
}

fn png(image: &Rgb) -> Vec<u8> {
    Png::new(image.width, image.height, Color::Rgb, 8, &wide(&image.samples)).encode()
}

/// Gives a 12 MP JPEG of quality 90 the 3.5 MB that phones' have.
const PHOTO_GRAIN: f32 = 14.0;
