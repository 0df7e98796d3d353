//! JPEG bombs (ITU-T T.81): scans, markers, tables, Exif directories and ICC parts.

use super::bomb::{Bomb, NEARLY_ALL, filled};
use crate::encode::jpeg::{self, Options, find_marker, scan_data, segment, with_segment};
use crate::encode::progressive::Bits;
use crate::files::pictures::picture;

pub(super) fn all() -> Vec<Bomb> {
    let mut bombs = scans();
    bombs.extend(markers());
    bombs.extend(metadata());
    bombs
}

fn scans() -> Vec<Bomb> {
    vec![
        Bomb::new("jpeg_6000_scans.jpg", "limit_exceeded", "6000 progressive scans over 4096×4096", || {
            progressive(4096, 6000)
        })
        .cheap(),
        Bomb::new("jpeg_65_full_scans.jpg", "limit_exceeded", "one scan more than 64 over all of 4096×4096", || {
            progressive(4096, 65)
        }),
        Bomb::new("jpeg_63_full_scans.jpg", "accepted", "as many scans over 4096×4096 as the limits allow", || {
            progressive(4096, 63)
        }),
        Bomb::new("jpeg_flat_64mp.jpg", "accepted", "8000×8000 in two bits a block", || sequential(8000, &flat(8000))),
        Bomb::new("jpeg_flat_196mp.jpg", "accepted", "14000×14000 in two bits a block", || {
            sequential(14_000, &flat(14_000))
        }),
        Bomb::new("jpeg_flat_progressive_100mp.jpg", "accepted", "10000×10000, progressive, in one scan", || {
            progressive(10_000, 0)
        }),
        Bomb::new(
            "jpeg_arithmetic_progressive_100mp.jpg",
            "accepted",
            "10000×10000, progressive, in arithmetic coding, which keeps whole coefficients",
            || {
                let mut jpeg = progressive(10_000, 0);
                let frame = find_marker(&jpeg, 0xC2);
                jpeg[frame + 1] = 0xCA;
                jpeg
            },
        ),
        Bomb::new("jpeg_65500.jpg", "too_many_pixels", "a frame of 65500×65500 and a kilobyte of scan", || {
            sequential(65_500, &[0; 1024])
        }),
        Bomb::new("jpeg_14000_short.jpg", "malformed", "a frame of 14000×14000 and a kilobyte of scan", || {
            sequential(14_000, &[0; 1024])
        }),
        // T.81 § D.1.8 lets an encoder leave trailing zeros out, so what is not there is zeros.
        Bomb::new("jpeg_arithmetic_short.jpg", "accepted", "arithmetic coding, 4096×4096 in a hundred bytes", || {
            let mut jpeg = sequential(4096, &[0; 100]);
            let frame = find_marker(&jpeg, 0xC0);
            jpeg[frame + 1] = 0xC9;
            jpeg
        }),
        Bomb::new("jpeg_dnl.jpg", "unsupported", "height 0, and a DNL of 65500", || {
            let mut jpeg = sequential(4096, &[0; 1024]);
            let frame = find_marker(&jpeg, 0xC0);
            jpeg[frame + 5..frame + 7].fill(0);
            let end = jpeg.len() - 2;
            [&jpeg[..end], &segment(0xDC, &[0xFF, 0xDC]), &jpeg[end..]].concat()
        }),
        Bomb::new("jpeg_long_scan.jpg", "malformed", "10 MB of scan data for 4096×4096 flat blocks", || {
            sequential(4096, &vec![0x55; NEARLY_ALL])
        }),
        Bomb::new(
            "jpeg_padded_scan.jpg",
            "accepted",
            "4096×4096 flat blocks and 10 MB of zeros, as cameras pad",
            || sequential(4096, &vec![0; NEARLY_ALL]),
        ),
        Bomb::new(
            "jpeg_zero_bits.jpg",
            "accepted",
            "a block, 27 KB of zeros that may be blocks, and a byte that is none",
            || sequential(8, &[&[0; 27_000][..], &[1]].concat()),
        ),
        Bomb::new("jpeg_restarts.jpg", "malformed", "10 MB of restart markers in place of a scan", || {
            sequential(4096, &filled(&[0xFF, 0xD0, 0xFF, 0xD1], NEARLY_ALL))
        }),
    ]
}

fn markers() -> Vec<Bomb> {
    vec![
        Bomb::new("jpeg_dht_flood.jpg", "accepted", "40000 Huffman tables before the frame", || {
            let table = segment(0xC4, &[&[0x13, 1][..], &[0; 15], &[0]].concat());
            before_frame(&filled(&table, 40_000 * table.len()))
        }),
        Bomb::new("jpeg_dqt_flood.jpg", "accepted", "40000 quantisation tables before the frame", || {
            let table = segment(0xDB, &[&[3][..], &[1; 64]].concat());
            before_frame(&filled(&table, 40_000 * table.len()))
        }),
        Bomb::new("jpeg_com_flood.jpg", "accepted", "2.6 million empty comments", || {
            before_frame(&filled(&segment(0xFE, &[]), NEARLY_ALL))
        }),
        Bomb::new("jpeg_dri_flood.jpg", "accepted", "1.7 million restart intervals, the last of them 0", || {
            before_frame(&filled(&segment(0xDD, &[0, 0]), NEARLY_ALL))
        }),
        Bomb::new("jpeg_fill_bytes.jpg", "accepted", "10 MB of fill bytes before a marker", || {
            before_frame(&vec![0xFF; NEARLY_ALL])
        }),
        Bomb::new("jpeg_255_components.jpg", "unsupported", "a frame of 255 components", || {
            let mut frame = vec![8, 16, 0, 16, 0, 255];
            (0..255).for_each(|id| frame.extend([id, 0x44, 0]));
            let jpeg = good();
            let at = find_marker(&jpeg, 0xC0);
            [&jpeg[..at], &segment(0xC0, &frame), &jpeg[scan_data(&jpeg)..]].concat()
        }),
        Bomb::new("jpeg_many_images.jpg", "accepted", "100 copies of a picture behind the first", || {
            good().repeat(100)
        }),
        Bomb::new("jpeg_trailing.jpg", "accepted", "10 MB behind the picture", || {
            [good(), vec![0xA5; NEARLY_ALL]].concat()
        }),
    ]
}

fn metadata() -> Vec<Bomb> {
    vec![
        Bomb::new("jpeg_icc_parts_missing.jpg", "accepted", "150 of 255 ICC parts of 64 KB", || {
            before_frame(&(1..=150).flat_map(|part| icc_part(part, 255, 65_000)).collect::<Vec<u8>>())
        }),
        Bomb::new("jpeg_icc_parts_twice.jpg", "accepted", "the same two ICC parts 75 times", || {
            before_frame(&(0..150).flat_map(|i| icc_part(i % 2 + 1, 2, 65_000)).collect::<Vec<u8>>())
        }),
        Bomb::new("jpeg_icc_large.jpg", "accepted", "an ICC profile of 9 MB, whole", || {
            before_frame(&(1..=140).flat_map(|part| icc_part(part, 140, 65_000)).collect::<Vec<u8>>())
        }),
        Bomb::new("jpeg_exif_loop.jpg", "accepted", "Exif directories that lead to each other", || {
            with_segment(&good(), 0xE1, &[b"Exif\0\0", &looped_exif()[..]].concat())
        }),
        Bomb::new("jpeg_exif_count.jpg", "accepted", "an Exif entry of 2³² − 1 values at 2³² − 16", || {
            let entry = [&[0x12, 1, 3, 0][..], &[0xFF; 4], &[0xF0, 0xFF, 0xFF, 0xFF], &[0; 4]].concat();
            let tiff = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry].concat();
            with_segment(&good(), 0xE1, &[&b"Exif\0\0"[..], &tiff].concat())
        }),
        Bomb::new("jpeg_exif_flood.jpg", "accepted", "160 Exif blocks of 5400 entries each", || {
            let tiff =
                [&b"II*\0\x08\0\0\0\x18\x15"[..], &filled(&[0x99, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], 64_800)].concat();
            before_frame(&filled(&segment(0xE1, &[&b"Exif\0\0"[..], &tiff].concat()), NEARLY_ALL))
        }),
    ]
}

/// A TIFF structure whose Exif directory and next directory are the first one.
pub(super) fn looped_exif() -> Vec<u8> {
    let pointer = [0x69, 0x87, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x01\0"[..], &pointer, &[8, 0, 0, 0]].concat()
}

pub(super) fn good() -> Vec<u8> {
    jpeg::rgb(&picture(64, 48), &Options::default())
}

fn before_frame(segments: &[u8]) -> Vec<u8> {
    let jpeg = good();
    [&jpeg[..2], segments, &jpeg[2..]].concat()
}

fn icc_part(number: u8, of: u8, len: usize) -> Vec<u8> {
    segment(0xE2, &[&b"ICC_PROFILE\0"[..], &[number, of], &vec![0x5A; len]].concat())
}

/// Gray, of `side` × `side`, with tables that have a zero difference and the end of a block as their only codes.
fn sequential(side: u16, scan: &[u8]) -> Vec<u8> {
    let table = |id: u8| segment(0xC4, &[&[id, 1][..], &[0; 15], &[0]].concat());
    let header = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    [&start(0xC0, side)[..], &table(0), &table(0x10), &header, scan, &[0xFF, 0xD9]].concat()
}

/// Zero bits: a zero difference and the end of the block, for every block.
fn flat(side: usize) -> Vec<u8> {
    let blocks = side.div_ceil(8) * side.div_ceil(8);
    let mut scan = vec![0; blocks / 4];
    if !blocks.is_multiple_of(4) {
        scan.push(0xFF >> (blocks % 4 * 2));
    }
    scan
}

/// Gray and progressive: a scan of zero differences, then `scans` of coefficients that are zero in all blocks.
fn progressive(side: u16, scans: usize) -> Vec<u8> {
    let blocks = usize::from(side).div_ceil(8).pow(2);
    let differences = segment(0xC4, &[&[0, 1][..], &[0; 15], &[0]].concat());
    let mut bits = Bits::default();
    (0..blocks).for_each(|_| bits.put(0, 1));
    let mut jpeg = [start(0xC2, side), differences, segment(0xDA, &[1, 1, 0, 0, 0, 0]), bits.finish()].concat();
    // Runs of 32767 blocks without a coefficient, then of one: codes 0 and 10.
    jpeg.extend(segment(0xC4, &[&[0x10, 1, 1][..], &[0; 14], &[0xE0, 0]].concat()));
    let mut bits = Bits::default();
    (0..blocks / 0x7FFF).for_each(|_| {
        bits.put(0, 1);
        bits.put(0x3FFF, 14);
    });
    (0..blocks % 0x7FFF).for_each(|_| bits.put(2, 2));
    let scan = [segment(0xDA, &[1, 1, 0, 1, 63, 0]), bits.finish()].concat();
    jpeg.extend(filled(&scan, scans * scan.len()));
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

fn start(frame: u8, side: u16) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    let quantizers = segment(0xDB, &[&[0][..], &[1; 64]].concat());
    [&[0xFF, 0xD8][..], &quantizers, &segment(frame, &[8, high, low, high, low, 1, 1, 0x11, 0])].concat()
}
