//! Walks a PNG's chunks: `IHDR`, where the image data begins, and the chunks that say something about the picture.
//!
//! A picture whose image data is whole is whole, whatever follows it: the walk ends without a complaint where a chunk behind
//! the image data is cut, damaged or no chunk at all. Whether the image data is whole is for the decoder to find.

use super::chunks::{Chunk, Chunks};
use super::raw_profile::RawProfiles;
use crate::error::{Error, Result};
use crate::exif::Exif;
use crate::format::Format;
use crate::header::{Channels, Orientation};
use crate::size::Size;

/// What the chunks of a PNG say; of ancillary chunks, the first valid one of each name counts.
pub(super) struct Structure<'a> {
    pub(super) ihdr: Ihdr,
    /// The first `IDAT`, and all chunks after it.
    pub(super) data: ImageData<'a>,
    pub(super) notes: Notes<'a>,
}

/// The first `IDAT`, and all chunks after it.
#[derive(Clone)]
pub(super) struct ImageData<'a> {
    pub(super) first: Chunk<'a>,
    pub(super) rest: Chunks<'a>,
}

impl<'a> Structure<'a> {
    /// Reads all chunks up to `IEND`, or up to the first that is damaged behind the image data. `check_size` is asked
    /// before anything behind `IHDR` is looked at.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`; those of `check_size`.
    pub(super) fn read(bytes: &'a [u8], check_size: impl FnOnce(Size) -> Result<()>) -> Result<Self> {
        let mut chunks = Chunks::new(bytes)?;
        let first = chunks.next().unwrap_or_else(|| Err(Error::truncated(Format::Png, "no chunk")))?;
        let ihdr = Ihdr::read(&first)?;
        check_size(ihdr.size)?;
        let mut notes = Notes::default();
        let data = loop {
            let chunk = chunks.next().unwrap_or_else(|| Err(Error::truncated(Format::Png, "no image data")))?;
            match &chunk.name {
                b"IDAT" => break ImageData { first: chunk, rest: chunks.clone() },
                b"IEND" => return Err(malformed("no IDAT")),
                _ => notes.note_before_data(&ihdr, &chunk)?,
            }
        };
        if ihdr.color_type == COLOR_PALETTE && notes.palette.is_none() {
            return Err(malformed("no PLTE before IDAT"));
        }
        let mut inside = true;
        for chunk in chunks.map_while(Result::ok).take_while(|chunk| chunk.name != *b"IEND") {
            if inside && chunk.name == *b"IDAT" {
                continue;
            }
            inside = false;
            if chunk.is_critical() && !chunk.crc_holds() {
                break;
            }
            notes.note_after_data(&chunk)?;
        }
        Ok(Self { ihdr, data, notes })
    }
}

/// The image header chunk (PNG Third Edition § 11.2.1).
pub(super) struct Ihdr {
    pub(super) size: Size,
    pub(super) bit_depth: u8,
    pub(super) color_type: u8,
    pub(super) interlaced: bool,
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

    pub(super) fn channels(&self) -> Channels {
        match self.color_type {
            COLOR_GRAY | COLOR_GRAY_ALPHA => Channels::Gray,
            COLOR_PALETTE => Channels::Palette,
            _ => Channels::Rgb,
        }
    }

    /// Samples of a stored pixel.
    pub(super) fn samples(&self) -> u8 {
        match self.color_type {
            COLOR_RGB => 3,
            COLOR_GRAY_ALPHA => 2,
            COLOR_RGBA => 4,
            _ => 1,
        }
    }
}

/// What the chunks around the image data said. A broken ancillary chunk is as if it were absent.
#[derive(Default)]
pub(super) struct Notes<'a> {
    /// The entries that indices name; `None` in truecolour, where a palette is a suggestion and never looked at.
    pub(super) palette: Option<&'a [u8]>,
    /// The data of `tRNS`, long enough for the colour type.
    pub(super) transparency: Option<&'a [u8]>,
    pub(super) exif: Option<Exif>,
    pub(super) raw_profiles: RawProfiles<'a>,
    /// The frames that `acTL` announces.
    pub(super) frames: Option<u32>,
    pub(super) cicp: Option<&'a [u8]>,
    /// The data of the first `iCCP`, valid or not: one inflation per file.
    pub(super) iccp: Option<&'a [u8]>,
    pub(super) srgb: bool,
    pub(super) gamma: Option<&'a [u8]>,
    pub(super) chromaticities: Option<&'a [u8]>,
}

impl<'a> Notes<'a> {
    /// How the stored picture is to be turned: by `eXIf`, or by a raw profile where there is no valid `eXIf`.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn orientation(&self) -> Result<Orientation> {
        let exif = match self.exif {
            Some(exif) => Some(exif),
            None => self.raw_profiles.exif()?,
        };
        Ok(exif.unwrap_or_default().orientation)
    }

    fn note_before_data(&mut self, ihdr: &Ihdr, chunk: &Chunk<'a>) -> Result<()> {
        match &chunk.name {
            b"PLTE" if ihdr.color_type == COLOR_PALETTE => self.note_palette(chunk)?,
            // § 11.2.2: a suggestion for truecolour, forbidden for grayscale. Nothing of the picture depends on it.
            b"PLTE" => {}
            b"IHDR" => return Err(malformed("a second IHDR")),
            b"iCCP" if self.iccp.is_none() && chunk.crc_holds() => self.iccp = Some(chunk.data),
            b"cICP" => note(&mut self.cicp, chunk, |data| matches!(data, [_, _, 0, 0..=1])),
            b"sRGB" => self.srgb |= matches!(chunk.data, [0..=3]) && chunk.crc_holds(),
            b"gAMA" => note(&mut self.gamma, chunk, |data| matches!(data, [0..=0x7F, _, _, _]) && data != [0; 4]),
            b"cHRM" => note(&mut self.chromaticities, chunk, |data| data.len() == 32),
            b"tRNS" => {
                let entries = self.palette.map_or(0, |palette| palette.len() / 3);
                note(&mut self.transparency, chunk, |data| match ihdr.color_type {
                    COLOR_GRAY => data.len() >= 2,
                    COLOR_RGB => data.len() >= 6,
                    COLOR_PALETTE => (1..=entries).contains(&data.len()),
                    _ => false,
                });
            }
            b"acTL" if self.frames.is_none() && chunk.crc_holds() => self.frames = read_frames(chunk.data),
            _ => self.note_anywhere(chunk)?,
        }
        Ok(())
    }

    fn note_after_data(&mut self, chunk: &Chunk<'a>) -> Result<()> {
        match &chunk.name {
            b"IDAT" => Err(malformed("other chunks between IDAT chunks")),
            b"IHDR" => Err(malformed("a second IHDR")),
            b"PLTE" => Ok(()),
            _ => self.note_anywhere(chunk),
        }
    }

    fn note_anywhere(&mut self, chunk: &Chunk<'a>) -> Result<()> {
        match &chunk.name {
            b"eXIf" if self.exif.is_none() && chunk.crc_holds() => self.exif = Exif::parse(chunk.data),
            b"tEXt" | b"zTXt" | b"iTXt" => self.raw_profiles.note(chunk),
            _ if chunk.is_critical() => return Err(Error::unsupported(Format::Png, "unknown critical chunk")),
            _ => {}
        }
        Ok(())
    }

    fn note_palette(&mut self, chunk: &Chunk<'a>) -> Result<()> {
        check_crc(chunk)?;
        if self.palette.is_some() {
            return Err(malformed("a second PLTE"));
        }
        if !chunk.data.len().is_multiple_of(3) || !(3..=768).contains(&chunk.data.len()) {
            return Err(malformed("PLTE has not 1 to 256 entries"));
        }
        self.palette = Some(chunk.data);
        Ok(())
    }
}

/// Keeps the data of the first chunk that is undamaged and valid.
fn note<'a>(slot: &mut Option<&'a [u8]>, chunk: &Chunk<'a>, is_valid: impl FnOnce(&[u8]) -> bool) {
    if slot.is_none() && is_valid(chunk.data) && chunk.crc_holds() {
        *slot = Some(chunk.data);
    }
}

/// The frame count of `acTL`; 0 and values over 31 bits are invalid (§ 11.3.4.1).
fn read_frames(data: &[u8]) -> Option<u32> {
    let &[n0, n1, n2, n3, _, _, _, _] = data else { return None };
    let frames = u32::from_be_bytes([n0, n1, n2, n3]);
    (1..=i32::MAX.unsigned_abs()).contains(&frames).then_some(frames)
}

fn check_crc(chunk: &Chunk<'_>) -> Result<()> {
    if chunk.crc_holds() { Ok(()) } else { Err(malformed("CRC mismatch in a critical chunk")) }
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Png, reason)
}

pub(super) const COLOR_GRAY: u8 = 0;
pub(super) const COLOR_RGB: u8 = 2;
pub(super) const COLOR_PALETTE: u8 = 3;
/// Set in colour types 4 and 6.
pub(super) const COLOR_ALPHA: u8 = 4;
pub(super) const COLOR_GRAY_ALPHA: u8 = 4;
pub(super) const COLOR_RGBA: u8 = 6;
