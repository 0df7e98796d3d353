//! HEIF bombs in the data of items: extents that overlap, and very many NAL units.

use super::bomb::{Bomb, NEARLY_ALL, filled};
use super::heif::{find, good, grid, plate};
use crate::encode::boxes::{boxed, nclx};
use crate::encode::heif::{Heif, Item};
use crate::encode::hevc::{self, HevcCoding, HevcSource};
use crate::metadata::icc;
use crate::raster::Rgb;

pub(super) fn all() -> Vec<Bomb> {
    let mut bombs = extents();
    bombs.extend(nal_units());
    bombs.extend(payloads());
    bombs
}

/// Items whose extents or tiles are the same bytes many times.
fn extents() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_extents_2000.heic", "limit_exceeded", "2000 extents of the same bytes", || {
            with_extents(&good(), 0, 2000)
        }),
        Bomb::new("heic_extents_64.heic", "malformed", "64 extents of the same 9 MB", || {
            let mut heif = good();
            heif.items[0].data.extend(nal(38, 9_000_000));
            with_extents(&heif, 0, 64)
        }),
        Bomb::new(
            "heic_tiles_of_extents.heic",
            "malformed",
            "1024 times a tile of 64 extents of the same 9 MB",
            || {
                let mut heif = grid(32, 32);
                heif.references[0].2 = vec![1; 1024];
                heif.items[0].data.extend(nal(38, 9_000_000));
                with_extents(&heif, 0, 64)
            },
        ),
        Bomb::new("heic_tiles_9mb.heic", "limit_exceeded", "1024 times a tile with 9 MB of filler", || {
            let mut heif = grid(32, 32);
            heif.references[0].2 = vec![1; 1024];
            heif.items[0].data.extend(nal(38, 9_000_000));
            heif.encode()
        }),
    ]
}

/// NAL units behind the picture's own.
fn nal_units() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_supplements.heic", "accepted", "a million supplemental NAL units behind the picture", || {
            let mut heif = good();
            heif.items[0].data.extend(filled(&nal(40, 6), NEARLY_ALL));
            heif.encode()
        }),
        Bomb::new(
            "heic_slices_short.heic",
            "limit_exceeded",
            "a million slices of three bytes behind the picture",
            || {
                let mut heif = good();
                heif.items[0].data.extend(filled(&[0, 0, 0, 3, 19 << 1, 1, 0], NEARLY_ALL));
                heif.encode()
            },
        ),
        Bomb::new("heic_empty_nals.heic", "accepted", "2.6 million empty NAL units behind the picture", || {
            let mut heif = good();
            heif.items[0].data.extend(filled(&[0; 4], NEARLY_ALL));
            heif.encode()
        }),
        Bomb::new("heic_repeated_sets.heic", "accepted", "two million times one of 101 parameter sets", || {
            let mut heif = good();
            let config = heif.items[0].properties[0].clone();
            let sets = [&filled(&[0, 1, 0x46], 300)[..], &[0, 1, 0x40]].concat();
            let arrays = [&config[8..30], &[config[30] + 1, 0x20, 0, 101], &sets, &config[31..]].concat();
            heif.items[0].properties[0] = boxed(*b"hvcC", &arrays);
            heif.items[0].data.extend(filled(&[0, 0, 0, 1, 0x40], NEARLY_ALL));
            heif.encode()
        }),
        Bomb::new("heic_slices.heic", "unsupported", "the same picture 1000 times in one item", || {
            let mut heif = good();
            heif.items[0].data = plate().data.repeat(1000);
            heif.encode()
        }),
    ]
}

/// Parameter sets, slice data and metadata that are large.
fn payloads() -> Vec<Bomb> {
    vec![
        Bomb::new("heic_parameter_sets.heic", "limit_exceeded", "a configuration of 60000 parameter sets", || {
            let mut heif = good();
            let config = &heif.items[0].properties[0];
            let set: Vec<u8> = [&[0xA1, 0, 1, 0, 4][..], &[0x42, 1, 1, 1]].concat();
            let arrays = [&config[8..30], &[255], &filled(&set, 255 * set.len())[..]].concat();
            heif.items[0].properties[0] = boxed(*b"hvcC", &arrays);
            heif.encode()
        }),
        Bomb::new("heic_picture_sets.heic", "accepted", "64 picture parameter sets of 4096×4096, one in use", || {
            let flat = Rgb::from_fn(4096, 4096, |_, _| [90, 120, 150]);
            let mut picture = hevc::encode(&HevcSource::from(&flat), &HevcCoding { qp: 40, ..HevcCoding::default() });
            picture.add_picture_sets(1..64);
            Heif::single(&picture, &[nclx([1, 13, 6], true)]).encode()
        }),
        Bomb::new("heic_stuffing.heic", "malformed", "a slice with 2.4 MB of stuffing bytes inside", || {
            stuffed(&[0x80])
        }),
        Bomb::new("heic_zero_words.heic", "accepted", "a slice with 2.4 MB of zero words at its end", || stuffed(&[])),
        Bomb::new("heic_icc_9mib.heic", "accepted", "an ICC profile of 9 MiB", || {
            let profile = [icc::display_p3(), vec![0; 9 << 20]].concat();
            Heif::single(plate(), &[boxed(*b"colr", &[&b"prof"[..], &profile].concat()), nclx([1, 13, 6], true)])
                .encode()
        }),
        Bomb::new("heic_exif_9mb.heic", "accepted", "an Exif item of 9 MB", || {
            let mut heif = good();
            let data = vec![0; 9_000_000];
            heif.items.push(Item { kind: *b"Exif", hidden: true, properties: Vec::new(), data, in_idat: false });
            heif.references.push((*b"cdsc", 2, vec![1]));
            heif.encode()
        }),
    ]
}

/// A picture whose slice goes on with 800 000 times two zeros and a stuffing byte, and `end`.
fn stuffed(end: &[u8]) -> Vec<u8> {
    let mut heif = good();
    let slice = [&plate().data[4..], &[0, 0, 3].repeat(800_000), end].concat();
    heif.items[0].data = [&(slice.len() as u32).to_be_bytes()[..], &slice].concat();
    heif.encode()
}

/// A NAL unit of `kind` with `len` bytes behind its header, after its length.
fn nal(kind: u8, len: usize) -> Vec<u8> {
    [&(len as u32 + 2).to_be_bytes()[..], &[kind << 1, 1], &vec![0xFF; len]].concat()
}

/// `heif` with item `index`, the first in `mdat`, as `count` extents that all are its whole data.
fn with_extents(heif: &Heif, index: usize, count: usize) -> Vec<u8> {
    let file = heif.encode();
    let iloc = find(&file, b"iloc") - 4;
    let mdat = find(&file, b"mdat") - 4;
    let shift = 8 * (count - 1);
    let items = heif.items.len();
    let mut content = vec![1, 0, 0, 0, 0x44, 0];
    content.extend((items as u16).to_be_bytes());
    // Each entry: id, method, data reference, count, then offset and length.
    for (i, entry) in file[iloc + 16..mdat].chunks_exact(16).take(items).enumerate() {
        let times = if i == index { count } else { 1 };
        content.extend(&entry[..6]);
        content.extend((times as u16).to_be_bytes());
        let offset = u32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]]);
        let moved = if entry[3] == 0 { offset + shift as u32 } else { offset };
        let extent = [&moved.to_be_bytes()[..], &entry[12..16]].concat();
        content.extend(filled(&extent, times * 8));
    }
    let meta = find(&file, b"meta") - 4;
    let mut out = [&file[..iloc], &boxed(*b"iloc", &content), &file[mdat..]].concat();
    let size = (mdat - meta + shift) as u32;
    out[meta..meta + 4].copy_from_slice(&size.to_be_bytes());
    out
}
