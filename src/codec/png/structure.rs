//! Walks a PNG's chunks: `IHDR`, where the image data begins, and the chunks that say something about the picture.
//!
//! A picture whose image data is whole is whole, whatever follows it: the walk ends without a complaint where a chunk behind
//! the image data is cut, damaged or no chunk at all. Whether the image data is whole is for the decoder to find.

use image_ingest_png::{Chunk, Chunks, ColorType, ImageData, ImageHeader, PixelChunks};
use image_ingest_samples::{Cicp, DecodeError, Size};

use super::raw_profile::RawProfiles;
use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::Orientation;
use crate::upload::format::Format;

/// What the chunks of a PNG say; of ancillary chunks, the first valid one of each name counts.
pub(super) struct Structure<'a> {
    pub(super) header: ImageHeader,
    /// The first `IDAT`, and all chunks after it.
    pub(super) data: ImageData<'a>,
    pub(super) notes: Notes<'a>,
}

impl<'a> Structure<'a> {
    /// Reads all chunks up to `IEND`, or up to the first that is damaged behind the image data. `check_size` is asked
    /// before anything behind `IHDR` is looked at.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`; those of `check_size`.
    pub(super) fn read(bytes: &'a [u8], check_size: impl FnOnce(Size) -> Result<()>) -> Result<Self> {
        let mut chunks = Chunks::new(bytes).map_err(refusal)?;
        let first = chunks.next().unwrap_or_else(|| Err(DecodeError::truncated("no chunk"))).map_err(refusal)?;
        let header = ImageHeader::read(&first).map_err(refusal)?;
        check_size(header.size)?;
        let mut notes = Notes::default();
        let data = loop {
            let chunk =
                chunks.next().unwrap_or_else(|| Err(DecodeError::truncated("no image data"))).map_err(refusal)?;
            match &chunk.name {
                b"IDAT" => break ImageData { first: chunk, rest: chunks.clone() },
                b"IEND" => return Err(malformed("no IDAT")),
                _ => notes.note_before_data(&header, &chunk)?,
            }
        };
        if header.color_type == ColorType::Palette && notes.palette.is_none() {
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
        Ok(Self { header, data, notes })
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

    /// What the chunks say of pixels.
    pub(super) fn pixel_chunks(&self) -> PixelChunks<'a> {
        let is_narrow_range = self.cicp.and_then(read_cicp).is_some_and(|cicp| !cicp.full_range);
        PixelChunks { palette: self.palette, transparency: self.transparency, is_narrow_range }
    }

    fn note_before_data(&mut self, header: &ImageHeader, chunk: &Chunk<'a>) -> Result<()> {
        match &chunk.name {
            b"PLTE" if header.color_type == ColorType::Palette => self.note_palette(chunk)?,
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
                note(&mut self.transparency, chunk, |data| match header.color_type {
                    ColorType::Gray => data.len() >= 2,
                    ColorType::Rgb => data.len() >= 6,
                    ColorType::Palette => (1..=entries).contains(&data.len()),
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
        chunk.check_crc().map_err(refusal)?;
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

/// § 11.3.2.6: the matrix must be 0, since PNG holds RGB or gray.
pub(super) fn read_cicp(data: &[u8]) -> Option<Cicp> {
    match *data {
        [primaries, transfer, 0, full @ 0..=1] => {
            Some(Cicp { primaries: primaries.into(), transfer: transfer.into(), matrix: 0, full_range: full == 1 })
        }
        _ => None,
    }
}

/// The frame count of `acTL`; 0 and values over 31 bits are invalid (§ 11.3.4.1).
fn read_frames(data: &[u8]) -> Option<u32> {
    let &[n0, n1, n2, n3, _, _, _, _] = data else { return None };
    let frames = u32::from_be_bytes([n0, n1, n2, n3]);
    (1..=i32::MAX.unsigned_abs()).contains(&frames).then_some(frames)
}

fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Png, error)
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Png, reason)
}
