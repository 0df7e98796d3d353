//! `jpeg/`: samplings, scans, orientations, colour descriptions and metadata.

use super::pictures::{ORIENTATIONS, calm, picture};
use crate::catalogue::Entry;
use crate::encode::jpeg::{self, Options, SamplingFactor};
use crate::encode::progressive::{encode_420, usual_script};
use crate::metadata::exif::Exif;
use crate::metadata::{icc, icc_table, xmp};
use crate::raster::Rgb;
use crate::scene::Scene;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = samplings();
    entries.extend(structures());
    entries.extend(orientations());
    entries.extend(metadata());
    entries.extend(colours());
    entries.extend(sizes());
    entries
}

fn base() -> Rgb {
    picture(480, 360)
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    Entry::new(format!("jpeg/{name}.jpg"), shows, make)
}

fn encoded(name: &str, shows: &str, options: Options) -> Entry {
    file(name, shows, move || jpeg::rgb(&base(), &options))
}

fn samplings() -> Vec<Entry> {
    use SamplingFactor::{R_4_1_0, R_4_1_1, R_4_2_0, R_4_2_2, R_4_4_0, R_4_4_1, R_4_4_4};
    let one = |name, factor, shows| encoded(name, shows, Options { sampling: factor, ..Options::default() });
    vec![
        one("baseline_420", R_4_2_0, "baseline 4:2:0, the usual upload"),
        one("baseline_422", R_4_2_2, "baseline 4:2:2, as cameras write"),
        one("baseline_444", R_4_4_4, "baseline 4:4:4"),
        one("baseline_440", R_4_4_0, "baseline 4:4:0, what a turned 4:2:2 becomes"),
        one("baseline_411", R_4_1_1, "4:1:1, one scan per component"),
        one("baseline_410", R_4_1_0, "4:1:0, one scan per component"),
        one("baseline_441", R_4_4_1, "chroma a quarter as high, one scan per component"),
    ]
}

fn structures() -> Vec<Entry> {
    let progressive = Options { progressive: true, ..Options::default() };
    let restarts = Options { restart_interval: 7, ..Options::default() };
    let per_component = Options { optimized: true, ..Options::default() };
    let both = Options { sampling: SamplingFactor::R_4_4_4, restart_interval: 5, ..progressive.clone() };
    vec![
        file("progressive_420", "progressive, ten scans with successive approximation, as libjpeg writes", || {
            encode_420(&base(), 82, &usual_script())
        }),
        file("progressive_420_333x251", "the same with odd sides", || {
            encode_420(&picture(333, 251), 90, &usual_script())
        }),
        encoded("progressive_spectral", "progressive by spectral selection alone", progressive),
        encoded("progressive_444_restart", "progressive 4:4:4 with restart markers", both),
        encoded("restart", "baseline with a restart marker every 7 MCUs", restarts),
        encoded("separate_scans", "sequential, one scan per component, tables made for the picture", per_component),
        file("gray", "one component", || jpeg::gray(&base(), &Options::default())),
        file("trailing_bytes", "4 KiB of other bytes after EOI", || {
            let mut out = jpeg::rgb(&base(), &Options::default());
            out.extend(crate::scene::noise::Prng::new(4).bytes(4096));
            out
        }),
        file("two_images", "a second, smaller picture after the first, as MPO and motion photos have it", || {
            [jpeg::rgb(&base(), &Options::default()), jpeg::rgb(&calm(160, 120), &Options::default())].concat()
        }),
        file("fill_bytes", "0xFF fill bytes before markers (T.81, B.1.1.2)", || {
            let jpeg = jpeg::rgb(&base(), &Options::default());
            let frame = jpeg::find_marker(&jpeg, 0xC0);
            [&jpeg[..frame], &[0xFF; 3], &jpeg[frame..]].concat()
        }),
    ]
}

fn orientations() -> Vec<Entry> {
    let mut entries: Vec<Entry> = (1u8..=8).map(orientation).collect();
    entries.push(file("orientation_6_big_endian", "Exif orientation 6 in a big-endian block", || {
        let exif = Exif { big_endian: true, ..Exif::oriented(6) };
        with_exif(&base().stored_for(6), &exif)
    }));
    entries.push(file("orientation_6_thumbnail_1", "orientation 6 in IFD0, 1 in the thumbnail's IFD1", || {
        let thumbnail = jpeg::rgb(&calm(96, 72), &Options { quality: 60, ..Options::default() });
        with_exif(&base().stored_for(6), &Exif { thumbnail: Some((1, thumbnail)), ..Exif::oriented(6) })
    }));
    entries.push(file("orientation_0", "Exif orientation 0, which is not a value: upright", || {
        with_exif(&base(), &Exif::oriented(0))
    }));
    entries.push(file("exif_broken", "an Exif block whose IFD offset points nowhere: upright, not an error", || {
        jpeg::rgb(&base(), &Options { exif: Some(b"II*\0\xFF\xFF\xFF\x7F".to_vec()), ..Options::default() })
    }));
    entries
}

fn orientation(value: u8) -> Entry {
    let shows = format!("Exif orientation {value}: {}", ORIENTATIONS[usize::from(value - 1)]);
    file(&format!("orientation_{value}"), &shows, move || {
        with_exif(&base().stored_for(value), &Exif::oriented(u16::from(value)))
    })
}

fn with_exif(image: &Rgb, exif: &Exif) -> Vec<u8> {
    jpeg::rgb(image, &Options { exif: Some(exif.tiff()), ..Options::default() })
}

fn metadata() -> Vec<Entry> {
    vec![file(
        "metadata",
        "Exif with a made-up position, XMP, IPTC, a comment and a thumbnail, each with a CANARY- string",
        || {
            let thumbnail =
                jpeg::with_segment(&jpeg::rgb(&calm(96, 72), &Options::default()), 0xFE, b"CANARY-THUMBNAIL");
            let exif = Exif { private: true, thumbnail: Some((1, thumbnail)), ..Exif::oriented(1) };
            let plain = jpeg::rgb(&base(), &Options { exif: Some(exif.tiff()), ..Options::default() });
            let commented = jpeg::with_segment(&plain, 0xFE, b"CANARY-COMMENT");
            let iptc = jpeg::with_segment(
                &commented,
                0xED,
                b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x10\x1C\x02\x50\0\x0BCANARY-IPTC",
            );
            jpeg::with_segment(&iptc, 0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", &xmp()[..]].concat())
        },
    )]
}

fn colours() -> Vec<Entry> {
    let profiled = |name, shows, icc: fn() -> Vec<u8>| {
        file(name, shows, move || jpeg::rgb(&base(), &Options { icc: Some(icc()), ..Options::default() }))
    };
    let inks = |name, shows, ycck: bool, profile: Option<fn() -> Vec<u8>>| {
        file(name, shows, move || {
            let icc = profile.map(|make| make());
            jpeg::cmyk(&base(), ycck, &Options { sampling: SamplingFactor::R_4_4_4, icc, ..Options::default() })
        })
    };
    vec![
        profiled("display_p3", "ICC v4 profile: Display P3", icc::display_p3),
        profiled("adobe_rgb_icc", "ICC v4 profile: Adobe RGB (1998)", icc::adobe_rgb),
        profiled("srgb_icc", "ICC v4 profile equal to sRGB", icc::srgb),
        profiled("rgb_lut16_icc", "ICC v2 profile: RGB by a table to Lab (mft2)", icc_table::rgb_lut16),
        file("gray_icc", "one component with a gray profile of gamma 2.2", || {
            jpeg::gray(&base(), &Options { icc: Some(icc::gray()), ..Options::default() })
        }),
        file("interop_r03", "Adobe RGB by Exif interoperability index R03, no profile", || {
            with_exif(&base(), &Exif { interop: Some("R03"), ..Exif::oriented(1) })
        }),
        file("interop_r98", "Exif interoperability index R98 and ColorSpace 0xFFFF: sRGB", || {
            with_exif(&base(), &Exif { interop: Some("R98"), ..Exif::oriented(1) })
        }),
        file("icc_broken", "an ICC profile that is not one: sRGB, not an error", || {
            let icc = Some(crate::scene::noise::Prng::new(7).bytes(500));
            jpeg::rgb(&base(), &Options { icc, ..Options::default() })
        }),
        inks("cmyk", "CMYK, inverted, Adobe transform 0, no profile", false, None),
        inks("ycck", "YCCK, inverted, Adobe transform 2, no profile", true, None),
        inks("cmyk_icc", "CMYK with a small table profile", false, Some(icc_table::cmyk)),
    ]
}

fn sizes() -> Vec<Entry> {
    let sized =
        |name, shows, width, height| file(name, shows, move || jpeg::rgb(&picture(width, height), &Options::default()));
    vec![
        sized("size_1x1", "one pixel", 1, 1),
        sized("size_17x13", "smaller than an MCU in one direction, odd sides", 17, 13),
        sized("size_333x251", "odd sides", 333, 251),
        sized("size_1600x1200", "2 MP, not reduced", 1600, 1200),
        sized("size_2049x100", "one pixel wider than the canonical size, odd side", 2049, 100),
        file("size_4032x3024", "a phone's 12 MP, 4:2:0", || {
            let scene = Scene { grain: 2.0, ..Scene::new(4032, 3024) };
            jpeg::rgb(&scene.paint(), &Options { quality: 84, ..Options::default() })
        })
        .heavy(),
    ]
}
