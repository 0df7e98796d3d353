//! What is done to samples, as an interface: for any machine by [`Portable`], for AVX2 by `dispatch`.

use super::filter;
use super::macroblock::{Beside, MacroblockSamples};
use super::modes::{PlaneMode, SubblockMode};
use super::predict;
use super::residual::RowContent;
use super::strength::{EdgeStrength, LoopFilter};
use super::subblocks::{self, SubblocksBeside};
use super::tokens::BlockRow;
use super::transform;

/// The samples that a row of four subblocks gets.
pub(crate) type SampleRows = [[u8; 16]; 4];

/// The filter of one macroblock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MacroblockFilter {
    /// Simple or normal.
    pub(crate) kind: LoopFilter,
    /// The limits.
    pub(crate) strength: EdgeStrength,
    /// Whether the edges inside are filtered, too: not where the macroblock is one prediction without a residual.
    pub(crate) inner: bool,
}

/// All that is done to samples. Every implementation gives the same ones.
pub(crate) trait Kernels: Copy {
    /// Predicts 16 × 16 samples of luma (RFC 6386 § 12.2).
    fn predict_luma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]);

    /// Predicts 8 × 8 samples of each plane of chroma (§ 12.2).
    fn predict_chroma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]);

    /// Multiplies the coefficients of four blocks with their factors, transforms them, adds the result to their samples,
    /// and sets the coefficients to 0 (§ 14). `content` is not [`RowContent::Nothing`].
    fn add_residual(
        self,
        coefficients: &mut BlockRow,
        content: RowContent,
        factors: [i16; 2],
        rows: &mut [[u8; 16]; 4],
    );

    /// Predicts a row of four subblocks of luma and adds their residual, one after another (§ 12.3).
    fn reconstruct_subblocks(
        self,
        modes: &[SubblockMode; 4],
        beside: &SubblocksBeside,
        residual: (&mut BlockRow, RowContent, [i16; 2]),
        rows: &mut SampleRows,
    );

    /// The last column of luma, and the last columns of U and V one after the other.
    fn last_columns(self, samples: &MacroblockSamples) -> [[u8; 16]; 2];

    /// Filters the edges of a macroblock to its left neighbour, inside, to the one above, and inside again (§ 15).
    fn filter(
        self,
        filter: MacroblockFilter,
        current: &mut MacroblockSamples,
        left: Option<&mut MacroblockSamples>,
        above: Option<&mut MacroblockSamples>,
    );
}

/// What any machine can do, on vectors of 16 bytes where it has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Kernels for Portable {
    #[inline]
    fn predict_luma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]) {
        predict::luma(mode, beside, rows);
    }

    #[inline]
    fn predict_chroma(self, mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]) {
        predict::chroma(mode, beside, rows);
    }

    #[inline]
    fn add_residual(self, row: &mut BlockRow, content: RowContent, factors: [i16; 2], rows: &mut [[u8; 16]; 4]) {
        transform::add(&transform::residual(row, content, factors), rows);
    }

    #[inline]
    fn reconstruct_subblocks(
        self,
        modes: &[SubblockMode; 4],
        beside: &SubblocksBeside,
        (coefficients, content, factors): (&mut BlockRow, RowContent, [i16; 2]),
        rows: &mut SampleRows,
    ) {
        let residual = (content > RowContent::Nothing).then(|| transform::residual(coefficients, content, factors));
        subblocks::reconstruct(modes, beside, residual.as_ref(), rows);
    }

    #[inline]
    fn last_columns(self, samples: &MacroblockSamples) -> [[u8; 16]; 2] {
        let chroma = |i: usize| samples.chroma[i & 7][if i < 8 { 7 } else { 15 }];
        [samples.luma.map(|row| row[15]), std::array::from_fn(chroma)]
    }

    #[inline]
    fn filter(
        self,
        filter: MacroblockFilter,
        current: &mut MacroblockSamples,
        left: Option<&mut MacroblockSamples>,
        above: Option<&mut MacroblockSamples>,
    ) {
        match filter.kind {
            LoopFilter::Off => {}
            LoopFilter::Simple => filter::simple(filter.strength, filter.inner, current, left, above),
            LoopFilter::Normal => filter::normal(filter.strength, filter.inner, current, left, above),
        }
    }
}
