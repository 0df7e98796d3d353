//! What the chunks around the image data say about the picture (PNG Third Edition § 11.2.2 and § 11.3).
//!
//! Of each ancillary chunk the first valid one counts: its CRC holds, and its data has a meaning. A broken one is as if
//! it were absent. Of the critical chunks a palette must be right where pixels are indices into it, and one whose type
//! is not known refuses the picture.

use image_ingest_samples::{Cicp, CpuTimer, DecodeError, Range};

use crate::chunks::Chunk;
use crate::header::{ColorType, ImageHeader};
use crate::raw_profile::{RawProfiles, has_tiff_header};
use crate::result::Result;

/// What the chunks around the image data say about the picture.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PictureChunks<'a> {
    /// The frames that `acTL` announces, 1 or more; `None` where the file is no animation.
    pub frames: Option<u32>,
    /// The code points of `cICP`. Its matrix is 0, since PNG holds RGB or gray (§ 11.3.2.6).
    pub cicp: Option<Cicp>,
    /// Whether there is an `sRGB` chunk, of any rendering intent.
    pub is_srgb: bool,
    /// `gAMA`: the exponent of the encoding times 100 000, not 0.
    pub gamma: Option<u32>,
    /// `cHRM`: x and y of white, red, green and blue, times 100 000.
    pub chromaticities: Option<[(u32, u32); 4]>,
    /// The palette, three bytes an entry; `None` in truecolour, where it is a suggestion that decides nothing.
    pub(crate) palette: Option<&'a [u8]>,
    /// The data of `tRNS`, long enough for the colour type.
    pub(crate) transparency: Option<&'a [u8]>,
    /// The data of the first `iCCP` whose CRC holds, valid or not, so that one stream at most is inflated.
    pub(crate) iccp: Option<&'a [u8]>,
    /// The first `eXIf` that begins with a TIFF header.
    pub(crate) exif: Option<&'a [u8]>,
    pub(crate) raw_profiles: RawProfiles<'a>,
}

impl<'a> PictureChunks<'a> {
    /// How sample values map to signal values, by `cICP`.
    pub(crate) fn range(&self) -> Range {
        if self.cicp.is_some_and(|cicp| !cicp.full_range) { Range::Limited } else { Range::Full }
    }

    /// Reads a chunk between `IHDR` and the image data.
    ///
    /// # Errors
    ///
    /// `malformed` for a second `IHDR`, and for a palette of indices that is damaged, doubled or of no 1 to 256
    /// entries; `unsupported` for a critical chunk that is not known.
    pub(crate) fn note_before_data(
        &mut self,
        header: &ImageHeader,
        chunk: &Chunk<'a>,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        match &chunk.name {
            b"PLTE" if header.color_type == ColorType::Palette => self.note_palette(chunk, timer)?,
            // § 11.2.2: a suggestion for truecolour, forbidden for grayscale. Nothing of the picture depends on it.
            b"PLTE" => {}
            b"IHDR" => return Err(DecodeError::malformed("a second IHDR")),
            b"iCCP" => note(&mut self.iccp, chunk, timer, Some)?,
            b"cICP" => note(&mut self.cicp, chunk, timer, read_cicp)?,
            b"sRGB" => self.is_srgb |= matches!(chunk.data, [0..=3]) && chunk.crc_holds(timer)?,
            b"gAMA" => note(&mut self.gamma, chunk, timer, read_gamma)?,
            b"cHRM" => note(&mut self.chromaticities, chunk, timer, read_chromaticities)?,
            b"tRNS" => {
                let entries = self.palette.map_or(0, |palette| palette.len() / 3);
                let is_valid = |data| is_transparency(data, header, entries);
                note(&mut self.transparency, chunk, timer, |data| is_valid(data).then_some(data))?;
            }
            b"acTL" => note(&mut self.frames, chunk, timer, read_frames)?,
            _ => self.note_anywhere(chunk, timer)?,
        }
        Ok(())
    }

    /// Reads a chunk behind the image data, where a palette is out of place and decides nothing.
    ///
    /// # Errors
    ///
    /// `malformed` for a second `IHDR`, and for an `IDAT` that other chunks part from the first ones; `unsupported` for
    /// a critical chunk that is not known.
    pub(crate) fn note_after_data(&mut self, chunk: &Chunk<'a>, timer: &CpuTimer<'_>) -> Result<()> {
        match &chunk.name {
            b"IDAT" => Err(DecodeError::malformed("other chunks between IDAT chunks")),
            b"IHDR" => Err(DecodeError::malformed("a second IHDR")),
            b"PLTE" => Ok(()),
            _ => self.note_anywhere(chunk, timer),
        }
    }

    fn note_anywhere(&mut self, chunk: &Chunk<'a>, timer: &CpuTimer<'_>) -> Result<()> {
        match &chunk.name {
            b"eXIf" => note(&mut self.exif, chunk, timer, |data| has_tiff_header(data).then_some(data))?,
            b"tEXt" | b"zTXt" | b"iTXt" => self.raw_profiles.note(chunk, timer)?,
            _ if chunk.is_critical() => return Err(DecodeError::unsupported("unknown critical chunk")),
            _ => {}
        }
        Ok(())
    }

    fn note_palette(&mut self, chunk: &Chunk<'a>, timer: &CpuTimer<'_>) -> Result<()> {
        chunk.check_crc(timer)?;
        if self.palette.is_some() {
            return Err(DecodeError::malformed("a second PLTE"));
        }
        if !chunk.data.len().is_multiple_of(3) || !(3..=768).contains(&chunk.data.len()) {
            return Err(DecodeError::malformed("PLTE has not 1 to 256 entries"));
        }
        self.palette = Some(chunk.data);
        Ok(())
    }
}

/// Keeps what `read` makes of a chunk's data, where nothing is kept yet, the data is valid and the CRC holds.
fn note<'a, T>(
    slot: &mut Option<T>,
    chunk: &Chunk<'a>,
    timer: &CpuTimer<'_>,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Result<()> {
    if slot.is_none()
        && let Some(value) = read(chunk.data)
        && chunk.crc_holds(timer)?
    {
        *slot = Some(value);
    }
    Ok(())
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

/// § 11.3.2.2: four bytes; PNG's integers have 31 bits (§ 7.1), and an exponent of 0 has no meaning.
fn read_gamma(data: &[u8]) -> Option<u32> {
    let gamma = u32::from_be_bytes(data.try_into().ok()?);
    (1..=MAX_INTEGER).contains(&gamma).then_some(gamma)
}

/// § 11.3.2.1: eight integers.
fn read_chromaticities(data: &[u8]) -> Option<[(u32, u32); 4]> {
    let data: &[u8; 32] = data.try_into().ok()?;
    let mut points = [(0, 0); 4];
    for (point, &[x0, x1, x2, x3, y0, y1, y2, y3]) in points.iter_mut().zip(data.as_chunks::<8>().0) {
        *point = (u32::from_be_bytes([x0, x1, x2, x3]), u32::from_be_bytes([y0, y1, y2, y3]));
    }
    Some(points)
}

/// § 11.3.1.1: one sample, three samples, or alphas for no more than the palette's `entries`.
fn is_transparency(data: &[u8], header: &ImageHeader, entries: usize) -> bool {
    match header.color_type {
        ColorType::Gray => data.len() >= 2,
        ColorType::Rgb => data.len() >= 6,
        ColorType::Palette => (1..=entries).contains(&data.len()),
        _ => false,
    }
}

/// The frame count of `acTL`; 0 and values over 31 bits are invalid (§ 11.3.4.1).
fn read_frames(data: &[u8]) -> Option<u32> {
    let &[n0, n1, n2, n3, _, _, _, _] = data else { return None };
    let frames = u32::from_be_bytes([n0, n1, n2, n3]);
    (1..=MAX_INTEGER).contains(&frames).then_some(frames)
}

/// The largest integer of the format, 2³¹ − 1 (§ 7.1).
const MAX_INTEGER: u32 = 0x7FFF_FFFF;
