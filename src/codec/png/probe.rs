//! Reads a PNG's header: `IHDR`, and what the ancillary chunks say about colour, transparency and orientation.
//!
//! A broken ancillary chunk is as if it were absent. Pixel data is stepped over: its CRC is checked by the decoder.

use fdeflate::Decompressor;

use super::chunks::{Chunk, Chunks};
use crate::error::{Error, Result};
use crate::exif::Exif;
use crate::format::Format;
use crate::header::{Animation, Channels, Cicp, Coding, ColorDescription, Header, Orientation};
use crate::limits::Limits;
use crate::pixels::zeroed;
use crate::size::{Rect, Size};

/// Reads the header of a PNG.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let mut chunks = Chunks::new(bytes)?;
    let first = chunks.next().unwrap_or_else(|| Err(Error::truncated(Format::Png, "no chunk")))?;
    let ihdr = Ihdr::read(&first)?;
    limits.check_size(ihdr.size)?;
    let mut found = Found::default();
    loop {
        let chunk = chunks.next().unwrap_or_else(|| Err(Error::truncated(Format::Png, "no IEND")))?;
        if chunk.name == *b"IEND" {
            break;
        }
        found.note(&ihdr, &chunk)?;
    }
    if found.data == Data::Before {
        return Err(malformed("no IDAT"));
    }
    Ok(Header {
        format: Format::Png,
        coded_size: ihdr.size,
        crop: Rect::whole(ihdr.size),
        orientation: found.exif.unwrap_or_default(),
        exif_orientation_ignored: None,
        coding: Coding::Png { interlaced: ihdr.interlaced },
        bit_depth: ihdr.bit_depth,
        channels: ihdr.channels(),
        has_alpha: ihdr.color_type & COLOR_ALPHA != 0 || found.transparency,
        animation: found.frames.map(|frames| Animation { frames }),
        color: found.color(limits)?,
    })
}

/// The image header chunk (PNG Third Edition § 11.2.1).
struct Ihdr {
    size: Size,
    bit_depth: u8,
    color_type: u8,
    interlaced: bool,
}

impl Ihdr {
    fn read(chunk: &Chunk<'_>) -> Result<Self> {
        match &chunk.name {
            b"IHDR" => {}
            // Xcode's variant for iOS: raw deflate, premultiplied BGRA.
            b"CgBI" => return Err(Error::unsupported(Format::Png, "Apple CgBI PNG")),
            _ => return Err(malformed("the first chunk is not IHDR")),
        }
        let &[w0, w1, w2, w3, h0, h1, h2, h3, bit_depth, color_type, compression, filter, interlace] = chunk.data
        else {
            return Err(malformed("IHDR has not 13 bytes"));
        };
        check_crc(chunk)?;
        let size = Size::new(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        if size.pixels() == 0 {
            return Err(malformed("a side is 0"));
        }
        let depths: &[u8] = match color_type {
            COLOR_GRAY => &[1, 2, 4, 8, 16],
            COLOR_PALETTE => &[1, 2, 4, 8],
            COLOR_RGB | COLOR_GRAY_ALPHA | COLOR_RGBA => &[8, 16],
            _ => &[],
        };
        if !depths.contains(&bit_depth) {
            return Err(malformed("colour type and bit depth do not go together"));
        }
        if compression != 0 || filter != 0 || interlace > 1 {
            return Err(malformed("unknown compression, filter or interlace method"));
        }
        Ok(Self { size, bit_depth, color_type, interlaced: interlace == 1 })
    }

    fn channels(&self) -> Channels {
        match self.color_type {
            COLOR_GRAY | COLOR_GRAY_ALPHA => Channels::Gray,
            COLOR_PALETTE => Channels::Palette,
            _ => Channels::Rgb,
        }
    }
}

/// Where the walk stands relative to the image data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Data {
    #[default]
    Before,
    Inside,
    After,
}

/// What the chunks after `IHDR` said; the first valid one of each name counts.
#[derive(Default)]
struct Found<'a> {
    data: Data,
    palette: bool,
    transparency: bool,
    exif: Option<Orientation>,
    frames: Option<u32>,
    cicp: Option<Cicp>,
    /// The data of the first `iCCP`, valid or not: one inflation per file.
    iccp: Option<&'a [u8]>,
    srgb: bool,
    gamma: Option<u32>,
    chromaticities: Option<[(u32, u32); 4]>,
}

impl<'a> Found<'a> {
    fn note(&mut self, ihdr: &Ihdr, chunk: &Chunk<'a>) -> Result<()> {
        if chunk.name == *b"IDAT" {
            return self.note_data(ihdr);
        }
        if self.data == Data::Inside {
            self.data = Data::After;
        }
        match &chunk.name {
            b"PLTE" => self.note_palette(ihdr, chunk),
            b"IHDR" => Err(malformed("a second IHDR")),
            b"eXIf" => {
                if self.exif.is_none() && chunk.crc_holds() {
                    self.exif = Some(Exif::read(chunk.data).orientation);
                }
                Ok(())
            }
            _ if chunk.is_critical() => Err(Error::unsupported(Format::Png, "unknown critical chunk")),
            _ if self.data == Data::Before => {
                self.note_ancillary(ihdr, chunk);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_data(&mut self, ihdr: &Ihdr) -> Result<()> {
        if self.data == Data::After {
            return Err(malformed("other chunks between IDAT chunks"));
        }
        if ihdr.color_type == COLOR_PALETTE && !self.palette {
            return Err(malformed("no PLTE before IDAT"));
        }
        self.data = Data::Inside;
        Ok(())
    }

    fn note_palette(&mut self, ihdr: &Ihdr, chunk: &Chunk<'_>) -> Result<()> {
        check_crc(chunk)?;
        if self.palette {
            return Err(malformed("a second PLTE"));
        }
        if !chunk.data.len().is_multiple_of(3) || !(3..=768).contains(&chunk.data.len()) {
            return Err(malformed("PLTE has not 1 to 256 entries"));
        }
        // § 11.2.2 forbids a palette in grayscale files; libpng and browsers ignore it there.
        self.palette = ihdr.color_type != COLOR_GRAY && ihdr.color_type != COLOR_GRAY_ALPHA;
        Ok(())
    }

    /// Chunks that count only before the image data.
    fn note_ancillary(&mut self, ihdr: &Ihdr, chunk: &Chunk<'a>) {
        match &chunk.name {
            b"iCCP" if self.iccp.is_none() && chunk.crc_holds() => self.iccp = Some(chunk.data),
            b"cICP" if self.cicp.is_none() && chunk.crc_holds() => self.cicp = read_cicp(chunk.data),
            b"sRGB" if chunk.crc_holds() => self.srgb |= matches!(chunk.data, [0..=3]),
            b"gAMA" if self.gamma.is_none() && chunk.crc_holds() => self.gamma = read_gamma(chunk.data),
            b"cHRM" if self.chromaticities.is_none() && chunk.crc_holds() => {
                self.chromaticities = read_chromaticities(chunk.data);
            }
            b"tRNS" if !self.transparency && chunk.crc_holds() => {
                self.transparency = match ihdr.color_type {
                    COLOR_GRAY => chunk.data.len() >= 2,
                    COLOR_RGB => chunk.data.len() >= 6,
                    COLOR_PALETTE => self.palette && !chunk.data.is_empty(),
                    _ => false,
                };
            }
            b"acTL" if self.frames.is_none() && chunk.crc_holds() => self.frames = read_frames(chunk.data),
            _ => {}
        }
    }

    /// The strongest statement (§ 4.3): `cICP`, `iCCP`, `sRGB`, then `gAMA` with or without `cHRM`.
    fn color(&self, limits: &Limits) -> Result<ColorDescription> {
        if let Some(cicp) = self.cicp {
            return Ok(ColorDescription::Cicp(cicp));
        }
        let stream = self.iccp.and_then(profile_stream);
        if let Some(profile) = stream.map(|stream| inflated(stream, limits.max_icc_bytes)).transpose()?.flatten() {
            return Ok(ColorDescription::Icc(profile.into()));
        }
        Ok(match self.gamma {
            Some(gamma) if !self.srgb => ColorDescription::Gamma { gamma, chromaticities: self.chromaticities },
            _ => ColorDescription::Srgb,
        })
    }
}

/// § 11.3.2.6: the matrix must be 0, since PNG holds RGB or gray.
fn read_cicp(data: &[u8]) -> Option<Cicp> {
    match *data {
        [primaries, transfer, 0, full @ 0..=1] => {
            Some(Cicp { primaries: primaries.into(), transfer: transfer.into(), matrix: 0, full_range: full == 1 })
        }
        _ => None,
    }
}

fn read_gamma(data: &[u8]) -> Option<u32> {
    let gamma = u32::from_be_bytes(data.try_into().ok()?);
    (1..=i32::MAX.unsigned_abs()).contains(&gamma).then_some(gamma)
}

fn read_chromaticities(data: &[u8]) -> Option<[(u32, u32); 4]> {
    let data: &[u8; 32] = data.try_into().ok()?;
    let mut points = [(0, 0); 4];
    for (point, &[x0, x1, x2, x3, y0, y1, y2, y3]) in points.iter_mut().zip(data.as_chunks::<8>().0) {
        *point = (u32::from_be_bytes([x0, x1, x2, x3]), u32::from_be_bytes([y0, y1, y2, y3]));
    }
    Some(points)
}

/// The frame count of `acTL`; 0 and values over 31 bits are invalid (§ 11.3.4.1).
fn read_frames(data: &[u8]) -> Option<u32> {
    let &[n0, n1, n2, n3, _, _, _, _] = data else { return None };
    let frames = u32::from_be_bytes([n0, n1, n2, n3]);
    (1..=i32::MAX.unsigned_abs()).contains(&frames).then_some(frames)
}

/// The zlib stream of `iCCP` (§ 11.3.2.3), behind a name, a zero byte and method 0.
fn profile_stream(data: &[u8]) -> Option<&[u8]> {
    let name_len = data.iter().take(80).position(|&b| b == 0)?;
    data.get(name_len + 1..)?.strip_prefix(&[0])
}

/// A zlib stream inflated; `None` for one that is damaged or longer than `max` bytes.
fn inflated(stream: &[u8], max: u64) -> Result<Option<Vec<u8>>> {
    // One more than allowed, so that a profile of exactly `max` bytes also reaches its Adler-32.
    let Some(most) = usize::try_from(max).ok().and_then(|max| max.checked_add(1)) else { return Ok(None) };
    let mut zlib = Decompressor::new();
    let (mut out, mut input, mut filled) = (zeroed(most.min(FIRST_BYTES))?, stream, 0);
    while !zlib.is_done() {
        if filled == out.len() {
            if filled == most {
                return Ok(None);
            }
            let more = most.min(filled * 2) - filled;
            out.try_reserve_exact(more).map_err(|_| Error::OutOfMemory { bytes: more as u64 })?;
            out.resize(filled + more, 0);
        }
        let Ok((consumed, produced)) = zlib.read(input, &mut out, filled, true) else { return Ok(None) };
        input = input.get(consumed..).unwrap_or_default();
        filled += produced;
        if consumed == 0 && produced == 0 && filled < out.len() {
            return Ok(None);
        }
    }
    out.truncate(filled);
    Ok((filled < most).then_some(out))
}

/// Room for the profiles that there are; larger ones move.
const FIRST_BYTES: usize = 16 * 1024;

fn check_crc(chunk: &Chunk<'_>) -> Result<()> {
    if chunk.crc_holds() { Ok(()) } else { Err(malformed("CRC mismatch in a critical chunk")) }
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Png, reason)
}

const COLOR_GRAY: u8 = 0;
const COLOR_RGB: u8 = 2;
const COLOR_PALETTE: u8 = 3;
/// Set in colour types 4 and 6.
const COLOR_ALPHA: u8 = 4;
const COLOR_GRAY_ALPHA: u8 = 4;
const COLOR_RGBA: u8 = 6;
