//! Decodes one block of one plane: predicts it, and adds its residual (ITU-T H.265 § 8.4.4.1).

use super::state::{PictureDecoder, SliceState};
use crate::dispatch::{add_residual, read_residual};
use crate::intra::dequantise::Quantiser;
use crate::intra::format::IntraFormat;
use crate::intra::plane::PlaneSample;
use crate::intra::predict::{PredictionRules, predict};
use crate::intra::residual::syntax::{ResidualExtension, ResidualSyntax};
use crate::intra::transform::TransformKind;

/// A square block of one plane.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Luma (0), Cb (1) or Cr (2).
    pub(super) component: usize,
    /// The position in its plane.
    pub(super) at: (usize, usize),
    /// The logarithm of the side, 2 to 5.
    pub(super) log2: u32,
    /// The mode that predicts it.
    pub(super) mode: u8,
    /// Whether it has coefficients.
    pub(super) coded: bool,
}

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes a block.
    pub(super) fn block(&mut self, slice: &mut SliceState<'_, '_>, block: Block) -> Option<()> {
        let Block { component, at: (x, y), log2, mode, coded } = block;
        let format = self.format;
        let (side, depth) = (1usize << log2, format.bit_depth);
        let plane = &mut self.planes[component];
        let mut border = plane.border((x, y), side, &self.blocks, slice.region, depth);
        let (stride, start) = (plane.width, y * plane.width + x);
        let out = &mut plane.samples[start..];
        predict(
            &mut border,
            side,
            mode,
            rules(format, component, slice.unit.bypass),
            &mut self.predicted,
            (out, stride),
        );
        if format.extends_residuals {
            return self.extended_residual(slice, block);
        }
        if !coded {
            return Some(());
        }
        let quantiser = Quantiser { qp: self.scaled_qp[component], depth, factors: factors(format, log2, component) };
        let syntax = syntax(format, block);
        let kind = match read_residual(self.avx2, &mut slice.cabac, syntax, quantiser, &mut self.coefficients)? {
            true => TransformKind::Skip,
            false if component == 0 && log2 == 2 => TransformKind::Sine,
            false => TransformKind::Cosine,
        };
        add_residual(self.avx2, &mut self.coefficients, side, kind, out, stride, depth);
        Some(())
    }
}

fn rules(format: &IntraFormat, component: usize, bypass: bool) -> PredictionRules {
    let is_luma = component == 0;
    PredictionRules {
        smooths: (is_luma || format.chroma_format == 3) && !format.range.smoothing_off,
        strong_smoothing: is_luma && format.strong_smoothing,
        soft_mean: is_luma,
        soft_direction: is_luma && !(bypass && format.range.implicit_differences),
        depth: format.bit_depth,
    }
}

/// The scaling factors of a block; `None` where all are 16.
pub(super) fn factors(format: &IntraFormat, log2: u32, component: usize) -> Option<&[u8]> {
    format.factors.as_ref().map(|factors| factors.of_block(log2, component))
}

/// How the coefficients of a block are coded, without the extension.
pub(super) fn syntax(format: &IntraFormat, block: Block) -> ResidualSyntax {
    let Block { component, log2, mode, .. } = block;
    ResidualSyntax {
        log2,
        is_luma: component == 0,
        scan: scan_index(log2, mode, component == 0 || format.chroma_format == 3),
        may_skip: format.transform_skip,
        hides_signs: format.hides_signs,
        extension: ResidualExtension::default(),
    }
}

/// `scanIdx` (§ 7.4.9.11): small blocks predicted from one side are read along the other. Modes 6 to 14 are near to
/// horizontal and give the vertical order, modes 22 to 30 are near to vertical and give the horizontal one. Blocks of 8
/// do so where the plane is not subsampled.
fn scan_index(log2: u32, mode: u8, is_full: bool) -> usize {
    match (log2, mode) {
        (2, 6..=14) => 2,
        (2, 22..=30) => 1,
        (3, 6..=14) if is_full => 2,
        (3, 22..=30) if is_full => 1,
        _ => 0,
    }
}
