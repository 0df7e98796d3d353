//! Facts about whole files, made box by box.

use image_ingest_samples::{CpuTimer, DecodeError, Size};

use crate::cursor::FourCc;
use crate::items::Items;
use crate::limits::HeifLimits;
use crate::properties::Property;

pub(crate) const LIMITS: HeifLimits = HeifLimits { depth: 16, items: 1000, tiles: 1024, extents: 64 };

/// A box of `parts`, joined.
pub(crate) fn make_box(name: &FourCc, parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], name, &payload].concat()
}

/// A grid (1) of one tile (2) with an alpha plane (3) and Exif (4). All data is in `idat`: a byte for each item.
fn file() -> Vec<u8> {
    let ids = 1..=4u8;
    let types = [b"grid", b"hvc1", b"hvc1", b"Exif"];
    let infos = ids.clone().zip(types).map(|(id, name)| make_box(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], name, &[0]]));
    let extent = |id: u8| [0, id, 0, 1, 0, 0, 0, 1, 0, 0, 0, id - 1, 0, 0, 0, 1];
    let urn = b"\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0";
    let properties = [make_box(b"ispe", &[&[0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 6]]), make_box(b"auxC", &[urn])].concat();
    let references = [
        make_box(b"dimg", &[&[0, 1, 0, 1, 0, 2]]),
        make_box(b"auxl", &[&[0, 3, 0, 1, 0, 1]]),
        make_box(b"cdsc", &[&[0, 4, 0, 1, 0, 1]]),
        make_box(b"prem", &[&[0, 1, 0, 1, 0, 3]]),
    ];
    let meta = [
        make_box(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
        make_box(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
        make_box(b"iinf", &[&[0, 0, 0, 0, 0, 4], &infos.flatten().collect::<Vec<u8>>()]),
        make_box(b"iref", &[&[0; 4], &references.concat()]),
        make_box(b"iloc", &[&[1, 0, 0, 0, 0x44, 0, 0, 4], &ids.flat_map(extent).collect::<Vec<u8>>()]),
        make_box(b"idat", &[b"gtae"]),
        make_box(
            b"iprp",
            &[
                &make_box(b"ipco", &[&properties]),
                &make_box(b"ipma", &[&[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 1, 0, 3, 2, 1, 0x82]]),
            ],
        ),
    ];
    [make_box(b"ftyp", &[b"heic\0\0\0\0mif1"]), make_box(b"meta", &[&[0; 4], &meta.concat()])].concat()
}

#[test]
fn a_file_gives_its_items() {
    let file = file();
    let items = Items::read(&file, &LIMITS, &CpuTimer::default()).unwrap();
    assert_eq!((items.primary, items.is_miaf, items.is_premultiplied(1)), (1, false, true));
    assert_eq!((items.item_type(1).unwrap(), items.inputs(1)), (*b"grid", &[2][..]));
    assert_eq!(items.alpha_planes(1).collect::<Vec<_>>(), [3]);
    assert_eq!((items.data(2).unwrap(), items.exif()), (vec![&b"t"[..]], Some(&b"e"[..])));
    let properties = items.properties(3).map(Result::unwrap).collect::<Vec<_>>();
    let urn = b"urn:mpeg:hevc:2015:auxid:1";
    assert_eq!(properties, [Property::Size(Size::new(8, 6)), Property::Auxiliary(urn)]);
}

#[test]
fn limits_are_inclusive() {
    let file = file();
    let exact = HeifLimits { depth: 4, items: 4, tiles: 1, extents: 1 };
    assert!(Items::read(&file, &exact, &CpuTimer::default()).is_ok());
    let short = [
        HeifLimits { depth: 3, ..exact },
        HeifLimits { items: 3, ..exact },
        HeifLimits { tiles: 0, ..exact },
        HeifLimits { extents: 0, ..exact },
    ];
    for limits in short {
        assert!(
            matches!(Items::read(&file, &limits, &CpuTimer::default()), Err(DecodeError::LimitExceeded { .. })),
            "{limits:?}"
        );
    }
}

#[test]
fn every_prefix_of_a_file_is_truncated() {
    let file = file();
    for len in 0..file.len() {
        assert!(
            matches!(Items::read(&file[..len], &LIMITS, &CpuTimer::default()), Err(DecodeError::Truncated { .. })),
            "{len}"
        );
    }
}

#[test]
fn no_changed_byte_panics() {
    let file = file();
    for at in 0..file.len() {
        for value in [0, 1, 0x7f, 0xff, file[at] ^ 0x10] {
            let mut changed = file.clone();
            changed[at] = value;
            if let Ok(items) = Items::read(&changed, &LIMITS, &CpuTimer::default()) {
                for item in 0..6 {
                    let _ = (items.data(item), items.properties(item).count(), items.item_type(item));
                }
                let _ = (items.exif(), items.alpha_planes(items.primary).count());
            }
        }
    }
}
