//! Valid files that end too early.

use super::valid::{file, good_heic, good_jpeg, good_png, three_scans};
use crate::catalogue::Entry;
use crate::encode::boxes::nclx;
use crate::encode::gif::{self, Picture};
use crate::encode::heif::Heif;
use crate::encode::hevc::HevcCoding;
use crate::encode::jpeg::scan_data;
use crate::encode::png::{Color, Png, SIGNATURE, chunk, ihdr, wide, zlib};
use crate::encode::progressive::{encode_420, usual_script};
use crate::encode::webp;
use crate::files::heic::tiles;
use crate::files::pictures::{calm, picture};

pub(super) fn all() -> Vec<Entry> {
    let mut entries = cuts();
    entries.extend(jpegs());
    entries.extend(others());
    entries
}

fn named(name: &str, shows: &str, bytes: fn() -> Vec<u8>) -> Entry {
    file("truncated", name, shows, bytes)
}

/// One file of each kind, cut at 60 % of its bytes.
fn cuts() -> Vec<Entry> {
    let cut = |name: &str, shows: &str, whole: fn() -> Vec<u8>| {
        file("truncated", name, &format!("{shows}, cut at 60 %"), move || {
            let mut bytes = whole();
            bytes.truncate(bytes.len() * 6 / 10);
            bytes
        })
    };
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
            let tiles = tiles(&picture(256, 256), 2, 2, 128, HevcCoding::default());
            Heif::grid(&tiles, 2, (256, 256), &[nclx([1, 13, 6], true)]).encode()
        }),
    ]
}

/// JPEGs that end in one of their segments, or whose last scans are missing or zeros.
fn jpegs() -> Vec<Entry> {
    vec![
        named("jpeg_header.jpg", "a JPEG that ends after its headers", || {
            let jpeg = good_jpeg();
            jpeg[..scan_data(&jpeg)].to_vec()
        }),
        named("jpeg_in_segment.jpg", "a JPEG that ends within a segment", || good_jpeg()[..60].to_vec()),
        named(
            "jpeg_zero_filled.jpg",
            "a JPEG whose last 40 % are zeros, as a transfer that broke off leaves them",
            || {
                let mut jpeg = good_jpeg();
                let kept = jpeg.len() * 6 / 10;
                jpeg[kept..].fill(0);
                jpeg
            },
        ),
        named("jpeg_zero_filled_far.jpg", "a JPEG whose last 40 % are zeros, and more of them behind", || {
            let mut jpeg = good_jpeg();
            jpeg.truncate(jpeg.len() * 6 / 10);
            jpeg.resize(60_000, 0);
            jpeg
        }),
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
    ]
}

/// PNGs, GIFs and a HEIC that end within one of their parts.
fn others() -> Vec<Entry> {
    vec![
        named("png_header.png", "a PNG that ends after IHDR", || good_png()[..33].to_vec()),
        named("png_no_adler.png", "a PNG whose image data ends before its Adler-32, all CRCs right", || {
            without_adler(4)
        }),
        named("png_adler_cut.png", "a PNG whose Adler-32 has two bytes, all CRCs right", || without_adler(2)),
        named("png_idat_crc_cut.png", "a PNG that ends within the CRC of its image data", || {
            let png = good_png();
            png[..png.len() - 14].to_vec()
        }),
        named("png_short.png", "a PNG of 119 rows of 120, the checksums right", || {
            let rows = Png::new(160, 119, Color::Rgb, 8, &wide(&calm(160, 119).samples)).filtered();
            assembled(&zlib(&rows))
        }),
        named("gif_last_code.gif", "a GIF that ends before its last code", || {
            let gif = dithered_gif(120);
            gif[..gif.len() - 5].to_vec()
        }),
        named("gif_codes_go_on.gif", "a GIF that ends with codes of a row that its frame does not have", || {
            let mut gif = dithered_gif(121);
            // The heights of the screen and of the frame behind the table of 256 colours; the terminator and the
            // trailer.
            (gif[8], gif[13 + 3 * 256 + 8 + 7]) = (120, 120);
            gif[..gif.len() - 2].to_vec()
        }),
        named("heic_meta.heic", "a HEIC that ends within its meta box", || good_heic().encode()[..120].to_vec()),
    ]
}

fn dithered_gif(height: u32) -> Vec<u8> {
    let frame = Picture { width: 160, height, indices: gif::dithered(&calm(160, height)), ..Picture::default() };
    gif::encode(160, height, &gif::cube(), &[frame])
}

/// A PNG whose image data lacks its last bytes.
fn without_adler(missing: usize) -> Vec<u8> {
    let data = zlib(&Png::new(160, 120, Color::Rgb, 8, &wide(&calm(160, 120).samples)).filtered());
    assembled(&data[..data.len() - missing])
}

fn assembled(data: &[u8]) -> Vec<u8> {
    let header = chunk(*b"IHDR", &ihdr(160, 120, 8, Color::Rgb as u8, false));
    [&SIGNATURE[..], &header, &chunk(*b"IDAT", data), &chunk(*b"IEND", &[])].concat()
}
