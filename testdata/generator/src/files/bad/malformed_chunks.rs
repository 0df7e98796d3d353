//! PNGs, GIFs and WebPs that violate their specifications.

use super::valid::{file, find, good_png, patched};
use crate::catalogue::Entry;
use crate::encode::gif::{self, Picture};
use crate::encode::png::{Color, Png, SIGNATURE, chunk, ihdr, wide, zlib};
use crate::encode::webp;
use crate::files::pictures::{calm, picture};

pub(super) fn all() -> Vec<Entry> {
    let mut entries = pngs();
    entries.extend(gifs());
    entries.extend(webps());
    entries
}

fn named(name: &str, shows: &str, bytes: fn() -> Vec<u8>) -> Entry {
    file("malformed", name, shows, bytes)
}

fn pngs() -> Vec<Entry> {
    vec![
        named("png_crc.png", "a wrong CRC in IDAT", || {
            let png = good_png();
            let crc = png.len() - 16;
            let wrong = png[crc] ^ 0x55;
            patched(png, crc, &[wrong])
        }),
        named("png_adler.png", "a wrong Adler-32 in the zlib stream, the CRC right", || {
            let mut data = zlib(&filtered());
            let last = data.len() - 1;
            data[last] ^= 0x55;
            assembled(&ihdr(160, 120, 8, 2, false), &data)
        }),
        named("png_depth_3.png", "bit depth 3", || assembled(&ihdr(160, 120, 3, 2, false), &zlib(&filtered()))),
        named("png_rgb_depth_4.png", "4-bit RGB, which does not exist", || {
            assembled(&ihdr(160, 120, 4, 2, false), &zlib(&filtered()))
        }),
        named("png_filter_7.png", "a row with filter type 7", || {
            let mut rows = filtered();
            rows[481 * 60] = 7;
            assembled(&ihdr(160, 120, 8, 2, false), &zlib(&rows))
        }),
        named("png_width_0.png", "width 0", || assembled(&ihdr(0, 120, 8, 2, false), &zlib(&filtered()))),
        named("png_no_idat.png", "no image data", || {
            [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(160, 120, 8, 2, false)), &chunk(*b"IEND", &[])].concat()
        }),
        named("png_palette_missing.png", "palette colour without PLTE", || {
            Png::new(64, 48, Color::Palette, 8, &vec![1; 64 * 48]).encode()
        }),
        named("png_idat_apart.png", "tIME between two chunks of image data", || {
            let data = zlib(&filtered());
            let (a, b) = data.split_at(data.len() / 2);
            let time = chunk(*b"tIME", &[7, 232, 1, 2, 3, 4, 5]);
            let data = [chunk(*b"IDAT", a), time, chunk(*b"IDAT", b)].concat();
            [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(160, 120, 8, 2, false)), &data, &chunk(*b"IEND", &[])].concat()
        }),
        named("png_dictionary.png", "image data with a preset dictionary, the CRC right", || {
            let mut data = zlib(&filtered());
            data[..2].copy_from_slice(&[0x78, 0xBB]);
            assembled(&ihdr(160, 120, 8, 2, false), &data)
        }),
        named("png_palette_twice.png", "two palettes, which indices name", || {
            let png = Png::new(64, 48, Color::Palette, 8, &[1; 64 * 48]).with(*b"PLTE", [9; 6]);
            png.with(*b"PLTE", [7; 6]).encode()
        }),
        named("png_deflate.png", "image data that is no deflate stream, the CRC right", || {
            let mut data = zlib(&filtered());
            data[2..40].fill(0xFF);
            assembled(&ihdr(160, 120, 8, 2, false), &data)
        }),
    ]
}

fn filtered() -> Vec<u8> {
    Png::new(160, 120, Color::Rgb, 8, &wide(&calm(160, 120).samples)).filtered()
}

fn assembled(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&SIGNATURE[..], &chunk(*b"IHDR", header), &chunk(*b"IDAT", data), &chunk(*b"IEND", &[])].concat()
}

fn gifs() -> Vec<Entry> {
    vec![
        named("gif_min_code_size_13.gif", "LZW minimum code size 13", || patched(good_gif(), lzw_start(), &[13])),
        named("gif_code_beyond_table.gif", "an LZW code beyond the table", || {
            patched(good_gif(), lzw_start() + 2, &[0xFF; 24])
        }),
        named("gif_min_code_size_12.gif", "LZW minimum code size 12, for which no code is left", || {
            patched(good_gif(), lzw_start(), &[12])
        }),
        named("gif_block_type.gif", "a block of unknown type before the frame", || {
            let gif = good_gif();
            [&gif[..13 + 768], &[0x99], &gif[13 + 768..]].concat()
        }),
    ]
}

fn good_gif() -> Vec<u8> {
    let frame = Picture { width: 160, height: 120, indices: gif::dithered(&calm(160, 120)), ..Picture::default() };
    gif::encode(160, 120, &gif::cube(), &[frame])
}

/// Header, global palette, graphic control extension, image descriptor.
fn lzw_start() -> usize {
    13 + 768 + 8 + 10
}

fn webps() -> Vec<Entry> {
    vec![
        named("webp_canvas.webp", "a VP8X canvas that is not the picture's size", || {
            let chunks = webp::image_chunks(&webp::lossy(&picture(160, 120), 80.0));
            webp::extended(0, 480, 360, &chunks)
        }),
        named("webp_start_code.webp", "a VP8 frame with a wrong start code", || {
            let webp = webp::lossy(&picture(160, 120), 80.0);
            let start = find(&webp, &[0x9D, 0x01, 0x2A]);
            patched(webp, start, &[0x9D, 0x01, 0x2B])
        }),
        named("webp_partition.webp", "a VP8 first partition longer than the chunk", || {
            let webp = webp::lossy(&picture(160, 120), 80.0);
            let tag = find(&webp, &[0x9D, 0x01, 0x2A]) - 3;
            let low = webp[tag] | 0xE0;
            patched(webp, tag, &[low, 0xFF, 0x7F])
        }),
        named("webp_vp8l_signature.webp", "a VP8L picture with a wrong signature", || {
            let webp = webp::lossless(&calm(160, 120));
            let start = find(&webp, b"VP8L") + 8;
            patched(webp, start, &[0x2E])
        }),
        named("webp_vp8l_codes.webp", "a VP8L picture whose prefix codes are noise", || {
            let webp = webp::lossless(&calm(160, 120));
            let start = find(&webp, b"VP8L") + 8 + 5;
            patched(webp, start, &[0xFF; 64])
        }),
    ]
}
