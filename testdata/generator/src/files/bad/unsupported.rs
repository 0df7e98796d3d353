//! Valid pictures of kinds that are outside the library.

use super::valid::{file, good_jpeg, patched};
use crate::catalogue::Entry;
use crate::encode::boxes::{boxed, full_box, ispe, nclx, pixi8};
use crate::encode::heif::{Heif, Item};
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::encode::jpeg::{find_marker, segment};
use crate::raster::Rgb;
use crate::scene::noise::Prng;

pub(super) fn all() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("unsupported", name, shows, bytes);
    vec![
        named("avif.avif", "AVIF: brand avif", || av1(*b"avif").encode()),
        named("avif_sequence.avif", "AVIF sequence: brand avis", || av1(*b"avis").encode()),
        named("heif_av01_item.heif", "brand mif1, the primary item coded in AV1", || av1(*b"mif1").encode()),
        named("heif_jpeg_item.heif", "brand mif1, the primary item a JPEG", jpeg_item),
        named("heic_overlay_nested.heic", "a canvas (iovl) on a canvas", nested_overlay),
        named("heic_matrix_reserved.heic", "nclx: matrix coefficients 3, which are reserved", || {
            Heif::single(&plate(), &[nclx([1, 13, 3], true)]).encode()
        }),
        named("jpeg_lossless_sof3.jpg", "lossless JPEG (SOF3)", || with_frame(0xC3, 8)),
        named("jpeg_12bit_sof1.jpg", "12-bit extended JPEG (SOF1)", || with_frame(0xC1, 12)),
        named("jpeg_hierarchical_sof5.jpg", "hierarchical JPEG (DHP, SOF5)", hierarchical),
        named("jpeg_lossless_arithmetic_sof11.jpg", "lossless arithmetic JPEG (SOF11)", || with_frame(0xCB, 8)),
        named("jpeg_ls_sof55.jpg", "JPEG-LS (SOF55)", || with_frame(0xF7, 8)),
        named("jpeg_dnl_height_0.jpg", "height 0 in the frame header, given by DNL after the scan", dnl),
    ]
}

fn av1(major: [u8; 4]) -> Heif {
    let mut heif = Heif::new();
    heif.major = major;
    heif.compatible = if major == *b"mif1" { vec![*b"mif1", *b"miaf"] } else { vec![major, *b"mif1", *b"miaf"] };
    let properties = vec![boxed(*b"av1C", &[0x81, 0, 0x0C, 0]), ispe(64, 48), pixi8()];
    heif.add(Item { kind: *b"av01", hidden: false, properties, data: Prng::new(1).bytes(300), in_idat: false });
    heif
}

fn plate() -> Picture {
    let plate = Rgb::from_fn(64, 64, |_, _| [90, 120, 150]);
    hevc::encode(&HevcSource::from(&plate), &HevcCoding { qp: 40, ..HevcCoding::default() })
}

fn nested_overlay() -> Vec<u8> {
    let mut heif = Heif::new();
    let plate = heif.add_picture(&plate(), &[nclx([1, 13, 6], true)], true);
    heif.overlay([0, 0, 0, 0xFFFF], (100, 80), &[(plate, (0, 0))], &[]);
    let inner = heif.primary;
    heif.overlay([0, 0, 0, 0xFFFF], (100, 80), &[(plate, (0, 0)), (inner, (0, 0))], &[]);
    heif.encode()
}

fn jpeg_item() -> Vec<u8> {
    let mut heif = Heif::new();
    heif.major = *b"mif1";
    heif.compatible = vec![*b"mif1", *b"jpeg"];
    let properties = vec![ispe(160, 120), full_box(*b"pixi", 0, 0, &[3, 8, 8, 8])];
    heif.add(Item { kind: *b"jpeg", hidden: false, properties, data: good_jpeg(), in_idat: false });
    heif.encode()
}

fn with_frame(marker: u8, precision: u8) -> Vec<u8> {
    let jpeg = good_jpeg();
    let frame = find_marker(&jpeg, 0xC0);
    patched(patched(jpeg, frame + 1, &[marker]), frame + 4, &[precision])
}

fn hierarchical() -> Vec<u8> {
    let jpeg = with_frame(0xC5, 8);
    let frame = find_marker(&jpeg, 0xC5);
    let length = usize::from(jpeg[frame + 3]);
    let dhp = segment(0xDE, &jpeg[frame + 4..frame + 2 + length]);
    [&jpeg[..frame], &dhp, &jpeg[frame..]].concat()
}

fn dnl() -> Vec<u8> {
    let jpeg = good_jpeg();
    let frame = find_marker(&jpeg, 0xC0);
    let jpeg = patched(jpeg, frame + 5, &[0, 0]);
    let end = jpeg.len() - 2;
    [&jpeg[..end], &segment(0xDC, &120u16.to_be_bytes()), &jpeg[end..]].concat()
}
