//! `heic/`: depths, alpha, grids, turns and mirrors, crops, colour descriptions.

use std::sync::OnceLock;

use super::pictures::{ORIENTATIONS, picture};
use crate::catalogue::{Entry, parallel};
use crate::encode::boxes::{clap, imir, irot, nclx, prof, turns};
use crate::encode::heif::Heif;
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::metadata::exif::Exif;
use crate::metadata::{icc, xmp};
use crate::raster::{Rgb, vignette};
use crate::scene::Scene;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = pictures();
    entries.extend((1u8..=8).map(orientation));
    entries.extend(turned());
    entries.extend(colours());
    entries.extend(matrices());
    entries.extend(grids());
    entries.extend(overlays());
    entries
}

const SRGB: [u8; 3] = [1, 13, 6];

fn file(name: &str, shows: &str, make: impl Fn() -> Heif + Send + Sync + 'static) -> Entry {
    Entry::new(format!("heic/{name}.heic"), shows, move || make().encode())
}

fn small() -> Rgb {
    picture(320, 240)
}

/// [`small`] coded, once for all files that show it.
fn coded_small() -> &'static Picture {
    static CODED: OnceLock<Picture> = OnceLock::new();
    CODED.get_or_init(|| coded(&small()))
}

fn coded(image: &Rgb) -> Picture {
    hevc::encode(&HevcSource::from(image), &HevcCoding::default())
}

fn pictures() -> Vec<Entry> {
    vec![
        file("single", "one 8-bit 4:2:0 picture", || Heif::single(&coded(&picture(480, 360)), &[nclx(SRGB, true)])),
        file("ten_bit", "one 10-bit 4:2:0 picture", || Heif::single(&ten_bit(), &[nclx(SRGB, true)])),
        file("alpha", "an auxiliary alpha plane, clear towards the corners", || {
            let image = small();
            let mut heif = Heif::single(coded_small(), &[nclx(SRGB, true)]);
            let alpha: Vec<u8> = image.with_alpha(vignette(320, 240)).chunks_exact(4).map(|p| p[3]).collect();
            heif.add_alpha(&hevc::encode_gray(320, 240, &alpha, 20), 1);
            heif
        }),
        file("gray", "monochrome (4:0:0)", || {
            Heif::single(&hevc::encode_gray(320, 240, &small().gray(), 26), &[nclx(SRGB, true)])
        }),
        file("metadata", "Exif with a made-up position and XMP, each with CANARY- strings", || {
            let mut heif = Heif::single(coded_small(), &[nclx(SRGB, true)]);
            heif.add_exif(&Exif { private: true, ..Exif::oriented(1) }.tiff(), 1);
            heif.add_xmp(xmp(), 1);
            heif
        }),
        file("primary_second", "the primary item is the second picture; the first is a red plate", || {
            let plate = Rgb::from_fn(320, 240, |_, _| [220, 30, 30]);
            let mut heif = Heif::single(&coded(&plate), &[nclx(SRGB, true)]);
            heif.primary = heif.add_picture(coded_small(), &[nclx(SRGB, true)], false);
            heif
        }),
    ]
}

fn ten_bit() -> Picture {
    let scene = Scene { grain: 0.5, ..Scene::new(480, 360) };
    let samples = scene.paint16().iter().map(|&v| v >> 6).collect();
    hevc::encode(
        &HevcSource { width: 480, height: 360, depth: 10, samples },
        &HevcCoding { qp: 30, ..HevcCoding::default() },
    )
}

fn orientation(value: u8) -> Entry {
    let shows = format!("irot and imir as Exif orientation {value}: {}", ORIENTATIONS[usize::from(value - 1)]);
    file(&format!("orientation_{value}"), &shows, move || upright_by(value, &turns(value)))
}

/// The picture stored for Exif orientation `value`, turned back by `properties`.
fn upright_by(value: u8, properties: &[Vec<u8>]) -> Heif {
    let properties = [&[nclx(SRGB, true)], properties].concat();
    match value {
        1 => Heif::single(coded_small(), &properties),
        _ => Heif::single(&coded(&small().stored_for(value)), &properties),
    }
}

fn turned() -> Vec<Entry> {
    vec![
        file("irot_exif_6", "irot and Exif orientation 6: Exif is not applied", || {
            let mut heif = upright_by(6, &[irot(3)]);
            heif.add_exif(&Exif::oriented(6).tiff(), 1);
            heif
        }),
        file("exif_6_alone", "no irot, Exif orientation 6, stored upright: Exif is not applied", || {
            let mut heif = upright_by(1, &[]);
            heif.add_exif(&Exif::oriented(6).tiff(), 1);
            heif
        }),
        file("imir_then_irot", "imir before irot: the file's order counts", || upright_by(7, &[imir(0), irot(1)])),
        file("clap", "a crop of 200×120 from (40, 60)", || {
            Heif::single(coded_small(), &[nclx(SRGB, true), clap(200, 120, (-40, 0))])
        }),
        file("clap_then_irot", "the same crop, then a quarter turn anti-clockwise", || {
            Heif::single(coded_small(), &[nclx(SRGB, true), clap(200, 120, (-40, 0)), irot(1)])
        }),
    ]
}

fn colours() -> Vec<Entry> {
    let described = |name, shows, coding: HevcCoding, property: fn() -> Option<Vec<u8>>| {
        file(name, shows, move || {
            let properties: Vec<Vec<u8>> = property().into_iter().collect();
            Heif::single(&hevc::encode(&HevcSource::from(&small()), &coding), &properties)
        })
    };
    let usual = HevcCoding::default();
    let limited = HevcCoding { full_range: false, cicp: [1, 1, 1], ..usual };
    let limited_601 = HevcCoding { full_range: false, ..usual };
    vec![
        described("display_p3", "prof: Display P3", usual, || Some(prof(&icc::display_p3()))),
        described("nclx_full", "nclx: sRGB, BT.601 matrix, full range", usual, || Some(nclx(SRGB, true))),
        described("nclx_limited", "nclx: BT.709 matrix, limited range", limited, || Some(nclx([1, 13, 1], false))),
        described("nclx_limited_601", "nclx: BT.601 matrix, limited range", limited_601, || Some(nclx(SRGB, false))),
        described("vui_limited", "no colr: limited range and BT.709 matrix by the HEVC VUI", limited, || None),
        described("nclx_p3", "nclx: Display P3 primaries", usual, || Some(nclx([12, 13, 6], true))),
    ]
}

/// The picture of `nclx_full` by every other matrix, and one of HDR by two.
fn matrices() -> Vec<Entry> {
    let matrix = |name: &str, shows: &'static str, cicp: [u8; 3], full_range: bool| {
        file(&format!("matrix_{name}"), shows, move || {
            let coding = HevcCoding { full_range, cicp, ..HevcCoding::default() };
            Heif::single(&hevc::encode(&HevcSource::from(&small()), &coding), &[nclx(cicp, full_range)])
        })
    };
    let hdr = |name: &str, shows: &'static str, cicp: [u8; 3]| {
        file(&format!("hdr_{name}"), shows, move || {
            let samples = Scene { grain: 0.5, ..Scene::new(320, 240) }.paint16().iter().map(|&v| v >> 6).collect();
            let source = HevcSource { width: 320, height: 240, depth: 10, samples };
            let coding = HevcCoding { full_range: false, cicp, ..HevcCoding::default() };
            Heif::single(&hevc::encode(&source, &coding), &[nclx(cicp, false)])
        })
    };
    vec![
        matrix("identity", "nclx: RGB, the planes are green, blue and red", [1, 13, 0], true),
        matrix("fcc", "nclx: the matrix of FCC Title 47, limited range", [1, 13, 4], false),
        matrix("st240", "nclx: the matrix of SMPTE ST 240", [1, 13, 7], true),
        matrix("ycgco", "nclx: YCgCo", [1, 13, 8], true),
        matrix("ycgco_limited", "nclx: YCgCo, limited range", [1, 13, 8], false),
        matrix("bt2020", "nclx: the matrix of BT.2020", [1, 13, 9], true),
        matrix("bt2020_constant", "nclx: BT.2020 of constant luminance", [1, 13, 10], true),
        matrix("ydzdx", "nclx: SMPTE ST 2085", [1, 13, 11], false),
        matrix("derived", "nclx: a matrix that follows from the primaries", [1, 13, 12], true),
        matrix("derived_constant", "nclx: constant luminance of the primaries", [1, 13, 13], false),
        hdr("bt2020_pq", "10 bits, PQ by the matrix of BT.2020", [9, 16, 9]),
        hdr("ictcp_pq", "10 bits, the same by ICtCp", [9, 16, 14]),
        hdr("bt2020_hlg", "10 bits, HLG by the matrix of BT.2020", [9, 18, 9]),
        hdr("ictcp_hlg", "10 bits, the same by ICtCp", [9, 18, 14]),
    ]
}

fn overlays() -> Vec<Entry> {
    vec![
        file("overlay", "pictures over each other (iovl): one translucent, one turned, one beyond the edge", || {
            let mut heif = Heif::new();
            let whole = heif.add_picture(coded_small(), &[nclx(SRGB, true)], true);
            let plate = coded(&Rgb::from_fn(160, 96, |x, y| [40 + (x / 2) as u8, 200, 40 + y as u8]));
            let translucent = heif.add_picture(&plate, &[nclx(SRGB, true)], true);
            let alpha: Vec<u8> = (0..160 * 96).map(|i| (i % 160 * 255 / 159) as u8).collect();
            heif.add_alpha(&hevc::encode_gray(160, 96, &alpha, 20), translucent);
            let turned = coded(&picture(96, 64));
            let turned = heif.add_picture(&turned, &[nclx(SRGB, true), irot(1)], true);
            let layers = [(whole, (20, 30)), (translucent, (100, 100)), (turned, (310, -20)), (turned, (-40, 220))];
            heif.overlay([0xC000, 0x4000, 0x2000, 0xFFFF], (360, 300), &layers, &[nclx(SRGB, true)]);
            heif
        }),
        file("overlay_clear", "a picture on a canvas that is half clear (iovl), then a quarter turn", || {
            let mut heif = Heif::new();
            let small = heif.add_picture(coded_small(), &[nclx(SRGB, true)], true);
            heif.overlay([0, 0, 0xFFFF, 0x8000], (400, 260), &[(small, (40, 10))], &[nclx(SRGB, true), irot(1)]);
            heif
        }),
    ]
}

fn grids() -> Vec<Entry> {
    vec![
        file("grid_2x2", "2×2 tiles of 512×512 cut to 1000×700", || {
            let tiles = tiles(&picture(1000, 700), 2, 2, 512, HevcCoding { qp: 31, ..HevcCoding::default() });
            Heif::grid(&tiles, 2, (1000, 700), &[nclx(SRGB, true)])
        })
        .heavy(),
        file("grid_3x2_irot", "3×2 tiles of 128×128 cut to 322×242, then a quarter turn clockwise", || {
            let stored = picture(242, 322).stored_for(6);
            let tiles = tiles(&stored, 3, 2, 128, HevcCoding::default());
            Heif::grid(&tiles, 3, (322, 242), &[nclx(SRGB, true), irot(3)])
        }),
        file("grid_zero_padded", "2×2 tiles of 192×192 cut to 300×200, zero in all planes beyond that", || {
            let (image, side) = (picture(300, 200), 192);
            let places = [(0, 0), (side, 0), (0, side), (side, side)];
            let tiles = places.map(|(x, y)| {
                let tile = HevcSource::from(&image.crop(x, y, side, side));
                hevc::encode_zero_padded(&tile, ((300 - x).min(side), (200 - y).min(side)), &HevcCoding::default())
            });
            Heif::grid(&tiles, 2, (300, 200), &[nclx(SRGB, true)])
        }),
        file("grid_phone_12mp", "8×6 tiles of 512×512, Exif, thumbnail, Display P3, as an iPhone writes it", || {
            let scene = Scene { grain: 2.5, ..Scene::new(4032, 3024) };
            phone(&scene.paint(), 25)
        })
        .heavy(),
    ]
}

/// 4032×3024 in 8×6 tiles with everything around it that a phone writes.
pub(super) fn phone(image: &Rgb, qp: u8) -> Heif {
    let (columns, rows) = (image.width.div_ceil(512), image.height.div_ceil(512));
    let tiles = tiles(image, columns, rows, 512, HevcCoding { qp, ..HevcCoding::default() });
    let size = (image.width, image.height);
    let mut heif = Heif::grid(&tiles, columns as usize, size, &[prof(&icc::display_p3())]);
    heif.add_thumbnail(
        &hevc::encode(&HevcSource::from(&picture(320, 240)), &HevcCoding { qp: 34, ..HevcCoding::default() }),
        heif.primary,
    );
    heif.add_exif(&Exif::oriented(1).tiff(), heif.primary);
    heif
}

/// Tiles of `side`, row by row; those at the right and the bottom repeat the last pixels.
pub(super) fn tiles(image: &Rgb, columns: u32, rows: u32, side: u32, coding: HevcCoding) -> Vec<Picture> {
    let places: Vec<(u32, u32)> =
        (0..rows).flat_map(|row| (0..columns).map(move |column| (column * side, row * side))).collect();
    parallel(&places, |&(x, y)| hevc::encode(&HevcSource::from(&image.crop(x, y, side, side)), &coding))
}
