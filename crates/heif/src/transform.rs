//! Folds the transformative properties of an item (ISO/IEC 23008-12 § 6.5.8–6.5.12), in the file's order, into one crop
//! of the stored picture and one turn after it.

use image_ingest_samples::{Orientation, Rect, Size};

use crate::aperture::CleanAperture;
use crate::properties::{MirrorAxis, Property};
use crate::result::Result;

/// What is shown of a stored picture, and how it is turned.
///
/// ```
/// use image_ingest_heif::{Property, Transform};
/// use image_ingest_samples::{Orientation, Size};
///
/// let turned = Transform::none(Size::new(4, 3)).then(&[Property::Rotate(3)])?;
/// assert_eq!((turned.orientation, turned.size()), (Orientation::Rotate90, Size::new(3, 4)));
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transform {
    /// What is shown, in stored axes.
    pub crop: Rect,
    /// How that is turned.
    pub orientation: Orientation,
    /// Whether `irot` or `imir` is there, even where they leave the picture upright.
    pub is_said: bool,
}

impl Transform {
    /// The whole of a picture of `size`, as stored.
    #[must_use]
    pub fn none(size: Size) -> Self {
        Self { crop: Rect::whole(size), orientation: Orientation::Upright, is_said: false }
    }

    /// Whether this is [`Self::none`] of `size`.
    #[must_use]
    pub fn is_none(&self, size: Size) -> bool {
        (self.crop, self.orientation) == (Rect::whole(size), Orientation::Upright)
    }

    /// The size as shown.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.crop.size.transposed() } else { self.crop.size }
    }

    /// Where a pixel of what is shown is stored. Both counts are from the top left corner.
    #[must_use]
    pub fn stored(&self, x: u32, y: u32) -> (u32, u32) {
        let (transpose, mirror_x, mirror_y) = self.orientation.parts();
        let shown = self.size();
        let x = if mirror_x { shown.width - 1 - x } else { x };
        let y = if mirror_y { shown.height - 1 - y } else { y };
        let (x, y) = if transpose { (y, x) } else { (x, y) };
        (self.crop.left + x, self.crop.top + y)
    }

    /// This, followed by an item's own properties.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`](image_ingest_samples::DecodeError::Malformed) for a clean aperture without pixels.
    pub fn then(mut self, properties: &[Property<'_>]) -> Result<Self> {
        for property in properties {
            self.is_said |= matches!(property, Property::Rotate(_) | Property::Mirror(_));
            match *property {
                Property::Crop(aperture) => self = self.cropped(&aperture)?,
                Property::Rotate(turns) => self.orientation = self.orientation.then(anticlockwise(turns)),
                Property::Mirror(MirrorAxis::LeftRight) => {
                    self.orientation = self.orientation.then(Orientation::MirrorHorizontal);
                }
                Property::Mirror(MirrorAxis::TopBottom) => {
                    self.orientation = self.orientation.then(Orientation::MirrorVertical);
                }
                _ => {}
            }
        }
        Ok(self)
    }

    /// An aperture is in the axes of what is shown; the crop is in stored axes.
    fn cropped(self, aperture: &CleanAperture) -> Result<Self> {
        let shown = self.size();
        let kept = aperture.rect(shown)?;
        let inner = self.orientation.stored_rect(kept, shown);
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

#[cfg(test)]
mod tests {
    use image_ingest_samples::DecodeError;

    use super::*;

    const SIZE: Size = Size::new(400, 300);

    fn aperture(width: u32, height: u32, halves_right: i32, halves_down: i32) -> Property<'static> {
        Property::Crop(CleanAperture {
            width: (width, 1),
            height: (height, 1),
            horizontal_offset: (halves_right, 2),
            vertical_offset: (halves_down, 2),
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
        let (turn, mirror) = (Property::Rotate(3), Property::Mirror(MirrorAxis::LeftRight));
        assert_eq!(fold(&[turn, mirror]).1, Orientation::Transpose);
        assert_eq!(fold(&[mirror, turn]).1, Orientation::Transverse);
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
        let none = Transform::none(SIZE).then(&[aperture(0, 10, 0, 0)]);
        assert!(matches!(none, Err(DecodeError::Malformed { .. })));
    }
}
