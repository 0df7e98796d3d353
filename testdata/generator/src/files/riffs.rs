//! `same/`: one VP8 picture, and one with an alpha plane, in WebP files that are written otherwise, as the format
//! allows, or that have something around the picture that is not as it should be. Each group has one content id.

use std::sync::OnceLock;

use super::pictures::picture;
use crate::catalogue::Entry;
use crate::encode::webp::{self, ALPHA, Chunk, EXIF, ICC, XMP};
use crate::metadata::exif::Exif;
use crate::metadata::icc;
use crate::raster::vignette;

const W: u32 = 96;
const H: u32 = 64;

pub(super) fn all() -> Vec<Entry> {
    [chunks(), alpha()].into_iter().flatten().collect()
}

fn file(name: &str, shows: &str, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Entry {
    let group = name.split('_').next().unwrap_or(name);
    Entry::new(format!("same/{name}.webp"), format!("group {group}, {shows}"), make)
}

/// A `VP8 ` chunk of odd length, which needs padding: its last partition has one byte more than it needs.
fn odd() -> Chunk {
    static CODED: OnceLock<Chunk> = OnceLock::new();
    let made = || {
        let (name, mut data) = webp::image_chunks(&webp::lossy(&picture(W, H), 75.0)).remove(0);
        data.resize(data.len() | 1, 0);
        (name, data)
    };
    CODED.get_or_init(made).clone()
}

fn extended(flags: u8, before: &[Chunk], after: &[Chunk]) -> Vec<u8> {
    webp::extended(flags, W, H, &[before, &[odd()], after].concat())
}

/// A file whose RIFF header says another size, by `more` bytes.
fn resized(mut file: Vec<u8>, more: i32) -> Vec<u8> {
    let size = u32::from_le_bytes([file[4], file[5], file[6], file[7]]).saturating_add_signed(more);
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

/// RFC 9649, 2.
fn chunks() -> Vec<Entry> {
    let plain = || webp::riff(&[odd()]);
    let unknown = || (*b"what", vec![1, 2, 3]);
    let exif = || (*b"EXIF", Exif::oriented(1).tiff());
    vec![
        file("riff_plain", "VP8 alone", plain),
        file("riff_extended", "VP8X without flags", || extended(0, &[], &[])),
        file("riff_unknown_chunks", "unknown chunks of odd length around the picture", move || {
            extended(0, &[unknown(), unknown()], &[unknown()])
        }),
        file("riff_unknown_after", "an unknown chunk after the picture of a simple file", move || {
            webp::riff(&[odd(), unknown()])
        }),
        file("riff_exif_first", "EXIF before the picture, ICCP after it", move || {
            extended(EXIF | ICC, &[exif()], &[(*b"ICCP", icc::srgb())])
        }),
        file("riff_flags", "flags of an alpha plane and metadata that are not there", || {
            extended(ALPHA | EXIF | ICC | XMP | 1, &[], &[])
        }),
        file("riff_padding", "a padding byte that is not 0", move || {
            let mut file = plain();
            *file.last_mut().expect("a file has bytes") = 0xFF;
            file
        }),
        file("riff_no_padding", "no padding byte at the end, and none counted", move || {
            let mut file = plain();
            file.pop();
            resized(file, -1)
        }),
        file("riff_padding_lost", "no padding byte at the end, though counted", move || {
            let mut file = plain();
            file.pop();
            file
        }),
        file("riff_size_one_more", "a RIFF size that is larger by one", move || resized(plain(), 1)),
        file("riff_size_much_more", "a RIFF size that is larger by 1000", move || resized(plain(), 1000)),
        file("riff_next_chunk_cut", "a chunk after the picture that the file's end cuts", move || {
            let mut file = extended(0, &[], &[exif()]);
            file.truncate(file.len() - 10);
            file
        }),
        file("riff_trailing_bytes", "bytes after the RIFF chunk", move || [&plain()[..], b"\r\n--boundary--"].concat()),
        file("riff_two", "a second RIFF after the first", move || [plain(), plain()].concat()),
    ]
}

/// RFC 9649, 2.7.1.2.
fn alpha() -> Vec<Entry> {
    let written = |name: &str, shows: &str, header: u8, predict: fn(&[u8], usize) -> u8| {
        file(&format!("alph_{name}"), shows, move || {
            let plane = plane();
            let coded = (0..plane.len()).map(|at| plane[at].wrapping_sub(predict(&plane, at)));
            with_plane([header].into_iter().chain(coded).collect())
        })
    };
    vec![
        file("alph_compressed", "an alpha plane as libwebp writes it", || {
            let file = webp::with_alpha(&picture(W, H), vignette(W, H), false);
            let plane =
                webp::image_chunks(&file).into_iter().find(|(name, _)| name == b"ALPH").expect("an alpha plane");
            with_plane(plane.1)
        }),
        written("plain", "an alpha plane that is not compressed", 0, |_, _| 0),
        written("preprocessed", "the same, said to be preprocessed", 0x10, |_, _| 0),
        written("horizontal", "the same, filtered by the sample to the left", 4, |plane, at| match at % W as usize {
            0 => above(plane, at).unwrap_or(0),
            _ => plane[at - 1],
        }),
        written("vertical", "the same, filtered by the sample above", 8, |plane, at| {
            above(plane, at).unwrap_or_else(|| if at == 0 { 0 } else { plane[at - 1] })
        }),
        written("gradient", "the same, filtered by the gradient", 12, |plane, at| {
            match (above(plane, at), at % W as usize) {
                (None, 0) => 0,
                (None, _) => plane[at - 1],
                (Some(above), 0) => above,
                (Some(above), _) => {
                    let corner = plane[at - 1 - W as usize];
                    (i16::from(above) + i16::from(plane[at - 1]) - i16::from(corner)).clamp(0, 255) as u8
                }
            }
        }),
        file("alph_without_flag", "an alpha plane that VP8X does not announce", || {
            webp::extended(0, W, H, &[(*b"ALPH", [vec![0], plane()].concat()), odd()])
        }),
    ]
}

fn plane() -> Vec<u8> {
    picture(W, H).with_alpha(vignette(W, H)).chunks_exact(4).map(|pixel| pixel[3]).collect()
}

fn above(plane: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(W as usize).map(|above| plane[above])
}

fn with_plane(plane: Vec<u8>) -> Vec<u8> {
    webp::extended(ALPHA, W, H, &[(*b"ALPH", plane), odd()])
}
