//! Unusual but legal PNGs, and PNGs with damage outside the picture's data. Each is in a group of `same/` together with
//! the plain file.

use super::pictures::calm;
use crate::catalogue::Entry;
use crate::encode::png::{Chunk, Color, Png, SIGNATURE, chunk, ihdr, wide, zlib};
use crate::metadata::exif::Exif;
use crate::metadata::xmp;

pub(super) const W: u32 = 64;
pub(super) const H: u32 = 48;

pub(super) fn all() -> Vec<Entry> {
    let mut entries = endings();
    entries.extend(image_data());
    entries.extend(other_chunks());
    entries.extend(raw_profiles());
    entries
}

pub(super) fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    let group = name.split('_').next().unwrap_or(name);
    Entry::new(format!("same/{name}.png"), format!("group {group}, {shows}"), make)
}

fn samples() -> Vec<u16> {
    wide(&calm(W, H).samples)
}

fn picture() -> Vec<u8> {
    Png::new(W, H, Color::Rgb, 8, &samples()).encode()
}

fn filtered() -> Vec<u8> {
    Png::new(W, H, Color::Rgb, 8, &samples()).filtered()
}

fn iend() -> Vec<u8> {
    chunk(*b"IEND", &[])
}

/// The picture with its image data in these chunks, and these bytes behind them.
fn with_data<'a>(parts: impl IntoIterator<Item = &'a [u8]>, after: &[u8]) -> Vec<u8> {
    let header = chunk(*b"IHDR", &ihdr(W, H, 8, Color::Rgb as u8, false));
    let data: Vec<u8> = parts.into_iter().flat_map(|part| chunk(*b"IDAT", part)).collect();
    [&SIGNATURE[..], &header, &data, after].concat()
}

fn without_iend() -> Vec<u8> {
    with_data([&zlib(&filtered())[..]], &[])
}

fn endings() -> Vec<Entry> {
    let ended = |end: fn() -> Vec<u8>| move || [without_iend(), end()].concat();
    vec![
        file("whole_control", "the plain file", picture),
        file("whole_no_iend", "without IEND", without_iend),
        file("whole_iend_crc", "with a wrong CRC in IEND", ended(|| b"\0\0\0\0IEND\xAE\x42\x60\x83".to_vec())),
        file("whole_iend_cut", "with an IEND that is cut", ended(|| b"\0\0\0\0IEND\xAE".to_vec())),
        file("whole_iend_no_crc", "with an IEND without CRC", ended(|| b"\0\0\0\0IEND".to_vec())),
        file("whole_iend_data", "with data in IEND", ended(|| chunk(*b"IEND", b"end"))),
        file("whole_junk", "with text in place of IEND", ended(|| b"\r\n--boundary--\r\n".to_vec())),
        file("whole_zeros", "with zero bytes in place of IEND", ended(|| vec![0; 700])),
        file("whole_trailing", "with an archive behind IEND", ended(|| [&iend(), &b"PK\x03\x04"[..]].concat())),
        file(
            "whole_palette_behind",
            "with a palette of 4 bytes behind the image data",
            ended(|| [chunk(*b"PLTE", &[1, 2, 3, 4]), iend()].concat()),
        ),
        file(
            "whole_idat_behind",
            "with a cut chunk of image data behind the checksum",
            ended(|| b"\0\0\x10\0IDAT\x01\x02\x03".to_vec()),
        ),
        file("whole_apng_no_iend", "an animation without IEND", || animated(true, &[])),
        file("whole_apng_apart", "an animation of which the default image is no frame", || animated(false, &iend())),
    ]
}

/// The picture with an animation of two frames of one pixel, the first of them the picture itself or not.
fn animated(is_frame: bool, after: &[u8]) -> Vec<u8> {
    let control = |sequence: u32, width: u32, height: u32| {
        let head: Vec<u8> = [sequence, width, height, 0, 0].iter().flat_map(|v| v.to_be_bytes()).collect();
        chunk(*b"fcTL", &[&head[..], &[0, 20, 0, 100, 0, 0]].concat())
    };
    let plate = |sequence: u32| {
        let row = Png::new(1, 1, Color::Rgb, 8, &[220, 40, 40]).filtered();
        chunk(*b"fdAT", &[&sequence.to_be_bytes()[..], &zlib(&row)].concat())
    };
    let announced = chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let first = if is_frame { control(0, W, H) } else { Vec::new() };
    let others = if is_frame {
        [control(1, 1, 1), plate(2)].concat()
    } else {
        [control(0, 1, 1), plate(1), control(2, 1, 1), plate(3)].concat()
    };
    let png = without_iend();
    [&png[..33], &announced, &first, &png[33..], &others, after].concat()
}

fn image_data() -> Vec<Entry> {
    vec![
        file("whole_adler_apart", "with the Adler-32 in a chunk of its own", || {
            let data = zlib(&filtered());
            let (deflated, adler) = data.split_at(data.len() - 4);
            with_data([deflated, adler], &iend())
        }),
        file("whole_adler_bytes", "with each byte of the Adler-32 in a chunk of its own, and no IEND", || {
            let data = zlib(&filtered());
            let (deflated, adler) = data.split_at(data.len() - 4);
            with_data([deflated].into_iter().chain(adler.chunks(1)), &[])
        }),
        file("whole_data_bytes", "with image data in chunks of one byte, empty ones between them", || {
            let data = zlib(&filtered());
            with_data(data.chunks(1).flat_map(|byte| [byte, &[]]), &iend())
        }),
        file("whole_surplus", "with two rows more than the picture has", || {
            let rows = [filtered(), vec![0; 2 * (W as usize * 3 + 1)]].concat();
            with_data([&zlib(&rows)[..]], &iend())
        }),
        file("whole_stored", "with image data that is not compressed, in blocks of 999 bytes", || {
            with_data([&stored(&filtered(), 0x7801)[..]], &iend())
        }),
        file("whole_window", "with image data of a window of 256 bytes", || {
            with_data([&stored(&filtered(), 0x081D)[..]], &iend())
        }),
        file("whole_filters", "with every filter in turn, Paeth in the first row", || {
            with_data(
                [&zlib(&Png::new(W, H, Color::Rgb, 8, &samples()).filtered_by(|y| [4, 2, 3, 1, 0][y % 5]))[..]],
                &iend(),
            )
        }),
        file("whole_adam7_filters", "interlaced, with the first rows of passes filtered by Up and Paeth", || {
            let samples = samples();
            let png = Png { interlaced: true, ..Png::new(W, H, Color::Rgb, 8, &samples) };
            let header = chunk(*b"IHDR", &ihdr(W, H, 8, Color::Rgb as u8, true));
            let data = zlib(&png.filtered_by(|y| [2, 4, 3][y % 3]));
            [&SIGNATURE[..], &header, &chunk(*b"IDAT", &data), &iend()].concat()
        }),
    ]
}

/// A zlib stream of stored blocks behind a header of two bytes.
fn stored(data: &[u8], header: u16) -> Vec<u8> {
    let mut out = header.to_be_bytes().to_vec();
    let blocks = data.chunks(999);
    let last = blocks.len() - 1;
    for (i, block) in blocks.enumerate() {
        let len = block.len() as u16;
        out.push(u8::from(i == last));
        out.extend([len.to_le_bytes(), (!len).to_le_bytes()].concat());
        out.extend(block);
    }
    let zlib = zlib(data);
    out.extend(&zlib[zlib.len() - 4..]);
    out
}

fn other_chunks() -> Vec<Entry> {
    let with = |chunks: fn() -> Vec<Chunk>| {
        move || {
            let samples = samples();
            Png { before: chunks(), ..Png::new(W, H, Color::Rgb, 8, &samples) }.encode()
        }
    };
    let damaged = |name: [u8; 4], data: &[u8]| {
        let mut chunk = chunk(name, data);
        let last = chunk.len() - 1;
        chunk[last] ^= 1;
        let png = picture();
        [&png[..33], &chunk, &png[33..]].concat()
    };
    vec![
        file("whole_palette_empty", "with an empty suggested palette", with(|| vec![(*b"PLTE", Vec::new())])),
        file("whole_palette_4_bytes", "with a suggested palette of 4 bytes", with(|| vec![(*b"PLTE", vec![9; 4])])),
        file(
            "whole_palette_twice",
            "with two suggested palettes",
            with(|| vec![(*b"PLTE", vec![9; 3]), (*b"PLTE", vec![7; 6])]),
        ),
        file("whole_palette_crc", "with a wrong CRC in a suggested palette", move || damaged(*b"PLTE", &[1, 2, 3])),
        file("whole_gama_0", "with a gAMA of 0", with(|| vec![(*b"gAMA", vec![0; 4])])),
        file("whole_gama_crc", "with a wrong CRC in gAMA", move || damaged(*b"gAMA", &55_556u32.to_be_bytes())),
        file(
            "whole_ancillary",
            "with sBIT, sPLT, hIST without PLTE, pHYs, tIME, bKGD, oFFs and a private chunk",
            with(|| {
                vec![
                    (*b"sBIT", vec![5, 6, 5]),
                    (*b"sPLT", b"name\0\x08\x01\x02\x03\x04\0\x05".to_vec()),
                    (*b"hIST", vec![0, 1, 0, 2]),
                    (*b"pHYs", vec![0, 0, 11, 19, 0, 0, 11, 19, 1]),
                    (*b"tIME", vec![7, 232, 2, 30, 25, 61, 61]),
                    (*b"bKGD", vec![0, 1, 0, 2, 0, 3]),
                    (*b"oFFs", vec![0, 0, 0, 9, 0, 0, 0, 9, 0]),
                    (*b"prVt", vec![0xA5; 5000]),
                ]
            }),
        ),
        file(
            "whole_texts",
            "with text without a keyword, without its zero byte, and with a keyword of 200 bytes",
            with(|| {
                vec![
                    (*b"tEXt", b"\0text".to_vec()),
                    (*b"tEXt", b"no zero byte".to_vec()),
                    (*b"zTXt", [&[b'k'; 200][..], b"\0\0no zlib"].concat()),
                    (*b"iTXt", b"Title\0\x02\x07".to_vec()),
                ]
            }),
        ),
    ]
}

/// The picture that orientation 6 turns upright.
fn turned(chunks: impl Fn() -> (Vec<Chunk>, Vec<Chunk>)) -> Vec<u8> {
    let stored = calm(W, H).stored_for(6);
    let (before, after) = chunks();
    let samples = wide(&stored.samples);
    Png { before, after, ..Png::new(stored.width, stored.height, Color::Rgb, 8, &samples) }.encode()
}

fn tiff(orientation: u16) -> Vec<u8> {
    Exif { big_endian: true, private: true, ..Exif::oriented(orientation) }.tiff()
}

/// The orientation alone: short enough that a file cut by a twentieth ends within its image data, where it is refused.
fn small_tiff(orientation: u16) -> Vec<u8> {
    Exif::oriented(orientation).tiff()
}

/// The text of a raw profile: its name, its length and its bytes in hexadecimal digits.
fn raw(name: &str, bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<String> = digits.chunks(36).map(<[String]>::concat).collect();
    format!("\n{name}\n{:8}\n{}\n", bytes.len(), lines.join("\n")).into_bytes()
}

fn text(keyword: &str, text: &[u8]) -> Chunk {
    (*b"tEXt", [keyword.as_bytes(), &[0], text].concat())
}

fn deflated(keyword: &str, text: &[u8]) -> Chunk {
    (*b"zTXt", [keyword.as_bytes(), &[0, 0], &zlib(text)].concat())
}

const EXIF: &str = "Raw profile type exif";
const APP1: &str = "Raw profile type APP1";

fn app1(bytes: &[u8]) -> Vec<u8> {
    raw("generic profile", &[&b"Exif\0\0"[..], bytes].concat())
}

fn raw_profiles() -> Vec<Entry> {
    let before = |chunks: fn() -> Vec<Chunk>| move || turned(|| (chunks(), Vec::new()));
    let xmp_packet = || [&b"http://ns.adobe.com/xap/1.0/\0"[..], &xmp()].concat();
    vec![
        file("turned_control", "the upright samples", picture),
        file("turned_exif", "turned by eXIf", before(|| vec![(*b"eXIf", tiff(6))])),
        file("turned_exif_behind", "turned by eXIf behind the image data", || {
            turned(|| (Vec::new(), vec![(*b"eXIf", small_tiff(6))]))
        }),
        file(
            "turned_raw_exif",
            "turned by a raw profile of Exif, deflated",
            before(|| vec![deflated(EXIF, &raw("exif", &tiff(6)))]),
        ),
        file(
            "turned_raw_app1",
            "turned by a raw profile of APP1, deflated",
            before(|| vec![deflated(APP1, &app1(&tiff(6)))]),
        ),
        file("turned_raw_text", "turned by a raw profile in tEXt", before(|| vec![text(EXIF, &raw("exif", &tiff(6)))])),
        file(
            "turned_raw_itxt",
            "turned by a raw profile in a deflated iTXt",
            before(|| {
                let text = zlib(&raw("exif", &tiff(6)));
                vec![(*b"iTXt", [EXIF.as_bytes(), b"\0\x01\0en\0\0", &text].concat())]
            }),
        ),
        file("turned_raw_behind", "turned by a raw profile behind the image data", || {
            turned(|| (Vec::new(), vec![deflated(EXIF, &raw("exif", &small_tiff(6)))]))
        }),
        file("turned_raw_second", "turned by the second raw profile, the first being XMP", move || {
            turned(|| (vec![deflated(APP1, &raw("APP1", &xmp_packet())), deflated(APP1, &app1(&tiff(6)))], Vec::new()))
        }),
        file(
            "turned_raw_third",
            "turned by the third raw profile, the others being damaged",
            before(|| {
                let whole = raw("exif", &tiff(3));
                let cut = whole[..whole.len() - 9].to_vec();
                vec![text(EXIF, &cut), text(EXIF, b"\nexif\n  26\nno digits"), text(EXIF, &raw("exif", &tiff(6)))]
            }),
        ),
        file(
            "turned_exif_first",
            "turned by eXIf, whatever a raw profile says",
            before(|| vec![deflated(EXIF, &raw("exif", &tiff(3))), (*b"eXIf", tiff(6))]),
        ),
        file(
            "turned_exif_broken",
            "turned by a raw profile, the eXIf being no TIFF structure",
            before(|| vec![(*b"eXIf", b"broken".to_vec()), deflated(EXIF, &raw("exif", &tiff(6)))]),
        ),
        file("whole_raw_long", "with a raw profile of more than 64 KiB, which is not read", || {
            let exif = [tiff(6), vec![0; 66_000]].concat();
            let samples = samples();
            let chunk = deflated(EXIF, &raw("exif", &exif));
            Png { before: vec![chunk], ..Png::new(W, H, Color::Rgb, 8, &samples) }.encode()
        }),
    ]
}
