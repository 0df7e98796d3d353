//! Large inputs for benchmarks: made on the machine that measures, never committed.

use super::heic::phone;
use crate::catalogue::Entry;
use crate::encode::jpeg::{self, Options, SamplingFactor};
use crate::encode::png::{Color, Png, wide};
use crate::encode::progressive::{encode_420, usual_script};
use crate::encode::webp;
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
    let one = |name, shows, (width, height): (u32, u32), sampling| {
        let options = Options { quality: 90, sampling, ..Options::default() };
        file(name, shows, move || jpeg::rgb(&photo(width, height, PHOTO_GRAIN), &options))
    };
    use SamplingFactor::{R_4_2_0, R_4_2_2};
    vec![
        one("jpeg_1mp_420.jpg", "1 MP 4:2:0", (1152, 864), R_4_2_0),
        one("jpeg_12mp_420.jpg", "12 MP 4:2:0", (4032, 3024), R_4_2_0),
        file("jpeg_12mp_420_progressive.jpg", "12 MP 4:2:0 progressive, ten scans", || {
            encode_420(&photo(4032, 3024, PHOTO_GRAIN), 90, &usual_script())
        }),
        one("jpeg_12mp_422.jpg", "12 MP 4:2:2", (4032, 3024), R_4_2_2),
        one("jpeg_24mp_420.jpg", "24 MP 4:2:0", (6000, 4000), R_4_2_0),
    ]
}

fn others() -> Vec<Entry> {
    vec![
        file("png_3mp_photo.png", "3 MP photo", || png(&photo(2048, 1536, 3.0))),
        file("png_8mp_flat_diagram.png", "8 MP of flat art", || png(&diagram::paint(3264, 2448, 9))),
        file("webp_lossy_10mp.webp", "10 MP VP8, quality 80", || webp::lossy(&photo(3648, 2736, 11.0), 80.0)),
        file("webp_lossless_3mp.webp", "3 MP VP8L", || webp::lossless(&photo(2048, 1536, 3.0))),
        file("gif_1mp_animated.gif", "1 MP, four frames", || super::gif::animated(1152, 864)),
        file("heic_12mp_grid.heic", "12 MP in 8×6 tiles", || phone(&photo(4032, 3024, 7.0), 21).encode()),
    ]
}

fn png(image: &Rgb) -> Vec<u8> {
    Png::new(image.width, image.height, Color::Rgb, 8, &wide(&image.samples)).encode()
}

/// Gives a 12 MP JPEG of quality 90 the 3.5 MB that phones' have.
const PHOTO_GRAIN: f32 = 14.0;
