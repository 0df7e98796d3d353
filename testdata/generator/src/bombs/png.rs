//! PNG bombs (PNG Third Edition): text, profiles, chunks, frames and flat pixels that inflate.

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};

use super::bomb::{Bomb, NEARLY_ALL, filled};
use super::jpeg::looped_exif;
use crate::encode::png::{Color, Png, SIGNATURE, chunk, ihdr, wide, zlib};
use crate::files::pictures::calm;

const MIB: usize = 1 << 20;

pub(super) fn all() -> Vec<Bomb> {
    let mut bombs = inflating();
    bombs.extend(chunks());
    bombs.extend(pixels());
    bombs
}

fn inflating() -> Vec<Bomb> {
    vec![
        Bomb::new("png_iccp_256mib.png", "accepted", "1×1 with an ICC profile that inflates to 256 MiB", || {
            with(*b"iCCP", &[&b"profile\0\0"[..], &zeros(256 * MIB)].concat())
        })
        .cheap(),
        Bomb::new("png_ztxt_256mib.png", "accepted", "1×1 with text that inflates to 256 MiB", || {
            with(*b"zTXt", &[&b"Comment\0\0"[..], &zeros(256 * MIB)].concat())
        }),
        Bomb::new("png_itxt_256mib.png", "accepted", "1×1 with XMP that inflates to 256 MiB", || {
            with(*b"iTXt", &[&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &zeros(256 * MIB)].concat())
        }),
        Bomb::new("png_raw_profiles.png", "accepted", "1000 raw profiles of Exif that inflate to 8 MiB each", || {
            let text = [&b"Raw profile type exif\0\0"[..], &zeros(8 * MIB)].concat();
            let chunk = chunk(*b"zTXt", &text);
            before_data(&filled(&chunk, 1000 * chunk.len()))
        }),
        Bomb::new("png_surplus_256mib.png", "accepted", "16×16 whose image data inflates to 256 MiB", || {
            assembled(16, 16, 2, 8, &zeros(256 * MIB))
        }),
        Bomb::new(
            "png_short_blocks.png",
            "limit_exceeded",
            "image data of 376000 blocks without data, each with 257 codes",
            || assembled(1, 1, 2, 8, &short_blocks(NEARLY_ALL)),
        ),
        Bomb::new("png_iccp_short_blocks.png", "limit_exceeded", "a profile of as many such blocks", || {
            with(*b"iCCP", &[&b"profile\0\0"[..], &short_blocks(NEARLY_ALL)].concat())
        }),
        Bomb::new("png_iccp_many.png", "accepted", "1000 profiles that inflate to 8 MiB each", || {
            let profile = chunk(*b"iCCP", &[&b"profile\0\0"[..], &zeros(8 * MIB)].concat());
            before_data(&filled(&profile, 1000 * profile.len()))
        }),
    ]
}

fn chunks() -> Vec<Bomb> {
    vec![
        Bomb::new("png_60000_texts.png", "accepted", "60000 chunks of text", || {
            before_data(&filled(&chunk(*b"tEXt", b"a\0b"), 60_000 * 15))
        }),
        Bomb::new("png_empty_idats.png", "accepted", "870000 empty IDAT chunks before the image data", || {
            before_data(&filled(&chunk(*b"IDAT", &[]), NEARLY_ALL))
        }),
        Bomb::new("png_idat_bytes.png", "accepted", "image data in chunks of one byte", || {
            let samples = wide(&calm(160, 120).samples);
            let data = zlib(&Png::new(160, 120, Color::Rgb, 8, &samples).filtered());
            let data: Vec<u8> = data.iter().flat_map(|&byte| chunk(*b"IDAT", &[byte])).collect();
            [&SIGNATURE[..], &chunk(*b"IHDR", &ihdr(160, 120, 8, 2, false)), &data, &chunk(*b"IEND", &[])].concat()
        }),
        Bomb::new("png_plte_flood.png", "accepted", "100000 palettes of a picture that has no indices", || {
            before_data(&filled(&chunk(*b"PLTE", &[1, 2, 3]), 1_500_000))
        }),
        Bomb::new("png_critical_flood.png", "unsupported", "100000 unknown chunks that must be understood", || {
            before_data(&filled(&chunk(*b"ABCD", &[]), 1_200_000))
        }),
        Bomb::new("png_frames_announced.png", "accepted", "an APNG that announces 2³¹ − 1 frames", || {
            with(*b"acTL", &[0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        }),
        Bomb::new("png_frames.png", "accepted", "an APNG of 150000 frames behind its first", || {
            let mut frame = vec![0, 0, 0, 1];
            [1u32, 1, 0, 0].iter().for_each(|v| frame.extend(v.to_be_bytes()));
            frame.extend([0, 1, 0, 10, 0, 0]);
            let png = good();
            let end = png.len() - 12;
            let frames = [chunk(*b"fcTL", &frame), chunk(*b"fdAT", &[&[0, 0, 0, 2][..], &zlib(&[0; 5])].concat())];
            let frames = frames.concat();
            [&png[..33], &chunk(*b"acTL", &[0, 2, 0x49, 0xF0, 0, 0, 0, 0]), &png[33..end]]
                .concat()
                .into_iter()
                .chain(filled(&frames, NEARLY_ALL))
                .chain(png[end..].iter().copied())
                .collect()
        }),
        Bomb::new("png_exif_loop.png", "accepted", "Exif directories that lead to each other", || {
            with(*b"eXIf", &looped_exif())
        }),
    ]
}

fn pixels() -> Vec<Bomb> {
    vec![
        Bomb::new("png_side_2e31.png", "too_many_pixels", "2³¹ − 1 pixels a side", || {
            assembled(0x7FFF_FFFF, 0x7FFF_FFFF, 6, 16, &zlib(&[0; 9]))
        }),
        Bomb::new("png_strip.png", "accepted", "32768×1", || assembled(32_768, 1, 2, 8, &zeros(32_768 * 3 + 1))),
        Bomb::new("png_column.png", "accepted", "1×32768", || assembled(1, 32_768, 2, 8, &zeros(32_768 * 4))),
        Bomb::new("png_gray1_196mp.png", "accepted", "14000×14000 of one bit", || {
            assembled(14_000, 14_000, 0, 1, &zeros(14_000 * 1751))
        }),
        Bomb::new("png_rgba16_67mp.png", "accepted", "8192×8192 of four samples of 16 bits", || {
            assembled(8192, 8192, 6, 16, &zeros(8192 * (8192 * 8 + 1)))
        }),
        Bomb::new("png_adam7_rgba16_42mp.png", "accepted", "6500×6500, interlaced, four samples of 16 bits", || {
            let header = chunk(*b"IHDR", &ihdr(6500, 6500, 16, 6, true));
            // A filter type for each row of the seven passes, of which there are less than 15 for 8 rows.
            let data = chunk(*b"IDAT", &zeros(6500 * (6500 * 8 + 2)));
            [&SIGNATURE[..], &header, &data, &chunk(*b"IEND", &[])].concat()
        }),
        Bomb::new("png_adam7_rgba16_196mp.png", "limit_exceeded", "14000×14000, interlaced, 16 bits", || {
            let header = ihdr(14_000, 14_000, 16, 6, true);
            [&SIGNATURE[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", &zeros(MIB)), &chunk(*b"IEND", &[])].concat()
        }),
        Bomb::new("png_short_data.png", "truncated", "14000×14000 and image data of 16 rows", || {
            assembled(14_000, 14_000, 6, 8, &zeros(16 * 56_001))
        }),
    ]
}

/// A zlib stream of `len` bytes: deflate blocks that hold nothing, each with codes of its own for 256 literals and the end
/// (RFC 1951 § 3.2.7), in 27 bytes.
fn short_blocks(len: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    // Lowest bit first, as numbers are stored.
    let mut number = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    // No last block, dynamic codes; 257 literals and lengths, 1 distance, 19 − 1 codes of lengths.
    [(0, 1), (2, 2), (0, 5), (0, 5), (18 - 4, 4)].into_iter().for_each(|(value, count)| number(value, count));
    // In the order 16, 17, 18, 0, 8, 7, 9, … 1: one bit for 16, two for 8, three for 9 and 1.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
        number(
            match symbol {
                16 => 1,
                8 => 2,
                1 | 9 => 3,
                _ => 0,
            },
            3,
        );
    }
    // The canonical codes of these, their first bit lowest: 16 is 0, 8 is 10, 1 is 110, 9 is 111.
    let (repeat, eight, one, nine) = ((0b0, 1), (0b01, 2), (0b011, 3), (0b111, 3));
    let mut code = |(value, count): (u32, u32)| number(value, count);
    code(eight);
    for _ in 0..42 {
        code(repeat);
        // Six times what came before.
        code((3, 2));
    }
    [eight, eight, nine, nine, one].into_iter().for_each(&mut code);
    // The end has the second code of nine bits, the last of all.
    code((0x1FF, 9));
    let eight_blocks = bits.repeat(8);
    let bytes: Vec<u8> =
        eight_blocks.chunks(8).map(|byte| (0u8..).zip(byte).map(|(at, &bit)| u8::from(bit) << at).sum()).collect();
    [&[0x78, 0x01], &filled(&bytes, len)[..]].concat()
}

fn good() -> Vec<u8> {
    Png::new(1, 1, Color::Rgb, 8, &[90, 120, 150]).encode()
}

fn with(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    before_data(&chunk(name, data))
}

fn before_data(chunks: &[u8]) -> Vec<u8> {
    let png = good();
    [&png[..33], chunks, &png[33..]].concat()
}

fn assembled(width: u32, height: u32, color: u8, depth: u8, data: &[u8]) -> Vec<u8> {
    let header = chunk(*b"IHDR", &ihdr(width, height, depth, color, false));
    [&SIGNATURE[..], &header, &chunk(*b"IDAT", data), &chunk(*b"IEND", &[])].concat()
}

/// A zlib stream of `len` zeros, made without holding them.
fn zeros(len: usize) -> Vec<u8> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(6, 15, 0));
    let mut out = Vec::new();
    let (piece, mut left) = (vec![0; MIB], len);
    while left > 0 {
        let count = left.min(MIB);
        left -= count;
        let flush = if left == 0 { TDEFLFlush::Finish } else { TDEFLFlush::None };
        compress_to_output(&mut compressor, &piece[..count], flush, |bytes| {
            out.extend_from_slice(bytes);
            true
        });
    }
    out
}
