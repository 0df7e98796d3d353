//! Folds the transformative properties of an item (ISO/IEC 23008-12 § 6.5.8–6.5.12), in the file's order, into one crop
//! of the stored picture and one turn after it.

use image_ingest_samples::{Rect, Size};

use super::boxes::malformed;
use super::properties::{Axis, CleanAperture, Property};
use crate::error::Result;
use crate::header::Orientation;
use crate::plan::stored_rect;

/// What is shown of a stored picture, and how it is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transform {
    pub(super) crop: Rect,
    pub(super) orientation: Orientation,
    /// Whether `irot` or `imir` says so, an upright picture included.
    pub(super) is_said: bool,
}

impl Transform {
    pub(super) fn none(size: Size) -> Self {
        Self { crop: Rect::whole(size), orientation: Orientation::Upright, is_said: false }
    }

    pub(super) fn is_none(&self, size: Size) -> bool {
        (self.crop, self.orientation) == (Rect::whole(size), Orientation::Upright)
    }

    /// The size as shown.
    pub(super) fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.crop.size.transposed() } else { self.crop.size }
    }

    /// This, followed by an item's own properties.
    ///
    /// # Errors
    ///
    /// `malformed` for a clean aperture without pixels.
    pub(super) fn then(mut self, properties: &[Property<'_>]) -> Result<Self> {
        for property in properties {
            self.is_said |= matches!(property, Property::Rotate(_) | Property::Mirror(_));
            match *property {
                Property::Crop(aperture) => self = self.cropped(&aperture)?,
                Property::Rotate(turns) => self.orientation = self.orientation.then(anticlockwise(turns)),
                Property::Mirror(Axis::LeftRight) => {
                    self.orientation = self.orientation.then(Orientation::MirrorHorizontal);
                }
                Property::Mirror(Axis::TopBottom) => {
                    self.orientation = self.orientation.then(Orientation::MirrorVertical);
                }
                _ => {}
            }
        }
        Ok(self)
    }

    fn cropped(self, aperture: &CleanAperture) -> Result<Self> {
        let shown = self.size();
        let invalid = || malformed("a clean aperture without pixels");
        let (left, width) =
            span(aperture.width, aperture.horizontal_offset, shown.width, Rounding::TowardsZero).ok_or_else(invalid)?;
        let (top, height) =
            span(aperture.height, aperture.vertical_offset, shown.height, Rounding::HalfUp).ok_or_else(invalid)?;
        let inner = stored_rect(Rect { left, top, size: Size::new(width, height) }, shown, self.orientation);
        let (left, top) = (self.crop.left + inner.left, self.crop.top + inner.top);
        Ok(Self { crop: Rect { left, top, size: inner.size }, ..self })
    }
}

fn anticlockwise(turns: u8) -> Orientation {
    match turns & 3 {
        1 => Orientation::Rotate270,
        2 => Orientation::Rotate180,
        3 => Orientation::Rotate90,
        _ => Orientation::Upright,
    }
}

/// The specification leaves rounding open; libheif (`Box_clap`), which sets the practice, rounds left and top differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    TowardsZero,
    HalfUp,
}

/// First pixel and length of a clean aperture along one axis of `side` pixels, clipped to it; `None` when nothing is left.
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

    fn aperture(width: u32, height: u32, x2: i32, y2: i32) -> Property<'static> {
        Property::Crop(CleanAperture {
            width: (width, 1),
            height: (height, 1),
            horizontal_offset: (x2, 2),
            vertical_offset: (y2, 2),
        })
    }

    fn fold(properties: &[Property<'_>]) -> (Rect, Orientation) {
        let t = Transform::none(SIZE).then(properties).unwrap();
        (t.crop, t.orientation)
    }

    fn rect(left: u32, top: u32, width: u32, height: u32) -> Rect {
        Rect { left, top, size: Size::new(width, height) }
    }

    #[test]
    fn irot_counts_anticlockwise() {
        assert_eq!(fold(&[Property::Rotate(1)]).1, Orientation::Rotate270);
        assert_eq!(fold(&[Property::Rotate(3)]).1, Orientation::Rotate90);
        assert_eq!(fold(&[Property::Rotate(3), Property::Rotate(1)]).1, Orientation::Upright);
    }

    #[test]
    fn the_order_of_turn_and_mirror_matters() {
        let (turn, mirror) = (Property::Rotate(3), Property::Mirror(Axis::LeftRight));
        assert_eq!(fold(&[turn, mirror]).1, Orientation::Transpose);
        assert_eq!(fold(&[mirror, turn]).1, Orientation::Transverse);
    }

    #[test]
    fn an_aperture_is_centred_and_offset() {
        assert_eq!(fold(&[aperture(200, 100, 0, 0)]).0, rect(100, 100, 200, 100));
        assert_eq!(fold(&[aperture(200, 100, -200, -200)]).0, rect(0, 0, 200, 100));
        assert_eq!(fold(&[aperture(200, 100, 200, 200)]).0, rect(200, 200, 200, 100));
    }

    #[test]
    fn an_aperture_is_clipped_to_the_picture() {
        assert_eq!(fold(&[aperture(500, 400, 0, 0)]).0, rect(0, 0, 400, 300));
        assert_eq!(fold(&[aperture(200, 100, 400, 0)]).0, rect(300, 100, 100, 100));
    }

    #[test]
    fn an_aperture_after_a_turn_is_in_turned_axes() {
        // The upper left 100 × 50 of the picture turned clockwise is the lower left 50 × 100 of the stored one.
        let upper_left = aperture(100, 50, -200, -350);
        let turned = [Property::Rotate(3), upper_left];
        assert_eq!(fold(&turned), (rect(0, 200, 50, 100), Orientation::Rotate90));
    }

    #[test]
    fn apertures_repeat() {
        assert_eq!(fold(&[aperture(200, 100, 0, 0), aperture(100, 50, -100, -50)]).0, rect(100, 100, 100, 50));
    }

    #[test]
    fn apertures_without_pixels_are_malformed() {
        let zero_denominator = Property::Crop(CleanAperture {
            width: (1, 0),
            height: (1, 1),
            horizontal_offset: (0, 1),
            vertical_offset: (0, 1),
        });
        for bad in [aperture(0, 10, 0, 0), aperture(10, 10, 5000, 0), aperture(u32::MAX, 1, 0, 0), zero_denominator] {
            assert_eq!(Transform::none(SIZE).then(&[bad]).unwrap_err().code(), "malformed");
        }
    }
}
