//! The image header chunk (PNG Third Edition § 11.2.1).

use image_ingest_samples::{CpuTimer, DecodeError, Size};

use crate::chunks::Chunks;
use crate::result::Result;

/// What `IHDR` says.
///
/// Only combinations that the standard allows are ever read (§ 11.2.1, table 12).
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
    /// Reads the signature and the first chunk of a PNG file, and nothing behind them.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] for a file that is no PNG, and for an `IHDR` that the standard does not allow;
    /// [`DecodeError::Truncated`]; [`DecodeError::Unsupported`] for Xcode's variant of PNG.
    ///
    /// ```
    /// use image_ingest_png::{ColorType, ImageHeader};
    ///
    /// let file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";
    /// let header = ImageHeader::read(file)?;
    /// assert_eq!((header.color_type, header.bit_depth, header.interlaced), (ColorType::Gray, 8, false));
    /// # Ok::<(), image_ingest_samples::DecodeError>(())
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self> {
        Self::next(&mut Chunks::new(bytes)?)
    }

    /// Reads the next chunk, which must be the file's first.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `unsupported`.
    pub(crate) fn next(chunks: &mut Chunks<'_>) -> Result<Self> {
        let chunk = chunks.next().unwrap_or_else(|| Err(DecodeError::truncated("no chunk")))?;
        match &chunk.name {
            b"IHDR" => {}
            // Xcode's variant for iOS: deflate without zlib's header, premultiplied BGRA.
            b"CgBI" => return Err(DecodeError::unsupported("Apple CgBI PNG")),
            _ => return Err(DecodeError::malformed("the first chunk is not IHDR")),
        }
        let &[w0, w1, w2, w3, h0, h1, h2, h3, bit_depth, color_type, compression, filter, interlace] = chunk.data
        else {
            return Err(DecodeError::malformed("IHDR has not 13 bytes"));
        };
        // Of 17 bytes, which no budget is asked for.
        chunk.check_crc(&CpuTimer::default())?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::{SIGNATURE, chunk};

    fn read(ihdr: &[u8]) -> Result<ImageHeader> {
        ImageHeader::read(&[&SIGNATURE[..], &chunk(b"IHDR", ihdr)].concat())
    }

    #[test]
    fn the_depths_of_each_colour_type_are_those_of_table_12() {
        for (color_type, depths, samples) in
            [(0, &[1, 2, 4, 8, 16][..], 1), (2, &[8, 16], 3), (3, &[1, 2, 4, 8], 1), (4, &[8, 16], 2), (6, &[8, 16], 4)]
        {
            for depth in 0..=u8::MAX {
                match read(&[0, 0, 1, 2, 0, 0, 0, 3, depth, color_type, 0, 0, 1]) {
                    Ok(header) => {
                        assert!(depths.contains(&depth), "type {color_type}, depth {depth}");
                        assert_eq!((header.size, header.bit_depth), (Size::new(258, 3), depth));
                        assert_eq!((header.color_type.samples(), header.interlaced), (samples, true));
                    }
                    Err(_) => assert!(!depths.contains(&depth), "type {color_type}, depth {depth}"),
                }
            }
        }
        for color_type in [1, 5, 7, 255] {
            assert!(matches!(
                read(&[0, 0, 0, 1, 0, 0, 0, 1, 8, color_type, 0, 0, 0]),
                Err(DecodeError::Malformed { .. })
            ));
        }
    }

    #[test]
    fn a_side_of_0_is_malformed_and_one_of_32_bits_is_read() {
        for (width, height) in [(0, 9), (9, 0), (0, 0)] {
            let read = read(&[0, 0, 0, width, 0, 0, 0, height, 8, 0, 0, 0, 0]);
            assert!(matches!(read, Err(DecodeError::Malformed { .. })), "{width} × {height}");
        }
        let size = read(&[255, 255, 255, 255, 0, 0, 0, 1, 8, 0, 0, 0, 0]).unwrap().size;
        assert_eq!(size, Size::new(u32::MAX, 1));
    }

    #[test]
    fn methods_other_than_those_of_the_standard_are_malformed() {
        for methods in [[1, 0, 0], [0, 1, 0], [0, 0, 2]] {
            let ihdr = [&[0, 0, 0, 1, 0, 0, 0, 1, 8, 0], &methods[..]].concat();
            assert!(matches!(read(&ihdr), Err(DecodeError::Malformed { .. })), "{methods:?}");
        }
    }

    #[test]
    fn the_first_chunk_must_be_ihdr_with_its_13_bytes_and_its_crc() {
        assert!(matches!(read(&[0; 12]), Err(DecodeError::Malformed { .. })));
        let mut file = [&SIGNATURE[..], &chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])].concat();
        assert!(ImageHeader::read(&file).is_ok());
        file[32] ^= 1;
        assert!(matches!(ImageHeader::read(&file), Err(DecodeError::Malformed { .. })));
        let of = |name| ImageHeader::read(&[&SIGNATURE[..], &chunk(name, b"")].concat());
        assert!(matches!(of(b"tEXt"), Err(DecodeError::Malformed { .. })));
        assert!(matches!(of(b"CgBI"), Err(DecodeError::Unsupported { .. })));
        assert!(matches!(ImageHeader::read(&SIGNATURE), Err(DecodeError::Truncated { .. })));
    }
}
