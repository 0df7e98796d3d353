//! What differs between samples of 8 and of 16 bits: the arithmetic, and which pass comes first.

use image_ingest_samples::Avx2;

use crate::alpha::AlphaProduct;
use crate::weights::{FixedPoint, Taps, Weights};

/// A sample that can be reduced.
///
/// A sum of samples times weights is an exact integer, so neither its order nor the number of samples that are worked
/// on at a time changes a result. Only the rounding to a sample does, once after each pass.
pub(crate) trait Arithmetic: FixedPoint + AlphaProduct + bytemuck::Pod + Default {
    /// One sample of each of [`Self::LANES`] rows, above each other.
    type Column: Copy + Default;
    /// Rows that the horizontal pass works on at the same time.
    const LANES: usize;
    /// Whether the vertical pass comes first: the order in which fast_image_resize takes them for this depth.
    const VERTICAL_FIRST: bool;

    /// The vertical pass: one row from the rows of a window, which have equal lengths.
    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>);

    /// Turns [`Self::LANES`] rows of `row_len` samples, one behind the other, into columns.
    fn transpose(rows: &[Self], row_len: usize, columns: &mut [Self::Column]);

    /// The horizontal pass: [`Self::LANES`] rows of target pixels, one behind the other, from columns. One pixel more
    /// than the weights reach must exist.
    fn blend_columns(
        columns: &[Self::Column],
        channels: usize,
        weights: &Weights<Self>,
        out: &mut [Self],
        avx2: Option<Avx2>,
    );
}
