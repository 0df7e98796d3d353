//! WebP files (RFC 9649): pictures by libwebp, the container written here.

use super::webp_ffi;
use crate::raster::Rgb;

/// A RIFF chunk's name and data.
pub(crate) type Chunk = ([u8; 4], Vec<u8>);

/// VP8X flags (RFC 9649, section 2.7).
pub(crate) const ICC: u8 = 0x20;
pub(crate) const ALPHA: u8 = 0x10;
pub(crate) const EXIF: u8 = 0x08;
pub(crate) const XMP: u8 = 0x04;
pub(crate) const ANIMATION: u8 = 0x02;

pub(crate) fn lossy(image: &Rgb, quality: f32) -> Vec<u8> {
    webp_ffi::encode(&image.with_alpha(|_, _| 255), image.width, image.height, false, quality, 4)
}

pub(crate) fn lossless(image: &Rgb) -> Vec<u8> {
    webp_ffi::encode(&image.with_alpha(|_, _| 255), image.width, image.height, true, 60.0, 3)
}

pub(crate) fn with_alpha(image: &Rgb, alpha: impl Fn(u32, u32) -> u8, lossless: bool) -> Vec<u8> {
    webp_ffi::encode(&image.with_alpha(alpha), image.width, image.height, lossless, 78.0, 4)
}

/// The picture's own chunks: `VP8 `, `VP8L`, or `ALPH` and `VP8 `.
pub(crate) fn image_chunks(webp: &[u8]) -> Vec<Chunk> {
    chunks(webp).into_iter().filter(|(name, _)| [*b"VP8 ", *b"VP8L", *b"ALPH"].contains(name)).collect()
}

/// An extended file: VP8X with `flags` and the canvas size, then `chunks`.
pub(crate) fn extended(flags: u8, width: u32, height: u32, chunks: &[Chunk]) -> Vec<u8> {
    riff(&[&[vp8x(flags, width, height)], chunks].concat())
}

pub(crate) fn vp8x(flags: u8, width: u32, height: u32) -> Chunk {
    (*b"VP8X", [&[flags, 0, 0, 0][..], &u24(width - 1), &u24(height - 1)].concat())
}

pub(crate) fn riff(chunks: &[Chunk]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    chunks.iter().for_each(|chunk| body.extend(chunk_bytes(chunk)));
    let length = u32::try_from(body.len()).expect("files are small");
    [&b"RIFF"[..], &length.to_le_bytes(), &body].concat()
}

/// A frame of an animation at even (`x`, `y`), shown for 200 ms.
pub(crate) fn anmf(x: u32, y: u32, image: &Rgb, webp: &[u8]) -> Chunk {
    let mut data = [u24(x / 2), u24(y / 2), u24(image.width - 1), u24(image.height - 1), u24(200)].concat();
    data.push(0);
    image_chunks(webp).iter().for_each(|chunk| data.extend(chunk_bytes(chunk)));
    (*b"ANMF", data)
}

/// Animation parameters: white background, endless.
pub(crate) fn anim() -> Chunk {
    (*b"ANIM", vec![255, 255, 255, 255, 0, 0])
}

fn chunks(webp: &[u8]) -> Vec<Chunk> {
    let (mut out, mut rest) = (Vec::new(), &webp[12..]);
    while let Some((header, tail)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        out.push(([header[0], header[1], header[2], header[3]], tail[..length].to_vec()));
        rest = &tail[length.next_multiple_of(2).min(tail.len())..];
    }
    out
}

fn chunk_bytes((name, data): &Chunk) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("chunks are small");
    let mut out = [&name[..], &length.to_le_bytes(), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn u24(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}
