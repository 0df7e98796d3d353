//! Width and height in pixels, and rectangles of pixels.

/// Width then height, in pixels.
///
/// ```
/// use image_ingest_samples::Size;
///
/// let size = Size::new(4032, 3024);
/// assert_eq!((size.pixels(), size.longer(), size.transposed()), (12_192_768, 4032, Size::new(3024, 4032)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// A size of `width × height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// `width × height`. The product of two 32-bit numbers fits 64 bits.
    #[must_use]
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The longer side.
    #[must_use]
    pub const fn longer(self) -> u32 {
        if self.width > self.height { self.width } else { self.height }
    }

    /// The size after a quarter turn: width and height change places.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

/// A rectangle inside a picture: `left` and `top` of its first pixel, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Columns left of it.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
    /// Width and height.
    pub size: Size,
}

impl Rect {
    /// All of a picture of `size`.
    #[must_use]
    pub const fn whole(size: Size) -> Self {
        Self { left: 0, top: 0, size }
    }

    /// Whether it has pixels and lies inside a picture of size `outer`.
    #[must_use]
    pub fn fits_in(self, outer: Size) -> bool {
        let inside = |start: u32, len: u32, all: u32| len > 0 && start.checked_add(len).is_some_and(|end| end <= all);
        inside(self.left, self.size.width, outer.width) && inside(self.top, self.size.height, outer.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_fits_up_to_the_last_pixel_and_has_one() {
        let rect = |left, top, width, height| Rect { left, top, size: Size::new(width, height) };
        assert!(rect(1, 2, 3, 4).fits_in(Size::new(4, 6)));
        assert!(!rect(1, 2, 3, 4).fits_in(Size::new(3, 6)));
        assert!(!rect(1, 2, 3, 4).fits_in(Size::new(4, 5)));
        assert!(!rect(0, 0, 0, 4).fits_in(Size::new(4, 5)));
        assert!(!rect(u32::MAX, 0, 2, 1).fits_in(Size::new(u32::MAX, 1)));
    }
}
