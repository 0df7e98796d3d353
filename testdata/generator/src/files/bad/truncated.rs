//! Valid files that end too early.

use super::{file, good_heic, good_jpeg, good_png, three_scans};
use crate::catalogue::Entry;
use crate::encode::gif::{self, Picture};
use crate::encode::heif::{Heif, nclx};
use crate::encode::hevc::Coding;
use crate::encode::jpeg::scan_data;
use crate::encode::progressive::{encode_420, usual_script};
use crate::encode::webp;
use crate::files::heic::tiles;
use crate::files::{calm, picture};

pub(super) fn all() -> Vec<Entry> {
    let cut = |name: &str, shows: &str, whole: fn() -> Vec<u8>| {
        file("truncated", name, &format!("{shows}, cut at 60 %"), move || {
            let mut bytes = whole();
            bytes.truncate(bytes.len() * 6 / 10);
            bytes
        })
    };
    let named = |name: &str, shows: &str, bytes: fn() -> Vec<u8>| file("truncated", name, shows, bytes);
    vec![
        cut("jpeg.jpg", "baseline JPEG", good_jpeg),
        cut("jpeg_progressive.jpg", "progressive JPEG", || encode_420(&picture(160, 120), 85, &usual_script())),
        cut("png.png", "PNG", good_png),
        cut("gif.gif", "GIF", || {
            let frame =
                Picture { width: 160, height: 120, indices: gif::dithered(&calm(160, 120)), ..Picture::default() };
            gif::encode(160, 120, &gif::cube(), &[frame])
        }),
        cut("webp_lossy.webp", "lossy WebP", || webp::lossy(&picture(160, 120), 80.0)),
        cut("webp_lossless.webp", "lossless WebP", || webp::lossless(&calm(160, 120))),
        cut("heic.heic", "HEIC", || good_heic().encode()),
        cut("heic_grid.heic", "HEIC grid", || {
            let tiles = tiles(&picture(256, 256), 2, 2, 128, Coding::default());
            Heif::grid(&tiles, 2, (256, 256), &[nclx([1, 13, 6], true)]).encode()
        }),
        named("jpeg_header.jpg", "a JPEG that ends after its headers", || {
            let jpeg = good_jpeg();
            jpeg[..scan_data(&jpeg)].to_vec()
        }),
        named("jpeg_in_segment.jpg", "a JPEG that ends within a segment", || good_jpeg()[..60].to_vec()),
        named("jpeg_progressive_unrefined.jpg", "a progressive JPEG without its last scan and EOI", || {
            let mut script = usual_script();
            script.pop();
            let jpeg = encode_420(&picture(160, 120), 85, &script);
            jpeg[..jpeg.len() - 2].to_vec()
        }),
        named("jpeg_two_of_three_scans.jpg", "a JPEG of three scans without the last", || {
            let jpeg = three_scans();
            let last = jpeg.windows(2).rposition(|marker| marker == [0xFF, 0xDA]).expect("it has three scans");
            [&jpeg[..last], &[0xFF, 0xD9]].concat()
        }),
        named("png_header.png", "a PNG that ends after IHDR", || good_png()[..33].to_vec()),
        named("png_no_iend.png", "a PNG without IEND", || {
            let png = good_png();
            png[..png.len() - 12].to_vec()
        }),
        named("heic_meta.heic", "a HEIC that ends within its meta box", || good_heic().encode()[..120].to_vec()),
    ]
}
