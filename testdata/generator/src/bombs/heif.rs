//! HEIF bombs (ISO/IEC 14496-12, 23008-12): boxes, items, properties and references.

use super::bomb::{Bomb, NEARLY_ALL, filled};
use crate::encode::boxes::{boxed, full_box, ispe, nclx, pixi8};
use crate::encode::heif::{Heif, Item, grid_payload};
use crate::encode::hevc::{self, HevcCoding, HevcSource, Picture};
use crate::raster::Rgb;

pub(super) fn all() -> Vec<Bomb> {
    let mut bombs = boxes();
    bombs.extend(items());
    bombs.extend(references());
    bombs
}

fn boxes() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_nested_5000.heic", "limit_exceeded", "boxes nested 5000 deep in meta", || {
            let mut heif = good();
            heif.extra = nested(*b"iprp", 5000);
            heif.encode()
        })
        .cheap(),
        Bomb::new("heic_nested_unknown.heic", "accepted", "unknown boxes nested 5000 deep", || {
            let mut heif = good();
            heif.extra = nested(*b"abcd", 5000);
            heif.encode()
        }),
        Bomb::new("heic_free_flood.heic", "accepted", "1.3 million empty boxes behind the picture", || {
            [good().encode(), filled(&boxed(*b"free", &[]), NEARLY_ALL)].concat()
        }),
        Bomb::new("heic_brands.heic", "unknown_format", "2.6 million brands", || {
            let mut heif = good();
            heif.compatible.resize(NEARLY_ALL / 4, *b"abcd");
            heif.encode()
        }),
        Bomb::new("heic_meta_flood.heic", "malformed", "6000 meta boxes", || {
            let file = good().encode();
            let (meta, mdat) = (find(&file, b"meta") - 4, find(&file, b"mdat") - 4);
            [&file[..meta], &filled(&file[meta..mdat], 6000 * (mdat - meta)), &file[mdat..]].concat()
        }),
        Bomb::new("heic_box_size_7.heic", "malformed", "a box shorter than its header", || {
            [&good().encode()[..24], &[0, 0, 0, 7][..], b"meta", &[0; 8]].concat()
        }),
        Bomb::new("heic_box_size_2e64.heic", "truncated", "a box of 2⁶⁴ − 1 bytes", || {
            [&good().encode()[..24], &[0, 0, 0, 1][..], b"meta", &[0xFF; 8]].concat()
        }),
    ]
}

fn items() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_65535_items.heic", "limit_exceeded", "65535 items", || {
            let mut heif = good();
            (1..0xFFFF).for_each(|_| heif.items.push(exif()));
            heif.encode()
        })
        .cheap(),
        Bomb::new("heic_1000_items.heic", "accepted", "as many items as the limits allow", || {
            let mut heif = good();
            (1..1000).for_each(|_| heif.items.push(exif()));
            heif.encode()
        }),
        Bomb::new(
            "heic_items_announced.heic",
            "limit_exceeded",
            "an item list that announces 65535 and holds one",
            || {
                let mut file = good().encode();
                let iinf = find(&file, b"iinf");
                file[iinf + 8..iinf + 10].fill(0xFF);
                file
            },
        ),
        Bomb::new("heic_properties.heic", "accepted", "250 properties of each of 1000 items", || {
            let mut heif = good();
            let properties: Vec<Vec<u8>> = (0..250).map(|_| boxed(*b"abcd", &[])).collect();
            (1..1000).for_each(|_| heif.items.push(Item { properties: properties.clone(), ..exif() }));
            heif.encode()
        }),
        Bomb::new("heic_property_flood.heic", "truncated", "a million properties that no item has", || {
            let file = good().encode();
            let flood = filled(&boxed(*b"abcd", &[]), NEARLY_ALL);
            grown(&file, &[b"meta", b"iprp", b"ipco"], &flood)
        }),
        Bomb::new("heic_association_flood.heic", "malformed", "a million associations of one item", || {
            let file = good().encode();
            let mut content = 1_000_000u32.to_be_bytes().to_vec();
            content.extend(filled(&[0, 1, 1, 1], 4_000_000));
            grown(&file, &[b"meta", b"iprp"], &full_box(*b"ipma", 0, 0, &content))
        }),
    ]
}

fn references() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_grid_256.heic", "limit_exceeded", "a grid of 256×256 times the same tile", || {
            let mut heif = grid(1, 1);
            heif.items[1].data = grid_payload(256, 256, 16_384, 16_384);
            heif.references[0].2 = vec![1; 0xFFFF];
            heif.encode()
        }),
        Bomb::new(
            "heic_grid_1024.heic",
            "accepted",
            "a grid of as many tiles as the limits allow, all the same",
            || {
                let mut heif = grid(32, 32);
                heif.references[0].2 = vec![1; 1024];
                heif.encode()
            },
        ),
        Bomb::new("heic_grid_of_grids.heic", "too_many_pixels", "a grid of 256 grids of 256 tiles", || {
            let mut heif = grid(16, 16);
            heif.references[0].2 = vec![1; 256];
            let inner = heif.primary;
            let outer = grid_item(16, 16_384);
            heif.primary = heif.add(outer);
            heif.references.push((*b"dimg", heif.primary, vec![inner; 256]));
            heif.encode()
        }),
        Bomb::new("heic_reference_cycle.heic", "malformed", "two grids that refer to each other", || {
            let mut heif = Heif::new();
            let (first, second) = (heif.add(grid_item(1, 64)), heif.add(grid_item(1, 64)));
            heif.references = vec![(*b"dimg", first, vec![second]), (*b"dimg", second, vec![first])];
            heif.encode()
        }),
        Bomb::new("heic_reference_flood.heic", "accepted", "30 lists of 65535 references of a thumbnail", || {
            let mut heif = good();
            heif.add_thumbnail(plate(), 1);
            (0..30).for_each(|_| heif.references.push((*b"thmb", 2, vec![1; 0xFFFF])));
            heif.encode()
        }),
        Bomb::new("heic_descriptions.heic", "accepted", "78 lists of 65535 items that Exif does not describe", || {
            let mut heif = good();
            let described_by = heif.add(exif());
            (0..78).for_each(|_| heif.references.push((*b"cdsc", described_by, vec![2; 0xFFFF])));
            heif.encode()
        }),
        Bomb::new("heic_auxiliaries.heic", "accepted", "an auxiliary type of 10 MB, of 1000 auxiliary items", || {
            let mut heif = good();
            let urn = full_box(*b"auxC", 0, 0, &vec![b'u'; NEARLY_ALL]);
            let plane = heif.add(Item { properties: vec![urn], ..exif() });
            heif.references.push((*b"auxl", plane, vec![1; 1000]));
            heif.encode()
        }),
        Bomb::new("heic_identities.heic", "limit_exceeded", "a grid of 1024 tiles behind 14 identities each", || {
            let mut heif = grid(32, 32);
            heif.items[0].properties.extend((0..200).map(|i| boxed(*b"abcd", &[i])));
            let tile = (0..14).fold(1, |source, _| {
                let identity = heif.add(Item { kind: *b"iden", properties: Vec::new(), ..exif() });
                heif.references.push((*b"dimg", identity, vec![source]));
                identity
            });
            heif.references[0].2 = vec![tile; 1024];
            heif.encode()
        }),
        Bomb::new("heic_derivations.heic", "limit_exceeded", "identities that lead to each other 900 times", || {
            let mut heif = good();
            for _ in 0..900 {
                let properties = vec![ispe(64, 64), pixi8()];
                let id = heif.add(Item { kind: *b"iden", hidden: false, properties, data: Vec::new(), in_idat: false });
                heif.references.push((*b"dimg", id, vec![id - 1]));
                heif.primary = id;
            }
            heif.encode()
        }),
    ]
}

pub(super) fn good() -> Heif {
    Heif::single(plate(), &[nclx([1, 13, 6], true)])
}

pub(super) fn plate() -> &'static Picture {
    static CODED: std::sync::OnceLock<Picture> = std::sync::OnceLock::new();
    CODED.get_or_init(|| {
        let plate = Rgb::from_fn(64, 64, |_, _| [90, 120, 150]);
        hevc::encode(&HevcSource::from(&plate), &HevcCoding { qp: 40, ..HevcCoding::default() })
    })
}

/// One coded tile, and a grid of `rows` × `columns` that refers to it once.
pub(super) fn grid(rows: usize, columns: usize) -> Heif {
    let (width, height) = (columns as u32 * 64, rows as u32 * 64);
    let mut heif = Heif::grid(&[plate().clone()], 1, (width, height), &[nclx([1, 13, 6], true)]);
    heif.items[1].data = grid_payload(rows, columns, width, height);
    heif
}

fn grid_item(tiles: usize, side: u32) -> Item {
    let data = grid_payload(tiles, tiles, side, side);
    Item { kind: *b"grid", hidden: false, properties: vec![ispe(side, side), pixi8()], data, in_idat: true }
}

fn exif() -> Item {
    Item { kind: *b"Exif", hidden: true, properties: Vec::new(), data: vec![0; 4], in_idat: false }
}

/// A box that holds a box that holds a box, written from the outside in.
fn nested(name: [u8; 4], depth: usize) -> Vec<u8> {
    (0..depth).rev().flat_map(|inside| [&(inside as u32 * 8 + 8).to_be_bytes()[..], &name].concat()).collect()
}

/// `file` with `more` at the end of the last of the boxes `path`, each inside the one before.
///
/// Data after those boxes moves, so offsets to it become wrong. In these files it is never read, or its content does
/// not matter.
fn grown(file: &[u8], path: &[&[u8; 4]], more: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    let starts: Vec<usize> = path.iter().map(|name| find(file, *name) - 4).collect();
    let size = |at: usize| u32::from_be_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    let end = starts.last().map_or(0, |&at| at + size(at) as usize);
    for at in starts {
        out[at..at + 4].copy_from_slice(&(size(at) + more.len() as u32).to_be_bytes());
    }
    out.splice(end..end, more.iter().copied());
    out
}

pub(super) fn find(bytes: &[u8], name: &[u8]) -> usize {
    bytes.windows(name.len()).position(|window| window == name).expect("the file was made with it")
}
