//! What differs between samples of 8 and of 16 bits: the arithmetic, and which axis comes first.

use super::weights::Weights;

/// A sample that can be reduced.
///
/// Sums are exact integers, so it does not matter in which order or how wide they are made.
pub(crate) trait Sample: bytemuck::Pod + Default {
    /// Weights as the kernels want them.
    type Weight: Copy + std::fmt::Debug;
    /// One sample of each of [`Self::LANES`] rows.
    type Column: Copy + Default;
    /// Rows whose columns are reduced at once.
    const LANES: usize;
    /// Whether columns of samples are reduced before rows, which rounds the result of the first to a sample.
    const DOWN_FIRST: bool;
    /// Bits of a weight's magnitude.
    const WEIGHT_BITS: u32;
    /// Fraction bits of a weight, at most, so that a sum fits its register.
    const MOST_PRECISION: u32;

    /// Appends weights in units of `1 / one`.
    fn fix(weights: &[f64], one: f64, to: &mut Vec<Self::Weight>);

    /// One row from the rows of a window.
    fn blend_rows(window: &[&[Self]], weights: &[Self::Weight], precision: u32, out: &mut [Self]);

    /// The columns of `LANES` rows.
    fn transpose(rows: &[Self], row_len: usize, columns: &mut [Self::Column]);

    /// `LANES` rows of `weights`' target pixels from columns, of which one pixel more than the weights reach exists.
    fn blend_columns(columns: &[Self::Column], channels: usize, weights: &Weights<Self>, out: &mut [Self]);
}
