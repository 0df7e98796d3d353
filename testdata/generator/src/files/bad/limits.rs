//! Small files that declare large pictures or much work.

use super::valid::{file, find, good_heic, good_jpeg, good_png, patched};
use crate::catalogue::Entry;
use crate::encode::boxes::{boxed, ispe, nclx, pixi8};
use crate::encode::gif::{self, Picture};
use crate::encode::heif::{Heif, Item, grid_payload};
use crate::encode::hevc::{self, HevcCoding, HevcSource};
use crate::encode::jpeg::find_marker;
use crate::encode::png::{SIGNATURE, chunk, ihdr};
use crate::encode::progressive::{encode_420, endless_script};
use crate::encode::{vp8l, webp};
use crate::files::pictures::{calm, picture};
use crate::raster::Rgb;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = too_many_pixels();
    entries.extend(limit_exceeded());
    entries
}

fn too_many_pixels() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("too_many_pixels", name, shows, bytes);
    vec![
        named("png_40000x40000.png", "an IHDR of 40000×40000", || {
            let png = good_png();
            [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(40000, 40000, 8, 2, false)), &png[33..]].concat()
        }),
        named("png_long.png", "an IHDR of 100000×1: few pixels, a side too long", || {
            let png = good_png();
            [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(100_000, 1, 8, 2, false)), &png[33..]].concat()
        }),
        named("jpeg_65500x65500.jpg", "a frame header of 65500×65500", || {
            let jpeg = good_jpeg();
            let frame = find_marker(&jpeg, 0xC0);
            patched(jpeg, frame + 5, &[0xFF, 0xDC, 0xFF, 0xDC])
        }),
        named("gif_65535x65535.gif", "a canvas of 65535×65535 with a small frame", || {
            let frame =
                Picture { width: 160, height: 120, indices: gif::dithered(&calm(160, 120)), ..Picture::default() };
            gif::encode(65535, 65535, &gif::cube(), &[frame])
        }),
        named("webp_canvas.webp", "a canvas of 16777216×255", || {
            let small = calm(64, 48);
            let frame = webp::anmf(0, 0, &small, &webp::lossy(&small, 70.0));
            webp::extended(webp::ANIMATION, 1 << 24, 255, &[webp::anim(), frame])
        }),
        named("heic_ispe.heic", "a picture with ispe 100000×100000", || {
            let mut heif = good_heic();
            heif.items[0].properties[1] = ispe(100_000, 100_000);
            heif.encode()
        }),
        named("heic_grid.heic", "a grid of 200000×150000", || {
            let mut heif = Heif::grid(&vec![plate(); 4], 2, (128, 128), &[nclx([1, 13, 6], true)]);
            heif.items[4].data = grid_payload(2, 2, 200_000, 150_000);
            heif.items[4].properties[0] = ispe(200_000, 150_000);
            heif.encode()
        }),
    ]
}

fn limit_exceeded() -> Vec<Entry> {
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("limit_exceeded", name, shows, bytes);
    vec![
        named("jpeg_757_scans.jpg", "a legal progressive JPEG of 757 scans", || {
            encode_420(&picture(48, 32), 50, &endless_script())
        }),
        named("heic_2000_items.heic", "2000 items", || {
            let mut heif = good_heic();
            let item =
                || Item { kind: *b"Exif", hidden: true, properties: Vec::new(), data: vec![0; 4], in_idat: false };
            (1..2000).for_each(|_| heif.items.push(item()));
            heif.encode()
        }),
        named("heic_3600_tiles.heic", "a grid of 60×60 tiles, all of them the same four items", || {
            let mut heif = Heif::grid(&vec![plate(); 4], 2, (3840, 3840), &[nclx([1, 13, 6], true)]);
            heif.items[4].data = grid_payload(60, 60, 3840, 3840);
            heif.references[0].2 = (0..3600).map(|i| i % 4 + 1).collect();
            heif.encode()
        }),
        named("heic_3600_tile_items.heic", "a grid of 60×60 tiles, each an item", || {
            let tiles = vec![plate(); 3600];
            Heif::grid(&tiles, 60, (3840, 3840), &[nclx([1, 13, 6], true)]).encode()
        }),
        named("heic_deep_boxes.heic", "boxes nested 200 deep in iprp", || {
            let mut heif = good_heic();
            heif.extra = (0..200).fold(Vec::new(), |inner, _| boxed(*b"iprp", &inner));
            heif.encode()
        }),
        named("heic_deep_derivation.heic", "identity derivations 40 deep", || {
            let mut heif = good_heic();
            for _ in 0..40 {
                let properties = vec![ispe(160, 120), pixi8()];
                let id = heif.add(Item { kind: *b"iden", hidden: false, properties, data: Vec::new(), in_idat: false });
                heif.references.push((*b"dimg", id, vec![id - 1]));
                heif.primary = id;
            }
            heif.encode()
        }),
        named("heic_extents.heic", "an item in 5000 extents", extents),
        named("webp_groups.webp", "a VP8L picture of 8×8 in 65536 groups of prefix codes", || {
            vp8l::groups(8, 65_536, 0)
        }),
    ]
}

fn plate() -> hevc::Picture {
    let plate = Rgb::from_fn(64, 64, |_, _| [90, 120, 150]);
    hevc::encode(&HevcSource::from(&plate), &HevcCoding { qp: 40, ..HevcCoding::default() })
}

/// The one item's data as many extents, by rewriting the last box of meta.
fn extents() -> Vec<u8> {
    let heic = good_heic().encode();
    let (iloc, mdat) = (find(&heic, b"iloc") - 4, find(&heic, b"mdat") - 4);
    let mut meta = heic[..iloc].to_vec();
    let length = (heic.len() - mdat - 8).min(5000);
    let payload = iloc + 16 + 6 + 2 + 8 * length + 8;
    let mut content = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0];
    content.extend((length as u16).to_be_bytes());
    for extent in 0..length {
        let size = if extent + 1 == length { heic.len() - mdat - 8 - extent } else { 1 };
        content.extend((payload as u32 + extent as u32).to_be_bytes());
        content.extend((size as u32).to_be_bytes());
    }
    meta.extend(boxed(*b"iloc", &content));
    let start = find(&meta, b"meta") - 4;
    let size = ((meta.len() - start) as u32).to_be_bytes();
    [&patched(meta, start, &size)[..], &heic[mdat..]].concat()
}
