//! HEIF files whose items, references or properties do not fit together.

use super::{file, find, good_heic, patched};
use crate::catalogue::Entry;
use crate::encode::heif::{Heif, Item, grid_payload, ispe, nclx, pixi8};
use crate::encode::hevc::Coding;
use crate::files::heic::tiles;
use crate::files::picture;

pub(super) fn all() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("malformed", name, shows, bytes);
    vec![
        named("heic_grid_few_tiles.heic", "a 2×2 grid with three tiles", || {
            let mut heif = grid();
            heif.references[0].2.pop();
            heif.encode()
        }),
        named("heic_grid_too_large.heic", "a 2×2 grid of 64×64 tiles that claims 400×300", || {
            let mut heif = grid();
            heif.items[4].data = grid_payload(2, 2, 400, 300);
            heif.items[4].properties[0] = ispe(400, 300);
            heif.encode()
        }),
        named("heic_dimg_cycle.heic", "two grids made of each other", cycle),
        named("heic_dimg_self.heic", "a grid made of itself", || {
            let mut heif = Heif::new();
            heif.primary = heif.add(grid_item(1));
            heif.references.push((*b"dimg", 1, vec![1]));
            heif.encode()
        }),
        named("heic_primary_missing.heic", "the primary item does not exist", || {
            let mut heif = good_heic();
            heif.primary = 77;
            heif.encode()
        }),
        named("heic_no_hvcc.heic", "an HEVC item without its configuration", || {
            let mut heif = good_heic();
            heif.items[0].properties.remove(0);
            heif.encode()
        }),
        named("heic_property_index.heic", "an item with property 90 of 4", property_index),
        named("heic_no_slice.heic", "a picture whose only NAL unit is of a reserved type", || {
            let mut heif = good_heic();
            heif.items[0].data[4] = 41 << 1;
            heif.encode()
        }),
        file("truncated", "heic_nal_length.heic", "a NAL unit longer than its item", || {
            let mut heif = good_heic();
            heif.items[0].data[..4].copy_from_slice(&[0x00, 0xFF, 0xFF, 0xFF]);
            heif.encode()
        }),
        named("heic_child_box.heic", "a box that is longer than the one around it", || {
            let heic = good_heic().encode();
            let iprp = find(&heic, b"ipco") - 4;
            patched(heic, iprp, &[0, 0x10, 0, 0])
        }),
    ]
}

fn grid() -> Heif {
    let coding = Coding { qp: 34, ..Coding::default() };
    let tiles = tiles(&picture(128, 128), 2, 2, 64, coding);
    Heif::grid(&tiles, 2, (128, 128), &[nclx([1, 13, 6], true)])
}

fn grid_item(tiles: usize) -> Item {
    let data = grid_payload(1, tiles, 64, 64);
    Item { kind: *b"grid", hidden: false, properties: vec![ispe(64, 64), pixi8()], data, in_idat: true }
}

fn cycle() -> Vec<u8> {
    let mut heif = Heif::new();
    let first = heif.add(grid_item(1));
    let second = heif.add(grid_item(1));
    heif.references = vec![(*b"dimg", first, vec![second]), (*b"dimg", second, vec![first])];
    heif.encode()
}

fn property_index() -> Vec<u8> {
    let heic = good_heic().encode();
    let first = find(&heic, b"ipma") + 4 + 4 + 4 + 3;
    patched(heic, first + 2, &[0, 90])
}
