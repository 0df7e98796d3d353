//! Crops and reduces decoded samples to the canonical size, in stored axes, with an antialiased Catmull-Rom filter.

use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, ImageError, MulDiv, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::{Error, Result};
use crate::pixels::{Chroma, Layout, Planes, Raster, Samples, Siting, chroma_size, count, zeroed};
use crate::size::{Rect, Size};

/// The chroma grid of reduced planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChromaGrid {
    /// ⌈width / 2⌉ × ⌈height / 2⌉, centred: what the encoder takes.
    Half,
    /// One chroma sample per luma sample: what becomes RGB.
    Full,
}

/// Reduces the `crop` of planes to `target`, every chroma subsampling and siting straight to `grid`.
///
/// # Errors
///
/// `out_of_memory`; `internal` when the crop leaves the picture.
pub(crate) fn reduce_planes(planes: Planes, crop: Rect, target: Size, grid: ChromaGrid) -> Result<Planes> {
    let mut resizer = Resizer::new();
    let size = planes.size;
    let luma = resize(&mut resizer, planes.luma, size, Layout::Gray, Window::whole_pixels(crop), target)?;
    let chroma = match planes.chroma {
        None => None,
        Some(chroma) => {
            let (grid_factor, grid_size) = match grid {
                ChromaGrid::Half => (2, chroma_size(target, (2, 2))),
                ChromaGrid::Full => (1, target),
            };
            let from = chroma_size(size, chroma.subsampling);
            let window = chroma_window(&chroma, crop, target, grid_factor, grid_size);
            let mut plane = |samples| resize(&mut resizer, samples, from, Layout::Gray, window, grid_size);
            let (cb, cr) = (plane(chroma.cb)?, plane(chroma.cr)?);
            Some(Chroma { cb, cr, subsampling: (grid_factor, grid_factor), siting: Siting::Centred })
        }
    };
    Planes { size: target, luma, chroma, ..planes }.checked()
}

/// Reduces the `crop` of a raster to `target`; alpha is premultiplied for the filter and divided out again.
///
/// # Errors
///
/// `out_of_memory`; `internal` when the crop leaves the picture.
pub(crate) fn reduce_raster(raster: Raster, crop: Rect, target: Size) -> Result<Raster> {
    let Raster { size, layout, mut samples } = raster;
    let window = Window::whole_pixels(crop);
    if window.is_identity(size, target) {
        return Raster::new(size, layout, samples);
    }
    if layout == Layout::Rgba {
        with_alpha(&mut samples, size, |alpha, image| alpha.multiply_alpha_inplace(image))?;
    }
    let mut samples = resize(&mut Resizer::new(), samples, size, layout, window, target)?;
    if layout == Layout::Rgba {
        with_alpha(&mut samples, target, |alpha, image| alpha.divide_alpha_inplace(image))?;
    }
    Raster::new(target, layout, samples)
}

/// The part of a plane that becomes the whole target, in the plane's samples; it may reach past the right and lower
/// edges, where the edge sample repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Window {
    fn whole_pixels(rect: Rect) -> Self {
        let Size { width, height } = rect.size;
        Self { left: rect.left.into(), top: rect.top.into(), width: width.into(), height: height.into() }
    }

    fn is_identity(&self, size: Size, target: Size) -> bool {
        size == target && *self == Self::whole_pixels(Rect::whole(size))
    }
}

/// Where the target's chroma grid lies on the stored chroma plane.
///
/// A stored chroma sample `i` of factor `h` covers luma `[h·i, h·(i + 1))` where it is centred; sited on the left luma
/// column it lies `(h − 1) / 2` luma samples earlier, so the window starts that much later.
fn chroma_window(chroma: &Chroma, crop: Rect, target: Size, grid_factor: u8, grid: Size) -> Window {
    let (h, v) = (f64::from(chroma.subsampling.0), f64::from(chroma.subsampling.1));
    let late = |factor: f64| 0.5 - 0.5 / factor;
    let (late_x, late_y) = match chroma.siting {
        Siting::Centred => (0.0, 0.0),
        Siting::Left => (late(h), 0.0),
        Siting::TopLeft => (late(h), late(v)),
    };
    let span = |grid: u32, crop: u32, target: u32, factor: f64| {
        // The first quotient is exactly 1 where the grid is not rounded up.
        f64::from(crop) * (f64::from(grid) * f64::from(grid_factor) / f64::from(target)) / factor
    };
    Window {
        left: f64::from(crop.left) / h + late_x,
        top: f64::from(crop.top) / v + late_y,
        width: span(grid.width, crop.size.width, target.width, h),
        height: span(grid.height, crop.size.height, target.height, v),
    }
}

/// Resizes one buffer; a view of whole samples around the window keeps the filter inside the crop.
fn resize(
    resizer: &mut Resizer,
    samples: Samples,
    size: Size,
    layout: Layout,
    window: Window,
    target: Size,
) -> Result<Samples> {
    if window.is_identity(size, target) {
        return Ok(samples);
    }
    let (x, y) = (Extent::new(window.left, window.width)?, Extent::new(window.top, window.height)?);
    let (samples, size) = extend_edges(samples, size, layout, x.end, y.end)?;
    let pixel_type = pixel_type(&samples, layout);
    let len = count(target, layout.channels()).ok_or_else(too_large)?;
    let mut out = match &samples {
        Samples::U8(_) => Samples::U8(zeroed(len)?),
        Samples::U16(_) => Samples::U16(zeroed(len)?),
    };
    let source = ImageRef::new(size.width, size.height, bytes(&samples), pixel_type).map_err(broken)?;
    let view = CroppedImage::new(&source, x.start, y.start, x.end - x.start, y.end - y.start).map_err(broken)?;
    let mut to = Image::from_slice_u8(target.width, target.height, bytes_mut(&mut out), pixel_type).map_err(broken)?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false)
        .crop(x.offset, y.offset, x.len, y.len);
    resizer.resize(&view, &mut to, &options).map_err(broken)?;
    Ok(out)
}

/// The whole samples that a window touches along one axis.
#[derive(Clone, Copy)]
struct Extent {
    start: u32,
    end: u32,
    /// The window within `start..end`.
    offset: f64,
    len: f64,
}

impl Extent {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the assertion's range")]
    fn new(start: f64, len: f64) -> Result<Self> {
        // A rounding error of the division is no further sample.
        let end = (start + len - 1e-6).ceil();
        if !(start >= 0.0 && len > 0.0 && end <= f64::from(u32::MAX)) {
            return Err(Error::internal("a resize window outside the picture"));
        }
        let offset = start - start.floor();
        let len = len.min(end - start.floor() - offset);
        Ok(Self { start: start.floor() as u32, end: end as u32, offset, len })
    }
}

/// Repeats the last column and row until the buffer reaches `right` and `bottom`.
fn extend_edges(samples: Samples, size: Size, layout: Layout, right: u32, bottom: u32) -> Result<(Samples, Size)> {
    let extended = Size::new(size.width.max(right), size.height.max(bottom));
    if extended == size {
        return Ok((samples, size));
    }
    let samples = match samples {
        Samples::U8(v) => Samples::U8(repeat_edges(&v, size, layout.channels(), extended)?),
        Samples::U16(v) => Samples::U16(repeat_edges(&v, size, layout.channels(), extended)?),
    };
    Ok((samples, extended))
}

fn repeat_edges<T: Copy + Default>(samples: &[T], size: Size, channels: usize, to: Size) -> Result<Vec<T>> {
    let mut out = zeroed(count(to, channels).ok_or_else(too_large)?)?;
    let (row_len, out_len) = (size.width as usize * channels, to.width as usize * channels);
    let rows = samples.chunks_exact(row_len);
    let last = rows.clone().next_back().unwrap_or_default();
    for (row, out) in rows.chain(std::iter::repeat(last)).zip(out.chunks_exact_mut(out_len)) {
        out[..row_len].copy_from_slice(row);
        let pixel = &row[row_len - channels..];
        out[row_len..].chunks_exact_mut(channels).for_each(|p| p.copy_from_slice(pixel));
    }
    Ok(out)
}

fn with_alpha(
    samples: &mut Samples,
    size: Size,
    apply: impl Fn(&MulDiv, &mut Image<'_>) -> Result<(), ImageError>,
) -> Result<()> {
    let pixel_type = pixel_type(samples, Layout::Rgba);
    let mut image = Image::from_slice_u8(size.width, size.height, bytes_mut(samples), pixel_type).map_err(broken)?;
    apply(&MulDiv::new(), &mut image).map_err(broken)
}

fn pixel_type(samples: &Samples, layout: Layout) -> PixelType {
    match (samples, layout.channels()) {
        (Samples::U8(_), 1) => PixelType::U8,
        (Samples::U8(_), 3) => PixelType::U8x3,
        (Samples::U8(_), _) => PixelType::U8x4,
        (Samples::U16(_), 1) => PixelType::U16,
        (Samples::U16(_), 3) => PixelType::U16x3,
        (Samples::U16(_), _) => PixelType::U16x4,
    }
}

fn bytes(samples: &Samples) -> &[u8] {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(v) => bytemuck::cast_slice(v),
    }
}

fn bytes_mut(samples: &mut Samples) -> &mut [u8] {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(v) => bytemuck::cast_slice_mut(v),
    }
}

fn broken(error: impl Into<crate::error::BoxError>) -> Error {
    Error::internal(format!("resize: {}", error.into()))
}

fn too_large() -> Error {
    Error::internal("a plane beyond the address space")
}
