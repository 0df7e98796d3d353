//! Turns decoded pixels into the canonical image: cropped, reduced, sRGB, opaque, upright.
//!
//! The order of the steps is written here and nowhere else. What each does to samples is in the engines.
//!
//! Planes of 8-bit BT.601 that need no colour conversion go to the encoder as planes. Everything else becomes RGB, and
//! does so at canonical size: chroma is reduced or enlarged straight to that grid, so the colour engine sees few
//! pixels.

use image_ingest_color::{compose, expand_range, to_rgb, to_srgb};
use image_ingest_resize::{ChromaGrid, reduce_planes, reduce_raster};
use image_ingest_samples::{
    CpuTimer, Layout, Planes, Range, Raster, Rect, Samples, Size, Workers, chroma_size, sample_count, turn,
};

use crate::error::{Error, Result};
use crate::pixels::Pixels;
use crate::plan::Plan;

/// The canonical image before encoding: samples and nothing else.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Canonical {
    /// Upright width and height.
    pub size: Size,
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
        /// `width × height` samples.
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
    /// A canonical image of these samples. `None` when a length disagrees with the size, or when there is no pixel.
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
        (agrees && size.pixels() > 0).then_some(Self { size, samples, alpha_composed, scale_divisor })
    }
}

/// Does what the plan says of decoded pixels: crop, reduce, convert, compose, turn.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when a codec gave other pixels than it promised.
pub(crate) fn canonicalise(pixels: Pixels, coded_size: Size, plan: &Plan, workers: Workers<'_>) -> Result<Canonical> {
    let reduced_by_codec = matches!(pixels, Pixels::ReducedYcbcr(_) | Pixels::ReducedInterleaved(_));
    // The longer side tells the scale. A short one may have been rounded up too far.
    let scale_divisor = if reduced_by_codec {
        plan.scale.divisor()
    } else {
        coded_size.longer().div_ceil(pixels.size().longer().max(1))
    };
    let crop = if scale_divisor == 1 { plan.crop } else { Rect::whole(pixels.size()) };
    let (samples, alpha_composed) = match pixels {
        Pixels::Ycbcr(planes) => {
            let grid = plan.chroma_grid(planes.bit_depth, planes.matrix);
            let reduced = reduce_planes(planes, crop, plan.target, grid, &workers.timer())?;
            from_planes(reduced, plan, workers)?
        }
        Pixels::Interleaved(raster) => {
            let reduced = reduce_raster(raster, crop, plan.target, &workers.timer())?;
            interleaved(reduced, plan, workers)?
        }
        Pixels::ReducedYcbcr(planes) => from_planes(planes, plan, workers)?,
        Pixels::ReducedInterleaved(raster) => interleaved(raster, plan, workers)?,
    };
    Canonical::new(plan.size(), samples, alpha_composed, scale_divisor)
        .ok_or_else(|| Error::internal("canonical samples disagree with their size"))
}

/// Turns reduced planes upright where they go to the encoder as they are, else converts them to RGB first.
fn from_planes(planes: Planes, plan: &Plan, workers: Workers<'_>) -> Result<(CanonicalSamples, bool)> {
    match plan.chroma_grid(planes.bit_depth, planes.matrix) {
        ChromaGrid::Half => Ok((planar(planes, plan, &workers.timer())?, false)),
        ChromaGrid::Full => interleaved(to_rgb(planes, workers)?, plan, workers),
    }
}

/// Stretches planes to full range and turns each upright.
fn planar(planes: Planes, plan: &Plan, timer: &CpuTimer<'_>) -> Result<CanonicalSamples> {
    let planes = expand_range(planes);
    debug_assert_eq!(planes.range, Range::Full);
    let upright = |samples: Samples, size: Size| match samples {
        Samples::U8(v) => Ok(turn::<1>(v, size, plan.orientation, timer)?),
        Samples::U16(_) => Err(Error::internal("16-bit planes cannot be encoded")),
    };
    let luma = upright(planes.luma, plan.target)?;
    Ok(match planes.chroma {
        None => CanonicalSamples::Gray(luma),
        Some(chroma) => {
            let half = chroma_size(plan.target, (2, 2));
            CanonicalSamples::Ycbcr420 { luma, cb: upright(chroma.cb, half)?, cr: upright(chroma.cr, half)? }
        }
    })
}

/// Converts, composes and turns a raster of the target size, and says whether any pixel shows the matte.
fn interleaved(raster: Raster, plan: &Plan, workers: Workers<'_>) -> Result<(CanonicalSamples, bool)> {
    let Raster { layout, samples, .. } = to_srgb(raster, &plan.conversion, workers)?;
    let Samples::U8(samples) = samples else {
        return Err(Error::internal("the colour stage left 16-bit samples"));
    };
    let timer = &workers.timer();
    let rgb =
        |samples| Ok::<_, Error>(CanonicalSamples::Rgb(turn::<3>(samples, plan.target, plan.orientation, timer)?));
    Ok(match layout {
        Layout::Gray => (CanonicalSamples::Gray(turn::<1>(samples, plan.target, plan.orientation, timer)?), false),
        Layout::Rgb => (rgb(samples)?, false),
        Layout::Rgba => {
            let (samples, composed) = compose(samples, plan.matte, timer)?;
            (rgb(samples)?, composed)
        }
        Layout::Cmyk => return Err(Error::internal("the colour stage left CMYK samples")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
