//! Which part of a plane becomes the target, and which whole samples lie under it.
//!
//! A **window** is the part of a stored plane, in its samples and with fractions, that becomes the whole target. For
//! luma and interleaved samples it is the crop. For chroma it depends on two more things:
//!
//! - **Siting.** The reduced planes have centred chroma (JFIF, WebP). Where stored chroma is sited on the left luma
//!   column (HEVC's default) or on the top left luma sample, the window starts later.
//! - **Odd sizes.** A target of odd width has a last chroma sample that covers half a luma pixel more than there is.
//!   The window reaches as far past the edge, where the last sample repeats.
//!
//! An **extent** is the whole samples that a window touches along one axis. The filter sees these and none around them,
//! so nothing outside a crop shows in the result.

use std::ops::Range;

use image_ingest_samples::{Layout, Orientation, Rect, Siting, Size, WorkError, chroma_size};

use crate::axis::{Extent, StoredAxis};
use crate::result::Result;

/// A plane or raster, and what it becomes. Sizes and the window are those of the upright picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reduction {
    /// The size, in pixels.
    pub(crate) size: Size,
    pub(crate) layout: Layout,
    pub(crate) window: Window,
    /// The size of the result, in pixels.
    pub(crate) target: Size,
    /// How rows are turned to stand upright: those that come and those of the result.
    pub(crate) orientation: Orientation,
}

impl Reduction {
    /// A raster of `size`, of which `crop` becomes `target`.
    ///
    /// # Errors
    ///
    /// `internal` when the crop leaves the picture.
    pub(crate) fn raster(size: Size, layout: Layout, crop: Rect, target: Size) -> Result<Self> {
        let (window, orientation) = (Window::whole_pixels(crop), Orientation::Upright);
        Self { size, layout, window, target, orientation }.checked(crop.fits_in(size))
    }

    /// The luma plane of a picture of `size`.
    ///
    /// # Errors
    ///
    /// As [`Self::raster`].
    pub(crate) fn luma(size: Size, crop: Rect, target: Size) -> Result<Self> {
        Self::raster(size, Layout::Gray, crop, target)
    }

    /// A chroma plane of a picture of `size` luma samples. `crop` and `target` are those of luma; the result lies on
    /// `grid`.
    ///
    /// # Errors
    ///
    /// As [`Self::raster`].
    pub(crate) fn chroma(
        size: Size,
        subsampling: (u8, u8),
        siting: Siting,
        crop: Rect,
        target: Size,
        grid: ChromaGrid,
    ) -> Result<Self> {
        let (window, target) = Window::chroma(subsampling, siting, crop, target, grid)?;
        let (stored, orientation) = (chroma_size(size, subsampling), Orientation::Upright);
        Self { size: stored, layout: Layout::Gray, window, target, orientation }.checked(crop.fits_in(size))
    }

    /// Whether the result is the stored plane.
    pub(crate) fn is_identity(&self) -> bool {
        self.size == self.target && self.window == Window::whole_pixels(Rect::whole(self.size))
    }

    /// The same of a picture that is stored otherwise.
    pub(crate) fn stored_as(self, orientation: Orientation) -> Self {
        Self { orientation, ..self }
    }

    /// The axis along stored rows, and that across them.
    pub(crate) fn stored_axes(&self) -> [StoredAxis; 2] {
        let Self { size, window: Window { x, y }, target, .. } = *self;
        let (transpose, mirror_x, mirror_y) = self.orientation.parts();
        let x = StoredAxis { extent: x, samples: size.width, target: target.width, is_mirrored: mirror_x };
        let y = StoredAxis { extent: y, samples: size.height, target: target.height, is_mirrored: mirror_y };
        if transpose { [y, x] } else { [x, y] }
    }

    /// Samples of a stored row.
    pub(crate) fn row_len(&self) -> usize {
        self.stored_axes()[0].samples as usize * self.layout.channels()
    }

    /// The samples of a stored row that the window touches, as far as the row has them.
    pub(crate) fn used_columns(&self) -> Range<usize> {
        let (used, channels) = (self.stored_axes()[0].used(), self.layout.channels());
        used.start * channels..used.end * channels
    }

    /// This reduction, if the crop fits and the window starts inside the stored plane.
    fn checked(self, fits: bool) -> Result<Self> {
        let Window { x, y } = self.window;
        if fits && self.target.pixels() > 0 && x.start < self.size.width && y.start < self.size.height {
            Ok(self)
        } else {
            Err(WorkError::internal("the crop leaves the decoded picture"))
        }
    }
}

/// The chroma grid of reduced planes.
///
/// ```
/// use image_ingest_resize::ChromaGrid;
///
/// assert_eq!((ChromaGrid::Half.factor(), ChromaGrid::Full.factor()), (2, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChromaGrid {
    /// ⌈width / 2⌉ × ⌈height / 2⌉ samples, centred, as an encoder of 4:2:0 takes them.
    Half,
    /// One chroma sample for each luma sample, for the conversion to RGB.
    Full,
}

impl ChromaGrid {
    /// Luma samples for each chroma sample along an axis.
    #[must_use]
    pub fn factor(self) -> u8 {
        match self {
            Self::Half => 2,
            Self::Full => 1,
        }
    }
}

/// The part of a plane that becomes the whole target, in the samples of the plane.
///
/// It may reach past the right and the lower edge, where the last sample repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) x: Extent,
    pub(crate) y: Extent,
}

impl Window {
    /// The window of a rectangle of whole pixels.
    pub(crate) fn whole_pixels(rect: Rect) -> Self {
        let extent =
            |start: u32, len: u32| Extent { start, end: start.saturating_add(len), offset: 0.0, len: len.into() };
        Self { x: extent(rect.left, rect.size.width), y: extent(rect.top, rect.size.height) }
    }

    /// Where the chroma grid of the target lies on a stored chroma plane, and the size of that grid.
    ///
    /// With a subsampling factor of `h` the centred chroma sample `i` covers the luma samples from `h·i` to `h·(i +
    /// 1)`. Sited on the left luma column its centre lies `(h − 1) / 2` luma samples earlier, which is `½ − ½ / h`
    /// chroma samples. So the window starts that much later.
    pub(crate) fn chroma(
        (h, v): (u8, u8),
        siting: Siting,
        crop: Rect,
        target: Size,
        grid: ChromaGrid,
    ) -> Result<(Self, Size)> {
        let factor = grid.factor();
        let size = chroma_size(target, (factor, factor));
        let (h, v) = (f64::from(h), f64::from(v));
        let late = |factor: f64| 0.5 - 0.5 / factor;
        let (late_x, late_y) = match siting {
            Siting::Centred => (0.0, 0.0),
            Siting::Left => (late(h), 0.0),
            Siting::TopLeft => (late(h), late(v)),
        };
        let span = |grid: u32, crop: u32, target: u32, stored: f64| {
            // Luma samples of the crop, times how far the grid reaches past the target, in stored chroma samples. The
            // quotient is exactly 1 where the grid is not rounded up.
            f64::from(crop) * (f64::from(grid) * f64::from(factor) / f64::from(target)) / stored
        };
        let width = span(size.width, crop.size.width, target.width, h);
        let height = span(size.height, crop.size.height, target.height, v);
        let x = Extent::new(f64::from(crop.left) / h + late_x, width)?;
        let y = Extent::new(f64::from(crop.top) / v + late_y, height)?;
        Ok((Self { x, y }, size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chroma(size: (u32, u32), factors: (u8, u8), siting: Siting, target: (u32, u32), grid: ChromaGrid) -> Reduction {
        let (size, target) = (Size::new(size.0, size.1), Size::new(target.0, target.1));
        Reduction::chroma(size, factors, siting, Rect::whole(size), target, grid).unwrap()
    }

    fn extent(start: u32, end: u32, offset: f64, len: f64) -> Extent {
        Extent { start, end, offset, len }
    }

    #[test]
    fn an_extent_is_the_whole_samples_that_a_window_touches() {
        let window = Window::whole_pixels(Rect { left: 3, top: 1, size: Size::new(4, 2) });
        assert_eq!((window.x, window.y), (extent(3, 7, 0.0, 4.0), extent(1, 3, 0.0, 2.0)));
        assert_eq!(Extent::new(2.25, 3.5).unwrap(), extent(2, 6, 0.25, 3.5));
    }

    #[test]
    fn centred_chroma_at_its_own_grid_is_the_identity() {
        for (size, factors) in [((8, 6), (2, 2)), ((7, 5), (2, 2)), ((1, 1), (2, 2))] {
            let part = chroma(size, factors, Siting::Centred, size, ChromaGrid::Half);
            assert!(part.is_identity(), "{part:?}");
        }
        assert!(chroma((7, 5), (1, 1), Siting::Left, (7, 5), ChromaGrid::Full).is_identity());
    }

    /// Left-sited chroma of 4:2:0 lies a quarter of a chroma sample to the left of the centred grid.
    #[test]
    fn sited_chroma_starts_later() {
        let left = chroma((8, 8), (2, 2), Siting::Left, (8, 8), ChromaGrid::Half).window;
        assert_eq!((left.x, left.y), (extent(0, 5, 0.25, 4.0), extent(0, 4, 0.0, 4.0)));
        let corner = chroma((8, 8), (2, 2), Siting::TopLeft, (8, 8), ChromaGrid::Half).window;
        assert_eq!((corner.x, corner.y), (extent(0, 5, 0.25, 4.0), extent(0, 5, 0.25, 4.0)));
        let quarter = chroma((8, 8), (4, 1), Siting::Left, (8, 8), ChromaGrid::Half).window;
        assert_eq!((quarter.x, quarter.y), (extent(0, 3, 0.375, 2.0), extent(0, 8, 0.0, 8.0)));
    }

    /// 10 luma samples to 5: the third chroma sample of the target covers luma 8 to 12.
    #[test]
    fn an_odd_target_reaches_past_the_edge() {
        let part = chroma((10, 10), (2, 2), Siting::Centred, (5, 5), ChromaGrid::Half);
        assert_eq!((part.size, part.target), (Size::new(5, 5), Size::new(3, 3)));
        assert_eq!((part.window.x, part.window.y), (extent(0, 6, 0.0, 6.0), extent(0, 6, 0.0, 6.0)));
        assert_eq!(part.used_columns(), 0..5);
    }

    #[test]
    fn the_full_grid_enlarges_subsampled_chroma() {
        let part = chroma((8, 8), (2, 2), Siting::Centred, (8, 8), ChromaGrid::Full);
        assert_eq!((part.size, part.target), (Size::new(4, 4), Size::new(8, 8)));
        assert_eq!(part.window.x, Extent::whole(4));
    }

    #[test]
    fn crops_of_luma_are_windows_of_chroma() {
        let (size, crop) = (Size::new(20, 20), Rect { left: 6, top: 3, size: Size::new(8, 8) });
        let part = Reduction::chroma(size, (2, 2), Siting::Centred, crop, Size::new(4, 4), ChromaGrid::Half).unwrap();
        assert_eq!((part.window.x, part.window.y), (extent(3, 7, 0.0, 4.0), extent(1, 6, 0.5, 4.0)));
    }

    #[test]
    fn a_crop_that_leaves_the_picture_is_internal() {
        let size = Size::new(10, 10);
        for (left, width, target) in [(0, 11, 5), (3, 8, 5), (0, 0, 5), (0, 10, 0)] {
            let crop = Rect { left, top: 0, size: Size::new(width, 10) };
            assert!(Reduction::luma(size, crop, Size::new(target, 5)).is_err());
        }
    }
}
