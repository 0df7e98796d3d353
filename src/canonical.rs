//! Turns decoded pixels into the canonical image: cropped, reduced, sRGB, opaque.
//!
//! It still lies as it was stored. Whoever reads its rows makes them upright: the JPEG encoder a row of MCUs at a time.
//!
//! The order of the steps is written here and nowhere else. What each does to samples is in the engines.
//!
//! Planes of 8-bit BT.601 that need no colour conversion go to the encoder as planes. Everything else becomes RGB, and
//! does so at canonical size: chroma is reduced or enlarged straight to that grid, so the colour engine sees few
//! pixels.

use image_ingest_color::{compose, expand_range, to_rgb, to_srgb};
use image_ingest_resize::{ChromaGrid, reduce_planes, reduce_raster};
use image_ingest_samples::{
    CpuTimer, Layout, Orientation, Planes, Range, Raster, Rect, Samples, Size, StoredPixels, Workers, chroma_size,
    sample_count,
};

use crate::error::{Error, Result};
use crate::pixels::{Pixels, RowKind};
use crate::plan::Plan;

/// The canonical image before encoding: samples and nothing else.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Canonical {
    /// Width and height of the samples as they lie.
    pub stored_size: Size,
    /// How they are turned to stand upright.
    pub orientation: Orientation,
    /// 8-bit sRGB samples, rows tight.
    pub samples: CanonicalSamples,
    /// Whether any pixel was transparent and shows the matte.
    pub alpha_composed: bool,
    /// Stored pixels, per side, for each pixel that the codec gave: 1, or the divisor of the DCT scale.
    pub scale_divisor: u32,
}

/// The samples of a [`Canonical`].
#[derive(Clone, PartialEq)]
pub enum CanonicalSamples {
    /// Interleaved red, green, blue.
    Rgb(Vec<u8>),
    /// One component; encoded as three.
    Gray(Vec<u8>),
    /// Full-range BT.601 planes; chroma is ⌈width / 2⌉ × ⌈height / 2⌉, centred.
    Ycbcr420 {
        /// A sample for each pixel.
        luma: Vec<u8>,
        /// Blue difference.
        cb: Vec<u8>,
        /// Red difference.
        cr: Vec<u8>,
    },
}

impl std::fmt::Debug for CanonicalSamples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rgb(_) => "Rgb",
            Self::Gray(_) => "Gray",
            Self::Ycbcr420 { .. } => "Ycbcr420",
        })
    }
}

impl Canonical {
    /// A canonical image of these samples, which stand upright. `None` when a length disagrees with the size, or when there is
    /// no pixel.
    #[must_use]
    pub fn new(size: Size, samples: CanonicalSamples, alpha_composed: bool, scale_divisor: u32) -> Option<Self> {
        let is = |v: &Vec<u8>, size: Size, channels| sample_count(size, channels) == Some(v.len());
        let agrees = match &samples {
            CanonicalSamples::Rgb(v) => is(v, size, 3),
            CanonicalSamples::Gray(v) => is(v, size, 1),
            CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
                let half = chroma_size(size, (2, 2));
                is(luma, size, 1) && is(cb, half, 1) && is(cr, half, 1)
            }
        };
        let orientation = Orientation::Upright;
        let canonical = Self { stored_size: size, orientation, samples, alpha_composed, scale_divisor };
        (agrees && size.pixels() > 0).then_some(canonical)
    }

    /// Width and height of the upright image.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.stored_size.transposed() } else { self.stored_size }
    }

    /// The same image, whose samples stand upright.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub fn upright(self, timer: &CpuTimer<'_>) -> Result<Self> {
        if self.orientation == Orientation::Upright { Ok(self) } else { self.turned(timer) }
    }

    /// A copy whose samples stand upright.
    ///
    /// # Errors
    ///
    /// As [`Self::upright`].
    pub(crate) fn turned(&self, timer: &CpuTimer<'_>) -> Result<Self> {
        let (size, half) = (self.stored_size, chroma_size(self.stored_size, (2, 2)));
        let plane = |v: &[u8], size| StoredPixels::<1>::new(v, size, self.orientation)?.to_upright(timer);
        let samples = match &self.samples {
            CanonicalSamples::Rgb(rgb) => {
                CanonicalSamples::Rgb(StoredPixels::<3>::new(rgb, size, self.orientation)?.to_upright(timer)?)
            }
            CanonicalSamples::Gray(luma) => CanonicalSamples::Gray(plane(luma, size)?),
            CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
                CanonicalSamples::Ycbcr420 { luma: plane(luma, size)?, cb: plane(cb, half)?, cr: plane(cr, half)? }
            }
        };
        Ok(Self { stored_size: self.size(), orientation: Orientation::Upright, samples, ..*self })
    }
}

/// Does what the plan says of decoded pixels: crop, reduce, convert, compose. Turning them is left to who reads them.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when a codec gave other pixels than it promised.
pub(crate) fn canonicalise(pixels: Pixels, coded_size: Size, plan: &Plan, workers: Workers<'_>) -> Result<Canonical> {
    // The longer side tells the scale. A short one may have been rounded up too far.
    let divisor = |size: Size| coded_size.longer().div_ceil(size.longer().max(1));
    let crop = |size: Size| if divisor(size) == 1 { plan.crop } else { Rect::whole(size) };
    let scale_divisor = match &pixels {
        Pixels::Ycbcr(Planes { size, .. }) | Pixels::Interleaved(Raster { size, .. }) => divisor(*size),
        _ => plan.scale.divisor(),
    };
    let (samples, alpha_composed) = match pixels {
        Pixels::Ycbcr(planes) => {
            let crop = crop(planes.size);
            let grid = plan.chroma_grid(planes.bit_depth, planes.matrix);
            let reduced = reduce_planes(planes, crop, plan.target, grid, &workers.timer())?;
            from_planes(reduced, plan, workers)?
        }
        Pixels::Interleaved(raster) => {
            let crop = crop(raster.size);
            let reduced = reduce_raster(raster, crop, plan.target, &workers.timer())?;
            interleaved(reduced, plan, workers)?
        }
        Pixels::ReducedYcbcr(planes) => from_planes(planes, plan, workers)?,
        Pixels::ReducedInterleaved(raster) => interleaved(raster, plan, workers)?,
        Pixels::Delivered => return Err(Error::internal("pixels that were delivered")),
    };
    let canonical = Canonical::new(plan.target, samples, alpha_composed, scale_divisor)
        .ok_or_else(|| Error::internal("canonical samples disagree with their size"))?;
    Ok(Canonical { orientation: plan.orientation, ..canonical })
}

/// What is left to do with rows of the plan's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowStage {
    /// Planes go to the encoder as planes.
    Ycbcr {
        has_chroma: bool,
        /// Whether they have limited range and are stretched before.
        is_limited: bool,
    },
    /// One component.
    Gray,
    /// Interleaved red, green, blue.
    Rgb,
}

impl RowStage {
    /// What [`canonicalise`] would do with whole pixels; `None` where it needs more than a few rows at a time.
    pub(crate) fn of(kind: RowKind, plan: &Plan) -> Option<Self> {
        if plan.orientation != Orientation::Upright || !plan.conversion.is_identity() {
            return None;
        }
        match kind {
            RowKind::Ycbcr { has_chroma, range, matrix } if plan.chroma_grid(8, matrix) == ChromaGrid::Half => {
                Some(Self::Ycbcr { has_chroma, is_limited: range == Range::Limited })
            }
            RowKind::Interleaved(Layout::Gray) => Some(Self::Gray),
            RowKind::Interleaved(Layout::Rgb) => Some(Self::Rgb),
            _ => None,
        }
    }
}

/// Leaves reduced planes as they are where they go to the encoder as planes, else converts them to RGB.
fn from_planes(planes: Planes, plan: &Plan, workers: Workers<'_>) -> Result<(CanonicalSamples, bool)> {
    match plan.chroma_grid(planes.bit_depth, planes.matrix) {
        ChromaGrid::Half => Ok((planar(planes)?, false)),
        ChromaGrid::Full => interleaved(to_rgb(planes, workers)?, plan, workers),
    }
}

/// Stretches planes to full range.
fn planar(planes: Planes) -> Result<CanonicalSamples> {
    let planes = expand_range(planes);
    debug_assert_eq!(planes.range, Range::Full);
    let bytes = |samples: Samples| match samples {
        Samples::U8(v) => Ok(v),
        Samples::U16(_) => Err(Error::internal("16-bit planes cannot be encoded")),
    };
    let luma = bytes(planes.luma)?;
    Ok(match planes.chroma {
        None => CanonicalSamples::Gray(luma),
        Some(chroma) => CanonicalSamples::Ycbcr420 { luma, cb: bytes(chroma.cb)?, cr: bytes(chroma.cr)? },
    })
}

/// Converts and composes a raster of the target size, and says whether any pixel shows the matte.
fn interleaved(raster: Raster, plan: &Plan, workers: Workers<'_>) -> Result<(CanonicalSamples, bool)> {
    let Raster { layout, samples, .. } = to_srgb(raster, &plan.conversion, workers)?;
    let Samples::U8(samples) = samples else {
        return Err(Error::internal("the colour stage left 16-bit samples"));
    };
    Ok(match layout {
        Layout::Gray => (CanonicalSamples::Gray(samples), false),
        Layout::Rgb => (CanonicalSamples::Rgb(samples), false),
        Layout::Rgba => {
            let (samples, composed) = compose(samples, plan.matte, &workers.timer())?;
            (CanonicalSamples::Rgb(samples), composed)
        }
        Layout::Cmyk => return Err(Error::internal("the colour stage left CMYK samples")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upright_image_has_the_axes_of_its_size() {
        let luma = (0..6).collect();
        let stored = Canonical::new(Size::new(3, 2), CanonicalSamples::Gray(luma), false, 1).unwrap();
        let turned = Canonical { orientation: Orientation::Rotate90, ..stored };
        let upright = turned.clone().upright(&CpuTimer::default()).unwrap();
        assert_eq!(
            (turned.size(), upright.size(), upright.stored_size),
            (Size::new(2, 3), Size::new(2, 3), Size::new(2, 3))
        );
        assert!(upright.samples == CanonicalSamples::Gray(vec![3, 0, 4, 1, 5, 2]));
    }

    #[test]
    fn a_canonical_image_agrees_with_its_size() {
        let size = Size::new(3, 3);
        assert!(Canonical::new(size, CanonicalSamples::Rgb(vec![0; 27]), false, 1).is_some());
        assert!(Canonical::new(size, CanonicalSamples::Rgb(vec![0; 26]), false, 1).is_none());
        let planes = |n| CanonicalSamples::Ycbcr420 { luma: vec![0; 9], cb: vec![0; n], cr: vec![0; n] };
        assert!(Canonical::new(size, planes(4), false, 1).is_some());
        assert!(Canonical::new(size, planes(1), false, 1).is_none());
    }
}
