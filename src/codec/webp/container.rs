//! Walks a WebP's RIFF chunks to its primary image without copying (RFC 9649 § 2).

use image_ingest_samples::{Rect, Size};

use crate::error::{Error, Result};
use crate::upload::format::Format;

/// What the container says.
#[derive(Debug)]
pub(super) struct Container<'a> {
    pub(super) canvas: Size,
    pub(super) image: Image<'a>,
    /// Where the image lies on the canvas; the whole canvas in a still picture.
    pub(super) place: Rect,
    pub(super) icc: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
    /// Frames of an animation.
    pub(super) frames: Option<u32>,
}

impl<'a> Container<'a> {
    /// Reads the whole container; damaged chunks after the primary image end the walk.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut chunks = open(bytes)?;
        let first = chunks.clone().next().unwrap_or_else(|| Err(malformed("no chunk")))?;
        match &first.name {
            b"VP8X" => {
                chunks.next();
                Self::read_extended(first.data, chunks)
            }
            // Only the extended format announces metadata: whatever else follows has no meaning.
            b"VP8 " | b"VP8L" => Ok(Self::of_still(Image::read(chunks)?, None, None)),
            _ => Err(malformed("the first chunk is no image")),
        }
    }

    fn of_still(image: Image<'a>, icc: Option<&'a [u8]>, exif: Option<&'a [u8]>) -> Self {
        Self { canvas: image.size, place: Rect::whole(image.size), image, icc, exif, frames: None }
    }

    fn read_extended(header: &[u8], chunks: Chunks<'a>) -> Result<Self> {
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = header else {
            return Err(malformed("VP8X is too short"));
        };
        let canvas = Size::new(u24([w0, w1, w2]) + 1, u24([h0, h1, h2]) + 1);
        let find = |name, flag| if flags & flag == 0 { Ok(None) } else { find(chunks.clone(), name) };
        let (icc, exif) = (find(b"ICCP", FLAG_ICC)?, find(b"EXIF", FLAG_EXIF)?);
        if flags & FLAG_ANIMATION == 0 {
            let still = Self::of_still(Image::read(chunks)?, icc, exif);
            return if still.canvas == canvas { Ok(still) } else { Err(malformed("canvas and image differ in size")) };
        }
        let (place, image) = read_first_frame(chunks.clone(), canvas)?;
        let frames = chunks.map_while(Result::ok).filter(|c| c.name == *b"ANMF").count();
        let frames = Some(u32::try_from(frames).unwrap_or(u32::MAX));
        Ok(Self { canvas, image, place, icc, exif, frames })
    }
}

/// The data of the first chunk of this name. The walk ends where a chunk is damaged.
///
/// # Errors
///
/// `truncated` where the file ends before the chunk is found.
fn find<'a>(chunks: Chunks<'a>, name: &[u8; 4]) -> Result<Option<&'a [u8]>> {
    for chunk in chunks {
        match chunk {
            Ok(chunk) if chunk.name == *name => return Ok(Some(chunk.data)),
            Ok(_) => {}
            Err(error @ Error::Truncated { .. }) => return Err(error),
            Err(_) => break,
        }
    }
    Ok(None)
}

/// The first `ANMF` chunk (§ 2.7.1.1).
fn read_first_frame(chunks: Chunks<'_>, canvas: Size) -> Result<(Rect, Image<'_>)> {
    for chunk in chunks {
        let chunk = chunk?;
        if chunk.name != *b"ANMF" {
            continue;
        }
        let Some((&[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, ..], frame)) = chunk.data.split_first_chunk::<16>()
        else {
            return Err(malformed("ANMF is too short"));
        };
        let size = Size::new(u24([w0, w1, w2]) + 1, u24([h0, h1, h2]) + 1);
        let place = Rect { left: 2 * u24([x0, x1, x2]), top: 2 * u24([y0, y1, y2]), size };
        let image = Image::read(Chunks::whole(frame))?;
        if image.size != size || !place.fits_in(canvas) {
            return Err(malformed("the first frame does not fit its place"));
        }
        return Ok((place, image));
    }
    Err(malformed("no frame in an animation"))
}

/// What a picture is coded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bitstream {
    Vp8,
    Vp8l,
}

/// One coded picture.
#[derive(Debug)]
pub(super) struct Image<'a> {
    pub(super) bitstream: Bitstream,
    pub(super) size: Size,
    /// An alpha plane for VP8 (`ALPH`), or VP8L that announces alpha.
    pub(super) alpha: bool,
    /// From the `ALPH` chunk, or else the image chunk, to the end of the image chunk: what libwebp reads without a RIFF.
    pub(super) data: &'a [u8],
}

impl<'a> Image<'a> {
    /// The data of a `VP8 ` chunk that has no `ALPH` before it, its padding included, as libwebp itself would find it.
    ///
    /// # Errors
    ///
    /// `malformed` when the first partition leaves the chunk (RFC 6386 § 9.1).
    pub(super) fn frame(&self) -> Result<&'a [u8]> {
        let chunk = Chunks::whole(self.data).next().unwrap_or_else(|| Err(malformed("no image data")))?;
        let (b"VP8 ", &[tag0, tag1, tag2, ..]) = (&chunk.name, chunk.data) else {
            return Err(malformed("no VP8 frame"));
        };
        let first_partition = u24([tag0, tag1, tag2]) >> 5;
        if usize::try_from(first_partition).is_ok_and(|len| len < chunk.data.len()) {
            self.data.get(8..).ok_or_else(|| malformed("no VP8 frame"))
        } else {
            Err(malformed("the first partition leaves its chunk"))
        }
    }

    /// The data of a `VP8L` chunk after its header (RFC 9649 § 3.4).
    pub(super) fn vp8l_data(&self) -> &'a [u8] {
        let chunk = Chunks::whole(self.data).next().and_then(Result::ok).filter(|chunk| chunk.name == *b"VP8L");
        chunk.and_then(|chunk| chunk.data.get(5..)).unwrap_or_default()
    }

    /// The data of its `ALPH` chunk, where it has one.
    pub(super) fn alpha_chunk(&self) -> Option<&'a [u8]> {
        Chunks::whole(self.data).next()?.ok().filter(|chunk| chunk.name == *b"ALPH").map(|chunk| chunk.data)
    }

    /// Reads up to the first image chunk.
    fn read(mut chunks: Chunks<'a>) -> Result<Self> {
        let mut alpha = None;
        loop {
            let start = chunks.rest;
            let chunk = chunks.next().unwrap_or_else(|| Err(malformed("no image data")))?;
            let since = |start: &'a [u8]| start.get(..start.len() - chunks.rest.len()).unwrap_or_default();
            match &chunk.name {
                b"ALPH" => alpha = alpha.or(Some(start)),
                b"VP8 " => {
                    let (bitstream, size) = (Bitstream::Vp8, vp8_size(chunk.data)?);
                    return Ok(Self { bitstream, size, alpha: alpha.is_some(), data: since(alpha.unwrap_or(start)) });
                }
                b"VP8L" => {
                    let (size, alpha) = vp8l_size(chunk.data)?;
                    return Ok(Self { bitstream: Bitstream::Vp8l, size, alpha, data: since(start) });
                }
                _ => {}
            }
        }
    }
}

/// Reads a VP8 key frame's size (RFC 6386 § 9.1); the two scaling bits are a hint to the display.
fn vp8_size(data: &[u8]) -> Result<Size> {
    let Some(&[tag, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1]) = data.first_chunk() else {
        return Err(malformed("no VP8 key frame"));
    };
    if tag & 1 != 0 || (tag >> 1) & 7 > 3 || tag & 0x10 == 0 {
        return Err(malformed("not a shown VP8 key frame of a known version"));
    }
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    let size = Size::new(side(w0, w1), side(h0, h1));
    if size.pixels() == 0 { Err(malformed("a side is 0")) } else { Ok(size) }
}

/// Reads a VP8L header: the size, and whether alpha is used (RFC 9649 § 3.4).
fn vp8l_size(data: &[u8]) -> Result<(Size, bool)> {
    let Some((&[0x2F, b0, b1, b2, b3], _)) = data.split_first_chunk() else {
        return Err(malformed("no VP8L signature"));
    };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    if bits >> 29 != 0 {
        return Err(malformed("unknown VP8L version"));
    }
    Ok((Size::new((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1), bits & (1 << 28) != 0))
}

/// The chunks inside the RIFF header (§ 2.3, 2.4); what follows the RIFF chunk is ignored. Where the file ends before that,
/// its last chunk decides whether anything is missing.
fn open(bytes: &[u8]) -> Result<Chunks<'_>> {
    let Some((&[r0, r1, r2, r3, s0, s1, s2, s3, w0, w1, w2, w3], body)) = bytes.split_first_chunk() else {
        return Err(ended());
    };
    if [r0, r1, r2, r3] != *b"RIFF" || [w0, w1, w2, w3] != *b"WEBP" {
        return Err(malformed("no RIFF header of a WebP"));
    }
    let size = u32::from_le_bytes([s0, s1, s2, s3]).checked_sub(4).ok_or_else(|| malformed("empty RIFF chunk"))?;
    let inside = usize::try_from(size).ok().and_then(|size| body.get(..size));
    Ok(Chunks { rest: inside.unwrap_or(body), is_cut: inside.is_none() })
}

/// A RIFF chunk.
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
}

/// The chunks of a RIFF list, up to the first that reaches beyond it.
///
/// Each step consumes at least 8 bytes, so a walk is bounded by the upload's size.
#[derive(Debug, Clone)]
struct Chunks<'a> {
    rest: &'a [u8],
    /// Whether the file ends before the list does.
    is_cut: bool,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return self.is_cut.then(|| {
                self.is_cut = false;
                Err(ended())
            });
        }
        let is_cut = self.is_cut;
        let chunk =
            self.step().ok_or_else(|| if is_cut { ended() } else { malformed("a chunk reaches beyond its parent") });
        if chunk.is_err() {
            (self.rest, self.is_cut) = (&[], false);
        }
        Some(chunk)
    }
}

impl<'a> Chunks<'a> {
    const fn whole(rest: &'a [u8]) -> Self {
        Self { rest, is_cut: false }
    }

    fn step(&mut self) -> Option<Chunk<'a>> {
        let (name, rest) = self.rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*size)).ok()?)?;
        // The byte that pads an odd size may be missing at the very end.
        self.rest = if data.len() % 2 == 1 { rest.get(1..).unwrap_or_default() } else { rest };
        Some(Chunk { name: *name, data })
    }
}

fn u24([b0, b1, b2]: [u8; 3]) -> u32 {
    u32::from_le_bytes([b0, b1, b2, 0])
}

fn ended() -> Error {
    Error::truncated(Format::Webp, "the file ends before its RIFF chunk does")
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Webp, reason)
}

/// Bits of the first byte of `VP8X` (§ 2.7).
const FLAG_ANIMATION: u8 = 0x02;
const FLAG_EXIF: u8 = 0x08;
const FLAG_ICC: u8 = 0x20;
