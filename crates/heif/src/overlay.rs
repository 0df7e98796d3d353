//! Reads the payload of a derived item of type `iovl` (ISO/IEC 23008-12 § 6.6.2.2).

use image_ingest_samples::{DecodeError, Size};

use crate::cursor::Cursor;
use crate::result::Result;

/// A canvas with pictures over each other, the first lowest.
///
/// ```
/// use image_ingest_heif::Overlay;
/// use image_ingest_samples::Size;
///
/// // Version 0, fields of 16 bits, opaque white, 100 × 80 pixels, one picture at (36, -4).
/// let payload = [0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 100, 0, 80, 0, 36, 255, 252];
/// let overlay = Overlay::read(&payload, 1)?;
/// assert_eq!((overlay.output, overlay.offsets), (Size::new(100, 80), vec![(36, -4)]));
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Red, green, blue and alpha of the canvas, 0–65 535. The colour is sRGB, alpha is linear, and they are not
    /// premultiplied.
    pub fill: [u16; 4],
    /// The size of the canvas in pixels.
    pub output: Size,
    /// Where the top left corner of each input lies on the canvas, to the right and downwards. An input may reach beyond
    /// the canvas on every side.
    pub offsets: Vec<(i32, i32)>,
}

impl Overlay {
    /// Reads the payload of an `iovl` item that has so many inputs.
    ///
    /// # Errors
    ///
    /// `malformed`; `unsupported` for a version other than 0.
    pub fn read(payload: &[u8], inputs: usize) -> Result<Self> {
        let mut cursor = Cursor(payload);
        let (version, flags) = (cursor.u8()?, cursor.u8()?);
        if version != 0 {
            return Err(DecodeError::unsupported("a derived item of an unknown version"));
        }
        let has_32_bits = flags & 1 == 1;
        let fill = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
        let output = Size::new(cursor.id(has_32_bits)?, cursor.id(has_32_bits)?);
        let mut offset = || -> Result<i32> {
            Ok(if has_32_bits { cursor.u32()?.cast_signed() } else { cursor.u16()?.cast_signed().into() })
        };
        let offsets = (0..inputs).map(|_| Ok((offset()?, offset()?))).collect::<Result<_>>()?;
        Ok(Self { fill, output, offsets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_16_or_32_bits_and_offsets_a_sign() {
        let short = [&[0, 0][..], &[0, 1, 0, 2, 0, 3, 0, 4], &[0, 10, 0, 20], &[255, 255, 0, 5, 0, 7, 128, 0]].concat();
        let overlay = Overlay::read(&short, 2).unwrap();
        assert_eq!((overlay.fill, overlay.output), ([1, 2, 3, 4], Size::new(10, 20)));
        assert_eq!(overlay.offsets, [(-1, 5), (7, -32_768)]);
        let long = [&[0, 1][..], &[0; 8], &[0, 1, 0, 0, 0, 0, 0, 20], &[128, 0, 0, 0, 0, 0, 0, 1]].concat();
        let overlay = Overlay::read(&long, 1).unwrap();
        assert_eq!((overlay.output, overlay.offsets), (Size::new(65_536, 20), vec![(i32::MIN, 1)]));
    }

    #[test]
    fn a_payload_that_is_cut_is_malformed_and_another_version_unsupported() {
        let payload = [&[0, 0][..], &[0; 8], &[0, 10, 0, 20], &[0; 4]].concat();
        for len in 0..payload.len() {
            assert!(matches!(Overlay::read(&payload[..len], 1), Err(DecodeError::Malformed { .. })), "{len}");
        }
        assert!(Overlay::read(&payload, 1).is_ok());
        assert!(matches!(Overlay::read(&[1; 30], 1), Err(DecodeError::Unsupported { .. })));
    }
}
