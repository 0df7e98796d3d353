//! HEIF files whose items, references or properties do not fit together.

use super::valid::{file, find, good_heic, patched};
use crate::catalogue::Entry;
use crate::encode::boxes::{boxed, ispe, nclx, pixi8};
use crate::encode::heif::{Heif, Item, grid_payload};
use crate::encode::hevc::HevcCoding;
use crate::files::heic::tiles;
use crate::files::pictures::picture;

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
        named("heic_conformance_window.heic", "160×120 shown of a picture coded as 16384×16384", window),
        named("heic_property_index.heic", "an item with property 90 of 4", property_index),
        named("heic_no_slice.heic", "a picture whose only NAL unit is of a reserved type", || {
            let mut heif = good_heic();
            heif.items[0].data[4] = 41 << 1;
            heif.encode()
        }),
        named(
            "heic_slice_in_hvcc.heic",
            "a slice of a picture that refers to others, among the parameter sets",
            || {
                let mut heif = good_heic();
                let mut content = heif.items[0].properties[0][8..].to_vec();
                content[22] += 1;
                content.extend([0x80 | 1, 0, 1, 0, 3, 1 << 1, 1, 0x80]);
                heif.items[0].properties[0] = boxed(*b"hvcC", &content);
                heif.encode()
            },
        ),
        named("heic_two_metas.heic", "two meta boxes, so that readers differ in the picture they find", || {
            let heic = good_heic().encode();
            let start = find(&heic, b"meta") - 4;
            let len = u32::from_be_bytes(heic[start..start + 4].try_into().expect("four bytes"));
            let meta = heic[start..start + len as usize].to_vec();
            [heic, meta].concat()
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
    let coding = HevcCoding { qp: 34, ..HevcCoding::default() };
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

/// The one sequence parameter set, rewritten.
fn window() -> Vec<u8> {
    let mut heif = good_heic();
    let config = &heif.items[0].properties[0];
    let start = find(config, &[33 << 1, 1]);
    let (before, len) = (&config[8..start - 2], usize::from(config[start - 2]) << 8 | usize::from(config[start - 1]));
    let set = enlarged(&config[start..start + len], 16_384, (160, 120));
    let content = [before, &(set.len() as u16).to_be_bytes(), &set, &config[start + len..]].concat();
    heif.items[0].properties[0] = boxed(*b"hvcC", &content);
    heif.encode()
}

/// A sequence parameter set of one sub-layer whose pictures are coded with `side` samples a side, and a window that
/// shows `shown` of them (ITU-T H.265, 7.3.2.2).
fn enlarged(nal: &[u8], side: u32, shown: (u32, u32)) -> Vec<u8> {
    let escape = |i: usize| i >= 2 && nal[i - 2..=i] == [0, 0, 3];
    let bytes = (2..nal.len()).filter(|&i| !escape(i)).map(|i| nal[i]);
    let bits: Vec<bool> = bytes.flat_map(|b| (0..8).rev().map(move |i| b >> i & 1 == 1)).collect();
    let mut at = 8 + 96;
    let mut out = bits[..at].to_vec();
    for _ in ["seq_parameter_set_id", "chroma_format_idc"] {
        write_code(&mut out, read_code(&bits, &mut at));
    }
    for _ in ["pic_width_in_luma_samples", "pic_height_in_luma_samples"] {
        read_code(&bits, &mut at);
        write_code(&mut out, side);
    }
    at += 1;
    if bits[at - 1] {
        for _ in 0..4 {
            read_code(&bits, &mut at);
        }
    }
    out.push(true);
    [0, (side - shown.0) / 2, 0, (side - shown.1) / 2].into_iter().for_each(|cut| write_code(&mut out, cut));
    out.extend(&bits[at..]);
    // Whole bytes: the padding behind the stop bit is of zeros either way.
    let mut set = nal[..2].to_vec();
    let mut zeros = 0;
    for chunk in out.chunks(8) {
        let byte = chunk.iter().enumerate().fold(0, |byte, (i, &bit)| byte | u8::from(bit) << (7 - i));
        if zeros == 2 && byte <= 3 {
            set.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        set.push(byte);
    }
    set
}

/// Exp-Golomb (ITU-T H.265, 9.2).
fn read_code(bits: &[bool], at: &mut usize) -> u32 {
    let zeros = bits[*at..].iter().take_while(|&&bit| !bit).count();
    let code = bits[*at + zeros..=*at + 2 * zeros].iter().fold(0, |code, &bit| code << 1 | u32::from(bit));
    *at += 2 * zeros + 1;
    code - 1
}

fn write_code(bits: &mut Vec<bool>, value: u32) {
    let length = (value + 1).ilog2();
    bits.resize(bits.len() + length as usize, false);
    bits.extend((0..=length).rev().map(|i| (value + 1) >> i & 1 == 1));
}
