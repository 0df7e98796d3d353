//! Decodes one block of one plane: predicts it, and adds its residual (ITU-T H.265 § 8.4.4.1).

use super::state::{PictureDecoder, SliceState};
use crate::intra::dequantise::Quantiser;
use crate::intra::plane::PlaneSample;
use crate::intra::predict::{PredictionRules, predict};
use crate::intra::residual::{self, ResidualSyntax};
use crate::intra::transform::{TransformKind, add};

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes the block of side `1 << log2` at `(x, y)` of plane `component`, predicted by `mode`, with a residual
    /// where it is `coded`.
    pub(super) fn block(
        &mut self,
        slice: &mut SliceState<'_, '_>,
        component: usize,
        (x, y): (usize, usize),
        log2: u32,
        mode: u8,
        coded: bool,
    ) -> Option<()> {
        let format = self.format;
        let (is_luma, side, depth) = (component == 0, 1usize << log2, format.bit_depth);
        let plane = &mut self.planes[component];
        let mut border = plane.border((x, y), side, &self.blocks, slice.id, depth);
        let (stride, start) = (plane.width, y * plane.width + x);
        let rules = PredictionRules { is_luma, strong_smoothing: format.strong_smoothing, depth };
        let out = &mut plane.samples[start..];
        predict(&mut border, side, mode, rules, out, stride);
        if !coded {
            return Some(());
        }
        let scan = scan_index(log2, mode, is_luma);
        let (may_skip, hides_signs) = (format.transform_skip, format.hides_signs);
        let syntax = ResidualSyntax { log2, is_luma, scan, may_skip, hides_signs };
        let factors = format.factors.as_ref().map(|factors| factors.of_block(log2, component));
        let quantiser = Quantiser { qp: self.scaled_qp[component], depth, factors };
        let kind = match residual::read(&mut slice.cabac, syntax, quantiser, &mut self.coefficients)? {
            true => TransformKind::Skip,
            false if is_luma && log2 == 2 => TransformKind::Sine,
            false => TransformKind::Cosine,
        };
        add(&mut self.coefficients, side, kind, out, stride, depth);
        Some(())
    }
}

/// `scanIdx` (§ 7.4.9.11): small blocks predicted from one side are read along the other. Modes 6 to 14 are near to
/// horizontal and give the vertical order, modes 22 to 30 are near to vertical and give the horizontal one.
fn scan_index(log2: u32, mode: u8, is_luma: bool) -> usize {
    match (log2, mode) {
        (2, 6..=14) => 2,
        (2, 22..=30) => 1,
        (3, 6..=14) if is_luma => 2,
        (3, 22..=30) if is_luma => 1,
        _ => 0,
    }
}
