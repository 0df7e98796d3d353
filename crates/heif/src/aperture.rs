//! Reads `clap` and finds the pixels that it keeps (ISO/IEC 14496-12 § 12.1.4).
//!
//! A clean aperture gives the size of what is shown, and how far its centre lies from the centre of the picture, all as
//! fractions. Along one axis of `side` pixels, with a length `len` and an offset `off`, the first pixel shown is `off +
//! (side − 1) / 2 − (len − 1) / 2`, and `len` pixels are shown from there. The specification leaves open how fractions
//! are rounded; libheif (`Box_clap`) sets the practice, and rounds left and top differently.

use image_ingest_samples::{DecodeError, Rect, Size};

use crate::cursor::Cursor;
use crate::result::Result;

/// A clean aperture: numerators and denominators as stored, offsets signed.
///
/// ```
/// use image_ingest_heif::CleanAperture;
/// use image_ingest_samples::{Rect, Size};
///
/// // 200 × 100 pixels whose centre lies 10 pixels to the left of the picture's.
/// let aperture = CleanAperture {
///     width: (200, 1),
///     height: (100, 1),
///     horizontal_offset: (-10, 1),
///     vertical_offset: (0, 1),
/// };
/// let kept = Rect { left: 90, top: 100, size: Size::new(200, 100) };
/// assert_eq!(aperture.rect(Size::new(400, 300))?, kept);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanAperture {
    /// Width in pixels.
    pub width: (u32, u32),
    /// Height in pixels.
    pub height: (u32, u32),
    /// From the picture's centre to the aperture's, in pixels to the right.
    pub horizontal_offset: (i32, u32),
    /// From the picture's centre to the aperture's, in pixels down.
    pub vertical_offset: (i32, u32),
}

impl CleanAperture {
    pub(crate) fn read(mut cursor: Cursor<'_>) -> Result<Self> {
        let mut fraction = || Ok::<_, DecodeError>((cursor.u32()?, cursor.u32()?));
        let (width, height, horizontal, vertical) = (fraction()?, fraction()?, fraction()?, fraction()?);
        let signed = |(n, d): (u32, u32)| (n.cast_signed(), d);
        Ok(Self { width, height, horizontal_offset: signed(horizontal), vertical_offset: signed(vertical) })
    }

    /// The pixels kept of a picture of `size`. An aperture that reaches beyond the picture is clipped to it.
    ///
    /// # Errors
    ///
    /// `malformed` for an aperture without pixels, a denominator of 0, and numbers of 2³¹ and above.
    pub fn rect(&self, size: Size) -> Result<Rect> {
        let without_pixels = || DecodeError::malformed("a clean aperture without pixels");
        let (left, width) =
            span(self.width, self.horizontal_offset, size.width, Rounding::TowardsZero).ok_or_else(without_pixels)?;
        let (top, height) =
            span(self.height, self.vertical_offset, size.height, Rounding::HalfUp).ok_or_else(without_pixels)?;
        Ok(Rect { left, top, size: Size::new(width, height) })
    }
}

/// How libheif rounds the first column and the first row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    TowardsZero,
    HalfUp,
}

/// First pixel and number of pixels along one axis of `side` pixels, clipped to it; `None` when no pixel is left.
///
/// Numerators and denominators are below 2³¹ and sides below 2³², so each term is below 2⁹⁶ and the sums fit in 128
/// bits.
fn span(length: (u32, u32), offset: (i32, u32), side: u32, rounding: Rounding) -> Option<(u32, u32)> {
    let positive = |(n, d): (u32, u32)| {
        let fits = i32::try_from(n).is_ok() && i32::try_from(d).is_ok();
        (fits && d > 0).then_some((i128::from(n), i128::from(d)))
    };
    let (len, len_den) = positive(length)?;
    let (_, off_den) = positive((0, offset.1))?;
    let (off, side) = (i128::from(offset.0), i128::from(side));
    // first = offset + (side − 1) / 2 − (length − 1) / 2, over the common denominator.
    let den = 2 * off_den * len_den;
    let num = 2 * off * len_den + (side - 1) * off_den * len_den - (len - len_den) * off_den;
    let first = match rounding {
        Rounding::TowardsZero => num / den,
        Rounding::HalfUp => (num + den / 2) / den,
    };
    // last = first − 1 + length, the length rounded to the nearest integer.
    let last = ((first - 1) * len_den + len + len_den / 2) / len_den;
    let (first, last) = (first.max(0), last.min(side - 1));
    let count = last - first + 1;
    (count > 0).then_some(())?;
    Some((u32::try_from(first).ok()?, u32::try_from(count).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(400, 300);

    /// Offsets are in halves of a pixel.
    fn aperture(width: u32, height: u32, halves_right: i32, halves_down: i32) -> CleanAperture {
        let (horizontal_offset, vertical_offset) = ((halves_right, 2), (halves_down, 2));
        CleanAperture { width: (width, 1), height: (height, 1), horizontal_offset, vertical_offset }
    }

    fn kept(aperture: CleanAperture, size: Size) -> (u32, u32, u32, u32) {
        let Rect { left, top, size } = aperture.rect(size).unwrap();
        (left, top, size.width, size.height)
    }

    #[test]
    fn an_aperture_is_centred_and_offset() {
        assert_eq!(kept(aperture(200, 100, 0, 0), SIZE), (100, 100, 200, 100));
        assert_eq!(kept(aperture(200, 100, -200, -200), SIZE), (0, 0, 200, 100));
        assert_eq!(kept(aperture(200, 100, 200, 200), SIZE), (200, 200, 200, 100));
    }

    #[test]
    fn an_aperture_is_clipped_to_the_picture() {
        assert_eq!(kept(aperture(500, 400, 0, 0), SIZE), (0, 0, 400, 300));
        assert_eq!(kept(aperture(200, 100, 400, 0), SIZE), (300, 100, 100, 100));
    }

    #[test]
    fn half_a_pixel_is_cut_on_the_left_and_rounded_up_at_the_top() {
        // 3 of 4 pixels, centred: half a pixel is left on each side.
        assert_eq!(kept(aperture(3, 3, 0, 0), Size::new(4, 4)), (0, 1, 3, 3));
        // A length of 5/2 pixels is rounded to 3.
        let fraction = CleanAperture { width: (5, 2), height: (5, 2), ..aperture(0, 0, 0, 0) };
        assert_eq!(kept(fraction, Size::new(5, 5)), (1, 1, 3, 3));
    }

    #[test]
    fn apertures_without_pixels_are_malformed() {
        let none = CleanAperture { width: (1, 0), ..aperture(1, 1, 0, 0) };
        let no_offset = CleanAperture { vertical_offset: (0, 0), ..aperture(1, 1, 0, 0) };
        let outside = [aperture(0, 10, 0, 0), aperture(10, 10, 5000, 0), aperture(u32::MAX, 1, 0, 0), none, no_offset];
        for bad in outside {
            assert!(matches!(bad.rect(SIZE), Err(DecodeError::Malformed { .. })), "{bad:?}");
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let most = i32::MAX.cast_unsigned();
        let wide = CleanAperture { width: (most, 1), horizontal_offset: (i32::MIN, most), ..aperture(1, 1, 0, 0) };
        assert_eq!(kept(wide, Size::new(u32::MAX, 1)).2, most);
    }
}
