//! Makes residuals with the tools of the range extensions, and of blocks that bypass the transform (ITU-T H.265 § 8.6.2).
//!
//! The residual of such a block stands in memory of its own until all of its steps are done. A residual before the last
//! two steps has at most 22 bits: 16 of a coefficient, shifted by up to 10 and back by 4 at least. Sums along a block of
//! 32 have 27, and an eighth of eight times that of luma is added once more.

use super::block::{Block, factors, syntax};
use super::state::{PictureDecoder, SliceState};
use crate::intra::dequantise::Quantiser;
use crate::intra::plane::PlaneSample;
use crate::intra::predict::{HORIZONTAL, VERTICAL};
use crate::intra::residual;
use crate::intra::residual::syntax::{ResidualExtension, ResidualSyntax};
use crate::intra::transform::block::TransformBlock;
use crate::intra::transform::{TransformKind, add};

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Reads the residual of a block that is predicted, and adds it.
    pub(super) fn extended_residual(&mut self, slice: &mut SliceState<'_, '_>, block: Block) -> Option<()> {
        let Block { component, at: (x, y), log2, coded, .. } = block;
        let side = 1usize << log2;
        let cross_scale = if component > 0 { slice.unit.cross_scale } else { 0 };
        if !coded && cross_scale == 0 {
            return Some(());
        }
        self.make_residual(slice, block)?;
        let (plane, depth) = (&mut self.planes[component], self.format.bit_depth);
        let residuals = self.residuals.as_mut()?;
        let residual = &mut residuals.current[..side * side];
        if cross_scale != 0 {
            // § 7.3.8.12: luma and chroma have one depth.
            residual.iter_mut().zip(&residuals.luma).for_each(|(to, &luma)| *to += (cross_scale * luma) >> 3);
        }
        let rows = plane.samples.chunks_mut(plane.width).skip(y);
        for (row, residual) in rows.zip(residual.chunks(side)) {
            for (sample, &residual) in row[x..x + side].iter_mut().zip(residual) {
                *sample = T::clipped(sample.wide() + residual, depth);
            }
        }
        if component == 0 && self.format.picture.range.cross_component {
            residuals.luma[..side * side].copy_from_slice(residual);
        }
        Some(())
    }

    /// Makes the residual of a block from its coefficients: zeros where it has none.
    fn make_residual(&mut self, slice: &mut SliceState<'_, '_>, block: Block) -> Option<()> {
        let Block { component, log2, mode, coded, .. } = block;
        let (format, side) = (self.format, 1usize << log2);
        let residual = &mut self.residuals.as_mut()?.current[..side * side];
        residual.fill(0);
        if !coded {
            return Some(());
        }
        let bypass = slice.unit.bypass;
        let differences = format.range.implicit_differences && [HORIZONTAL, VERTICAL].contains(&mode);
        let extension = ResidualExtension {
            bypass,
            max_skip_log2: format.max_skip_log2,
            skip_context: format.range.skip_context,
            persistent_rice: format.range.persistent_rice,
            implicit_differences: differences,
        };
        let syntax = ResidualSyntax { extension, ..syntax(format, block) };
        let depth = format.bit_depth;
        let quantiser = Quantiser { qp: self.scaled_qp[component], depth, factors: factors(format, log2, component) };
        let coefficients = &mut *self.coefficients;
        let skip = residual::read::<true>(&mut slice.cabac, syntax, quantiser, coefficients)?;
        if !bypass && !skip {
            let kind = if component == 0 && log2 == 2 { TransformKind::Sine } else { TransformKind::Cosine };
            add(coefficients, side, kind, residual, side, depth);
            return Some(());
        }
        // § 8.6.4.2: `tsShift` and `bdShift`. Levels that bypass the transform are the residual.
        let (up, down) = if bypass { (0, 0) } else { (5 + log2, 20 - depth) };
        copy(coefficients, residual, side, format.range.rotates_skipped && side == 4, (up, down));
        match mode {
            _ if !differences => {}
            HORIZONTAL => residual.chunks_mut(side).for_each(|row| sum_up(row, 1)),
            _ => sum_up(residual, side),
        }
        Some(())
    }
}

/// Moves coefficients into a residual of zeros, turned by half a turn if `turned`, and shifted up and then down with
/// rounding.
fn copy(from: &mut TransformBlock, to: &mut [i32], side: usize, turned: bool, (up, down): (u32, u32)) {
    let used = from.rows * side;
    let round = (1 << down) >> 1;
    for (at, coefficient) in from.coefficients[..used].iter_mut().enumerate() {
        let at = if turned { to.len() - 1 - at } else { at };
        to[at] = ((i32::from(std::mem::take(coefficient)) << up) + round) >> down;
    }
}

/// Adds to each value the one that lies `back` before it, from the front on (§ 8.6.5).
fn sum_up(values: &mut [i32], back: usize) {
    for at in back..values.len() {
        values[at] += values[at - back];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_residual_may_be_turned_and_shifted() {
        let block = || {
            let mut block = TransformBlock::zeroed();
            block.coefficients[..4].copy_from_slice(&[1, -2, 3, 0]);
            (block.columns, block.rows) = (4, 4);
            block
        };
        let mut to = [0; 16];
        copy(&mut block(), &mut to, 4, true, (0, 0));
        assert_eq!((to[15], to[14], to[13]), (1, -2, 3));
        let mut to = [0; 16];
        // 8 bits: shifted by 7 and back by 12: (128 + 2048) >> 12 = 0, (-256 + 2048) >> 12 = 0.
        copy(&mut block(), &mut to, 4, false, (7, 12));
        assert_eq!(to, [0; 16]);
        let mut used = block();
        copy(&mut used, &mut to, 4, false, (7, 5));
        assert_eq!((to[0], to[1], to[2], used.coefficients), (4, -8, 12, [0; 1024]));
    }

    #[test]
    fn differences_are_summed_along_a_direction() {
        let mut row = [1, 2, -4, 8];
        sum_up(&mut row, 1);
        assert_eq!(row, [1, 3, -1, 7]);
        let mut columns = [1, 10, 2, 20];
        sum_up(&mut columns, 2);
        assert_eq!(columns, [1, 10, 3, 30]);
    }
}
