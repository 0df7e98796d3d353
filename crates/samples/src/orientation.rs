//! The eight ways in which a stored picture is turned to stand upright (Exif tag 0x0112, CIPA DC-008).

use crate::size::{Rect, Size};

/// How a stored picture is turned to stand upright: the eight values of Exif tag 0x0112 (CIPA DC-008).
///
/// ```
/// use image_ingest_samples::Orientation;
///
/// let turn = Orientation::from_exif(6);
/// assert_eq!(turn, Orientation::Rotate90);
/// assert_eq!(turn.then(Orientation::Rotate270), Orientation::Upright);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    MirrorHorizontal,
    /// 3: turned by 180°.
    Rotate180,
    /// 4: mirrored top to bottom.
    MirrorVertical,
    /// 5: mirrored along the main diagonal.
    Transpose,
    /// 6: the stored picture must be turned 90° clockwise.
    Rotate90,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: the stored picture must be turned 270° clockwise.
    Rotate270,
}

impl Orientation {
    /// The orientation of an Exif value. A value outside 1–8 counts as upright, as in other decoders.
    #[must_use]
    pub const fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::MirrorHorizontal,
            3 => Self::Rotate180,
            4 => Self::MirrorVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => Self::Upright,
        }
    }

    /// The Exif value, 1–8.
    #[must_use]
    pub const fn exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::MirrorHorizontal => 2,
            Self::Rotate180 => 3,
            Self::MirrorVertical => 4,
            Self::Transpose => 5,
            Self::Rotate90 => 6,
            Self::Transverse => 7,
            Self::Rotate270 => 8,
        }
    }

    /// Whether width and height change places.
    #[must_use]
    pub const fn swaps_axes(self) -> bool {
        self.parts().0
    }

    /// This turn followed by `next`.
    #[must_use]
    pub const fn then(self, next: Self) -> Self {
        let (t1, x1, y1) = self.parts();
        let (t2, x2, y2) = next.parts();
        // A mirror before a transposition is the mirror of the other axis after it. Two mirrors of one axis cancel out.
        let (x1, y1) = if t2 { (y1, x1) } else { (x1, y1) };
        Self::from_parts(t1 != t2, x1 != x2, y1 != y2)
    }

    /// The same turn in three steps, each taken or not: transpose first, then mirror left to right, then mirror top to
    /// bottom.
    #[must_use]
    pub const fn parts(self) -> (bool, bool, bool) {
        match self {
            Self::Upright => (false, false, false),
            Self::MirrorHorizontal => (false, true, false),
            Self::Rotate180 => (false, true, true),
            Self::MirrorVertical => (false, false, true),
            Self::Transpose => (true, false, false),
            Self::Rotate90 => (true, true, false),
            Self::Transverse => (true, true, true),
            Self::Rotate270 => (true, false, true),
        }
    }

    /// Where a rectangle of the upright picture, of size `displayed`, lies in the stored picture.
    ///
    /// ```
    /// use image_ingest_samples::{Orientation, Rect, Size};
    ///
    /// let upper_left = Rect { left: 0, top: 0, size: Size::new(2, 1) };
    /// let stored = Orientation::Rotate90.stored_rect(upper_left, Size::new(4, 3));
    /// assert_eq!(stored, Rect { left: 0, top: 2, size: Size::new(1, 2) });
    /// ```
    #[must_use]
    pub fn stored_rect(self, shown: Rect, displayed: Size) -> Rect {
        let (transpose, mirror_x, mirror_y) = self.parts();
        let left = if mirror_x { displayed.width - shown.left - shown.size.width } else { shown.left };
        let top = if mirror_y { displayed.height - shown.top - shown.size.height } else { shown.top };
        if transpose {
            Rect { left: top, top: left, size: shown.size.transposed() }
        } else {
            Rect { left, top, size: shown.size }
        }
    }

    const fn from_parts(transpose: bool, mirror_x: bool, mirror_y: bool) -> Self {
        match (transpose, mirror_x, mirror_y) {
            (false, false, false) => Self::Upright,
            (false, true, false) => Self::MirrorHorizontal,
            (false, true, true) => Self::Rotate180,
            (false, false, true) => Self::MirrorVertical,
            (true, false, false) => Self::Transpose,
            (true, true, false) => Self::Rotate90,
            (true, true, true) => Self::Transverse,
            (true, false, true) => Self::Rotate270,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exif_values_come_back_and_others_are_upright() {
        for value in 1..=8 {
            assert_eq!(u16::from(Orientation::from_exif(value).exif()), value);
        }
        for value in [0, 9, 256, u16::MAX] {
            assert_eq!(Orientation::from_exif(value), Orientation::Upright);
        }
    }

    #[test]
    fn values_5_to_8_swap_the_axes() {
        for value in 1..=8 {
            assert_eq!(Orientation::from_exif(value).swaps_axes(), value >= 5, "{value}");
        }
    }

    #[test]
    fn quarter_turns_add_up_and_mirrors_undo_themselves() {
        let (quarter, half) = (Orientation::Rotate90, Orientation::Rotate180);
        assert_eq!(quarter.then(quarter), half);
        assert_eq!(half.then(quarter), Orientation::Rotate270);
        for mirror in [2, 4, 5, 7].map(Orientation::from_exif) {
            assert_eq!(mirror.then(mirror), Orientation::Upright, "{mirror:?}");
        }
        assert_eq!(Orientation::MirrorHorizontal.then(quarter), Orientation::Transverse);
    }
}
