//! The image header chunk (PNG Third Edition § 11.2.1).

use image_ingest_samples::{DecodeError, Size};

use crate::chunks::Chunk;
use crate::result::Result;

/// What `IHDR` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// Width and height, neither 0.
    pub size: Size,
    /// Bits per sample, or per palette index: 1, 2, 4, 8 or 16, as the colour type allows.
    pub bit_depth: u8,
    /// What a stored pixel is made of.
    pub color_type: ColorType,
    /// Whether rows come in the seven passes of Adam7.
    pub interlaced: bool,
}

/// What a stored pixel is made of (§ 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorType {
    /// Gray (0).
    Gray,
    /// Red, green, blue (2).
    Rgb,
    /// An index into the palette (3).
    Palette,
    /// Gray and alpha (4).
    GrayAlpha,
    /// Red, green, blue, alpha (6).
    Rgba,
}

impl ColorType {
    /// Samples of a stored pixel.
    #[must_use]
    pub const fn samples(self) -> u8 {
        match self {
            Self::Gray | Self::Palette => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Whether alpha is stored with each pixel.
    #[must_use]
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Gray),
            2 => Some(Self::Rgb),
            3 => Some(Self::Palette),
            4 => Some(Self::GrayAlpha),
            6 => Some(Self::Rgba),
            _ => None,
        }
    }

    const fn bit_depths(self) -> &'static [u8] {
        match self {
            Self::Gray => &[1, 2, 4, 8, 16],
            Self::Palette => &[1, 2, 4, 8],
            Self::Rgb | Self::GrayAlpha | Self::Rgba => &[8, 16],
        }
    }
}

impl ImageHeader {
    /// Reads the first chunk of a file.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`]; [`DecodeError::Unsupported`] for Xcode's variant of PNG.
    pub fn read(chunk: &Chunk<'_>) -> Result<Self> {
        match &chunk.name {
            b"IHDR" => {}
            // Xcode's variant for iOS: raw deflate, premultiplied BGRA.
            b"CgBI" => return Err(DecodeError::unsupported("Apple CgBI PNG")),
            _ => return Err(DecodeError::malformed("the first chunk is not IHDR")),
        }
        let &[w0, w1, w2, w3, h0, h1, h2, h3, bit_depth, color_type, compression, filter, interlace] = chunk.data
        else {
            return Err(DecodeError::malformed("IHDR has not 13 bytes"));
        };
        chunk.check_crc()?;
        let size = Size::new(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        if size.pixels() == 0 {
            return Err(DecodeError::malformed("a side is 0"));
        }
        let color_type = ColorType::of(color_type).filter(|color_type| color_type.bit_depths().contains(&bit_depth));
        let Some(color_type) = color_type else {
            return Err(DecodeError::malformed("colour type and bit depth do not go together"));
        };
        if compression != 0 || filter != 0 || interlace > 1 {
            return Err(DecodeError::malformed("unknown compression, filter or interlace method"));
        }
        Ok(Self { size, bit_depth, color_type, interlaced: interlace == 1 })
    }
}
