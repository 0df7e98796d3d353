//! Reduces the planes of a JPEG while they are decoded, strip by strip.

use crate::error::{Error, Result};
use crate::pixels::{Chroma, Matrix, Pixels, Planes, Range, Samples, Siting};
use crate::plan::{DctScale, Plan};
use crate::reduce::{Bands, Part};
use crate::size::{Rect, Size};

/// Of the DCT scales of luma and chroma.
pub(super) fn divisors(plan: &Plan) -> [u32; 2] {
    [plan.scale.divisor(), plan.chroma_scale.divisor()]
}

/// Full-range BT.601 planes with centred chroma (ITU-T T.871), reduced as their rows come.
pub(super) struct ReducedPlanes {
    components: Vec<(Bands<u8>, Rows)>,
    target: Size,
    grid: u8,
}

/// The rows of a component that are still to come, and their length.
struct Rows {
    left: usize,
    len: usize,
}

impl ReducedPlanes {
    /// Of a picture of `size` after the DCT scale, and its components' sizes and sampling factors.
    pub(super) fn new(size: Size, components: &[(Size, (u32, u32))], plan: &Plan) -> Result<Self> {
        let crop = if plan.scale == DctScale::Full { plan.crop } else { Rect::whole(size) };
        let (grid, [luma_divisor, chroma_divisor]) = (plan.chroma_grid(8, Matrix::Bt601), divisors(plan));
        let luma = components.first().map_or((1, 1), |(_, sampling)| *sampling);
        // A factor of 1–4 times the quotient of two scales.
        let factor =
            |luma: u32, chroma: u32| u8::try_from(luma * chroma_divisor / (chroma * luma_divisor).max(1)).unwrap_or(1);
        let bands = |index: usize, sampling: (u32, u32)| {
            if index == 0 {
                return Bands::new(Part::luma(size, crop, plan.target)?);
            }
            let factors = (factor(luma.0, sampling.0), factor(luma.1, sampling.1));
            Bands::new(Part::chroma(size, factors, Siting::Centred, crop, plan.target, grid)?)
        };
        let component = |(index, (size, sampling)): (usize, &(Size, (u32, u32)))| {
            let rows = Rows { left: size.height as usize, len: size.width as usize };
            Ok((bands(index, *sampling)?, rows))
        };
        let components = components.iter().enumerate().map(component).collect::<Result<_>>()?;
        Ok(Self { components, target: plan.target, grid: grid.factor() })
    }

    /// Takes rows of `stride` samples of a component, as far as they belong to the picture.
    pub(super) fn push(&mut self, component: usize, strip: &[u8], stride: usize) -> Result<()> {
        let Some((bands, rows)) = self.components.get_mut(component) else { return Ok(()) };
        for row in strip.chunks_exact(stride).take(rows.left) {
            bands.push_rows(&row[..rows.len])?;
            rows.left -= 1;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Pixels> {
        let mut planes = self.components.into_iter().map(|(bands, _)| bands.finish().map(Samples::U8));
        let luma = planes.next().ok_or_else(|| Error::internal("a JPEG without components"))??;
        let chroma = match planes.next().zip(planes.next()) {
            None => None,
            Some((cb, cr)) => {
                Some(Chroma { cb: cb?, cr: cr?, subsampling: (self.grid, self.grid), siting: Siting::Centred })
            }
        };
        let planes =
            Planes { size: self.target, bit_depth: 8, luma, chroma, range: Range::Full, matrix: Matrix::Bt601 };
        planes.checked().map(Pixels::ReducedYcbcr)
    }
}
