//! Folds the transformative properties of an item (ISO/IEC 23008-12 § 6.5.8–6.5.12), in the file's order, into one crop
//! of the stored picture and one turn after it.

use image_ingest_heif::{CleanAperture, MirrorAxis, Property};
use image_ingest_samples::{Rect, Size};

use super::refusal::refusal;
use crate::error::Result;
use crate::header::Orientation;
use crate::plan::stored_rect;

/// What is shown of a stored picture, and how it is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transform {
    pub(super) crop: Rect,
    pub(super) orientation: Orientation,
    /// Whether `irot` or `imir` is there, even where they leave the picture upright.
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

    /// Where a pixel of what is shown is stored. Both counts are from the top left corner.
    pub(super) fn stored(&self, x: u32, y: u32) -> (u32, u32) {
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
    /// `malformed` for a clean aperture without pixels.
    pub(super) fn then(mut self, properties: &[Property<'_>]) -> Result<Self> {
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
        let kept = aperture.rect(shown).map_err(refusal)?;
        let inner = stored_rect(kept, shown, self.orientation);
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
        assert_eq!(Transform::none(SIZE).then(&[aperture(0, 10, 0, 0)]).unwrap_err().code(), "malformed");
    }
}
