//! `same/`: one coded HEVC picture in HEIF files that are written otherwise, as the format allows. They have one
//! content id.

use std::sync::OnceLock;

use super::pictures::picture;
use crate::catalogue::Entry;
use crate::encode::boxes::{boxed, full_box, irot, ispe, nclx, pixi8, prof};
use crate::encode::heif::{DataSize, Heif, HeifLayout, Item};
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::metadata::exif::Exif;
use crate::metadata::icc;

const W: u32 = 96;
const H: u32 = 64;

pub(super) fn all() -> Vec<Entry> {
    [boxes(), items(), units(), colours()].into_iter().flatten().collect()
}

fn file(name: &str, shows: &str, make: impl Fn() -> Heif + Send + Sync + 'static) -> Entry {
    Entry::new(format!("same/heic_{name}.heic"), format!("group heic, {shows}"), move || make().encode())
}

fn coded() -> &'static Picture {
    static CODED: OnceLock<Picture> = OnceLock::new();
    CODED.get_or_init(|| {
        hevc::encode(&HevcSource::from(&picture(W, H)), &HevcCoding { qp: 32, ..HevcCoding::default() })
    })
}

fn plain() -> Heif {
    Heif::single(coded(), &[nclx([1, 13, 6], true)])
}

fn laid_out(layout: HeifLayout) -> Heif {
    Heif { layout, ..plain() }
}

fn unknown_box() -> Vec<u8> {
    boxed(*b"uuid", &[7; 40])
}

/// ISO/IEC 14496-12, 4.2 and 8.11.
fn boxes() -> Vec<Entry> {
    let written = |name, shows, layout: fn() -> HeifLayout| file(name, shows, move || laid_out(layout()));
    vec![
        written("plain", "one picture", HeifLayout::default),
        written("wide_ids", "item ids of 32 bits", || HeifLayout { wide_ids: true, ..HeifLayout::default() }),
        written("iloc_0", "iloc of version 0", || HeifLayout { old_locations: true, ..HeifLayout::default() }),
        written("iloc_based", "iloc with base offsets and fields of 8 bytes", || HeifLayout {
            based: true,
            ..HeifLayout::default()
        }),
        written("three_extents", "the data in three extents, not in their order", || HeifLayout {
            extents: 3,
            ..HeifLayout::default()
        }),
        written("narrow_ipma", "associations of 7 bits", || HeifLayout {
            narrow_associations: true,
            ..HeifLayout::default()
        }),
        written("mdat_first", "mdat before meta", || HeifLayout { data_first: true, ..HeifLayout::default() }),
        written("mdat_64_bits", "a box size of 64 bits", || HeifLayout {
            data_size: DataSize::Long,
            ..HeifLayout::default()
        }),
        written("mdat_to_the_end", "a box size of 0", || HeifLayout {
            data_size: DataSize::ToTheEnd,
            ..HeifLayout::default()
        }),
        written("unknown_boxes", "free, skip and uuid boxes on the top level and in meta", || HeifLayout {
            after_ftyp: [boxed(*b"free", &[0; 9]), unknown_box(), boxed(*b"skip", &[])].concat(),
            in_meta: [boxed(*b"free", &[]), unknown_box()].concat(),
            at_end: [unknown_box(), boxed(*b"free", &[1])].concat(),
            ..HeifLayout::default()
        }),
        written("trailing_bytes", "bytes after the last box that are none", || HeifLayout {
            at_end: b"\r\n--boundary--\r\n".to_vec(),
            ..HeifLayout::default()
        }),
        file("mif1_alone", "mif1 as the only brand", || {
            let mut heif = plain();
            (heif.major, heif.compatible) = (*b"mif1", vec![*b"mif1"]);
            heif
        }),
        file("two_ipma", "a second ipma box, of version 1, with associations of another item", || {
            let mut heif = plain();
            let other = heif.add(exif());
            let entry = [&1u32.to_be_bytes()[..], &u32::from(other).to_be_bytes(), &[1, 2]].concat();
            heif.extra = full_box(*b"ipma", 1, 0, &entry);
            heif
        }),
    ]
}

/// ISO/IEC 23008-12, 6.
fn items() -> Vec<Entry> {
    vec![
        file("in_idat", "the coded picture in idat", || {
            let mut heif = plain();
            heif.items[0].in_idat = true;
            heif
        }),
        file("iden", "an identity of the picture", || {
            let mut heif = plain();
            heif.items[0].hidden = true;
            identity(&mut heif, Vec::new())
        }),
        file("iden_turned_back", "an identity that turns a turned picture back", || {
            let mut heif = plain();
            heif.items[0].properties.push(irot(1));
            identity(&mut heif, vec![irot(3)])
        }),
        file("hidden", "a primary item that is hidden", || {
            let mut heif = plain();
            heif.items[0].hidden = true;
            heif
        }),
        file("no_pixi", "no pixi property", || {
            let mut heif = plain();
            heif.items[0].properties.retain(|property| property[4..8] != *b"pixi");
            heif
        }),
        file("unknown_property", "properties that nobody knows and that are not essential", || {
            let mut heif = plain();
            heif.items[0].properties.splice(0..0, [boxed(*b"what", &[1, 2, 3]), unknown_box(), boxed(*b"free", &[])]);
            heif
        }),
        file("thumbnail_and_exif", "a thumbnail, Exif and unknown references", || {
            let mut heif = plain();
            heif.add_thumbnail(coded(), 1);
            heif.add_exif(&Exif::oriented(1).tiff(), 1);
            heif.references.push((*b"abcd", 2, vec![1, 3]));
            heif
        }),
        file("auxiliaries", "a depth map and a gain map, which are no alpha", || {
            let mut heif = plain();
            let gray = hevc::encode_gray(W, H, &[90; (W * H) as usize], 40);
            for kind in [&b"urn:mpeg:hevc:2015:auxid:2\0"[..], b"urn:com:apple:photo:2020:aux:hdrgainmap\0"] {
                let id = heif.add_picture(&gray, &[full_box(*b"auxC", 0, 0, kind)], true);
                heif.references.push((*b"auxl", id, vec![1]));
            }
            heif
        }),
        file("item_without_type", "an item entry of version 0", || {
            let mut heif = plain();
            heif.layout.extra_info = full_box(*b"infe", 0, 0, &[0, 9, 0, 0, 0, 0, 0]);
            heif
        }),
        file("group", "an entity group of alternatives", || {
            let group = full_box(*b"altr", 0, 0, &[0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 1]);
            laid_out(HeifLayout { in_meta: full_box(*b"grpl", 0, 0, &group), ..HeifLayout::default() })
        }),
    ]
}

fn exif() -> Item {
    let data = [&[0; 4][..], &Exif::oriented(1).tiff()].concat();
    Item { kind: *b"Exif", hidden: true, properties: Vec::new(), data, in_idat: false }
}

fn identity(heif: &mut Heif, turns: Vec<Vec<u8>>) -> Heif {
    let properties = [vec![ispe(W, H), pixi8()], turns].concat();
    heif.primary = heif.add(Item { kind: *b"iden", hidden: false, properties, data: Vec::new(), in_idat: false });
    heif.references.push((*b"dimg", heif.primary, vec![heif.primary - 1]));
    std::mem::replace(heif, Heif::new())
}

/// ITU-T H.265, 7.3 and 7.4, and ISO/IEC 14496-15, 8.3.3.
fn units() -> Vec<Entry> {
    let changed = |name, shows, change: fn(&mut Picture)| {
        file(name, shows, move || {
            let mut picture = coded().clone();
            change(&mut picture);
            Heif::single(&picture, &[nclx([1, 13, 6], true)])
        })
    };
    vec![
        changed("zero_words", "300 cabac_zero_words at the end of the slice", |picture| {
            let stuffed = [&picture.data[4..], &[0, 0, 3].repeat(300)].concat();
            picture.data = [&(stuffed.len() as u32).to_be_bytes()[..], &stuffed].concat();
        }),
        changed("delimiters", "an access unit delimiter, a message and filler around the slice", |picture| {
            let [delimiter, message, filler] =
                [&[35 << 1, 1, 0x10][..], &[39 << 1, 1, 5, 2, 1, 1, 0x80], &[38 << 1, 1, 0xFF, 0x80]]
                    .map(|nal| [&(nal.len() as u32).to_be_bytes()[..], nal].concat());
            picture.data = [delimiter, message, picture.data.clone(), filler].concat();
        }),
        changed("short_lengths", "NAL unit lengths of two bytes", |picture| {
            picture.config[8 + 21] &= !3;
            picture.config[8 + 21] |= 1;
            picture.data.drain(..2);
        }),
        changed("more_picture_sets", "three picture parameter sets that no slice names", |picture| {
            picture.add_picture_sets(1..4);
        }),
    ]
}

fn colours() -> Vec<Entry> {
    let with =
        |name, shows, properties: fn() -> Vec<Vec<u8>>| file(name, shows, move || Heif::single(coded(), &properties()));
    vec![
        with("nclx_and_prof", "nclx and an sRGB profile", || vec![nclx([1, 13, 6], true), prof(&icc::srgb())]),
        with("prof_and_nclx", "an sRGB profile and nclx", || vec![prof(&icc::srgb()), nclx([1, 13, 6], true)]),
        with("no_colr", "no colr: the VUI says the same", Vec::new),
        with("unknown_colr", "a colr of an unknown type, and pasp, clli and mdcv", || {
            vec![
                boxed(*b"colr", b"what1234"),
                nclx([1, 13, 6], true),
                boxed(*b"pasp", &[0, 0, 0, 1, 0, 0, 0, 1]),
                boxed(*b"clli", &[3, 232, 1, 144]),
                boxed(*b"mdcv", &[1; 24]),
            ]
        }),
    ]
}
