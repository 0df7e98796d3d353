//! The part of a plane that becomes the whole target, and the whole samples under it.

use std::ops::Range;

use image_ingest_samples::{Layout, Rect, Siting, Size, WorkError, chroma_size};

use crate::result::Result;

/// A plane or raster as stored, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reduction {
    /// Pixels as stored.
    pub(crate) size: Size,
    pub(crate) layout: Layout,
    pub(crate) window: Window,
    /// Pixels of the result.
    pub(crate) target: Size,
}

impl Reduction {
    /// A raster of `size`, of which `crop` becomes `target`.
    ///
    /// # Errors
    ///
    /// `internal` when the crop leaves the picture.
    pub(crate) fn raster(size: Size, layout: Layout, crop: Rect, target: Size) -> Result<Self> {
        Self { size, layout, window: Window::whole_pixels(crop), target }.checked(crop.fits_in(size))
    }

    /// The luma plane of a picture of `size`.
    ///
    /// # Errors
    ///
    /// As [`Self::raster`].
    pub(crate) fn luma(size: Size, crop: Rect, target: Size) -> Result<Self> {
        Self::raster(size, Layout::Gray, crop, target)
    }

    /// A chroma plane of a picture of `size`, whose crop and target are those of luma; the result lies on `grid`.
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
        let stored = chroma_size(size, subsampling);
        Self { size: stored, layout: Layout::Gray, window, target }.checked(crop.fits_in(size))
    }

    /// Whether the result is what is stored.
    pub(crate) fn is_identity(&self) -> bool {
        self.size == self.target && self.window == Window::whole_pixels(Rect::whole(self.size))
    }

    /// Samples of a stored row.
    pub(crate) fn row_len(&self) -> usize {
        self.size.width as usize * self.layout.channels()
    }

    /// The samples of a stored row that the window touches.
    pub(crate) fn used_columns(&self) -> Range<usize> {
        let (x, channels) = (self.window.x, self.layout.channels());
        x.start as usize * channels..x.end.min(self.size.width) as usize * channels
    }

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChromaGrid {
    /// ⌈width / 2⌉ × ⌈height / 2⌉, centred: what an encoder of 4:2:0 takes.
    Half,
    /// One chroma sample per luma sample: what becomes RGB.
    Full,
}

impl ChromaGrid {
    /// Luma samples to a chroma sample, per axis.
    #[must_use]
    pub fn factor(self) -> u8 {
        match self {
            Self::Half => 2,
            Self::Full => 1,
        }
    }
}

/// The part of a plane that becomes the whole target, in the plane's samples; it may reach past the right and lower
/// edges, where the edge sample repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) x: Extent,
    pub(crate) y: Extent,
}

/// The whole samples that a window touches along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extent {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The window within `start..end`.
    pub(crate) offset: f64,
    pub(crate) len: f64,
}

impl Window {
    pub(crate) fn whole_pixels(rect: Rect) -> Self {
        let extent =
            |start: u32, len: u32| Extent { start, end: start.saturating_add(len), offset: 0.0, len: len.into() };
        Self { x: extent(rect.left, rect.size.width), y: extent(rect.top, rect.size.height) }
    }

    /// Where the target's chroma grid lies on a stored chroma plane.
    ///
    /// A stored chroma sample `i` of factor `h` covers luma `[h·i, h·(i + 1))` where it is centred; sited on the left luma
    /// column it lies `(h − 1) / 2` luma samples earlier, so the window starts that much later.
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
            // The first quotient is exactly 1 where the grid is not rounded up.
            f64::from(crop) * (f64::from(grid) * f64::from(factor) / f64::from(target)) / stored
        };
        let width = span(size.width, crop.size.width, target.width, h);
        let height = span(size.height, crop.size.height, target.height, v);
        let x = Extent::new(f64::from(crop.left) / h + late_x, width)?;
        let y = Extent::new(f64::from(crop.top) / v + late_y, height)?;
        Ok((Self { x, y }, size))
    }
}

impl Extent {
    /// All of an axis.
    pub(crate) fn whole(samples: u32) -> Self {
        Self { start: 0, end: samples, offset: 0.0, len: samples.into() }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the assertion's range")]
    fn new(start: f64, len: f64) -> Result<Self> {
        // A rounding error of the division is no further sample.
        let end = (start + len - 1e-6).ceil();
        if !(start >= 0.0 && len > 0.0 && end <= f64::from(u32::MAX)) {
            return Err(WorkError::internal("a resize window outside the picture"));
        }
        let offset = start - start.floor();
        let len = len.min(end - start.floor() - offset);
        Ok(Self { start: start.floor() as u32, end: end as u32, offset, len })
    }

    /// Whether `target` samples are those of the extent, one by one.
    pub(crate) fn is_identity(&self, target: u32) -> bool {
        self.offset == 0.0 && self.len == f64::from(target)
    }

    pub(crate) fn samples(&self) -> u32 {
        self.end - self.start
    }
}
