//! Crops and reduces decoded samples to the canonical size, in stored axes, with an antialiased Catmull-Rom filter.
//!
//! [`Bands`] takes rows as they are decoded; [`reduce_planes`] and [`reduce_raster`] take what is whole.

mod bands;
mod columns;
mod eight;
mod rows;
mod sample;
mod sixteen;
mod weights;
mod whole;
mod window;

pub(crate) use bands::Bands;
pub(crate) use sample::Sample;
pub(crate) use window::Part;

use crate::error::Result;
use crate::pixels::{Chroma, Planes, Raster, Samples, Siting};
use crate::size::{Rect, Size};
use crate::watch::Meter;

/// The chroma grid of reduced planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChromaGrid {
    /// ⌈width / 2⌉ × ⌈height / 2⌉, centred: what the encoder takes.
    Half,
    /// One chroma sample per luma sample: what becomes RGB.
    Full,
}

impl ChromaGrid {
    /// Luma samples to a chroma sample, per axis.
    pub(crate) fn factor(self) -> u8 {
        match self {
            Self::Half => 2,
            Self::Full => 1,
        }
    }
}

/// Reduces the `crop` of planes to `target`, every chroma subsampling and siting straight to `grid`.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when the crop leaves the picture.
pub(crate) fn reduce_planes(
    planes: Planes,
    crop: Rect,
    target: Size,
    grid: ChromaGrid,
    meter: &Meter<'_>,
) -> Result<Planes> {
    let size = planes.size;
    let luma = reduce(Part::luma(size, crop, target)?, planes.luma, meter)?;
    let chroma = match planes.chroma {
        None => None,
        Some(Chroma { cb, cr, subsampling, siting }) => {
            let part = Part::chroma(size, subsampling, siting, crop, target, grid)?;
            let (cb, cr) = (reduce(part, cb, meter)?, reduce(part, cr, meter)?);
            Some(Chroma { cb, cr, subsampling: (grid.factor(), grid.factor()), siting: Siting::Centred })
        }
    };
    Planes { size: target, luma, chroma, ..planes }.checked()
}

/// Reduces the `crop` of a raster to `target`; alpha is premultiplied for the filter and divided out again.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when the crop leaves the picture.
pub(crate) fn reduce_raster(raster: Raster, crop: Rect, target: Size, meter: &Meter<'_>) -> Result<Raster> {
    let Raster { size, layout, samples } = raster;
    Raster::new(target, layout, reduce(Part::raster(size, layout, crop, target)?, samples, meter)?)
}

fn reduce(part: Part, samples: Samples, meter: &Meter<'_>) -> Result<Samples> {
    meter.check()?;
    Ok(match samples {
        Samples::U8(v) => Samples::U8(Bands::reduce(part, v, meter)?),
        Samples::U16(v) => Samples::U16(whole::reduce(part, v)?),
    })
}

#[cfg(test)]
mod tests;
