//! What differs between samples of 8 and of 16 bits: the arithmetic, and which axis comes first.

use crate::weights::{FixedPoint, Weights};

/// A sample that can be reduced.
///
/// Sums are exact integers, so it does not matter in which order or how wide they are made.
pub(crate) trait Arithmetic: FixedPoint + bytemuck::Pod + Default {
    /// One sample of each of [`Self::LANES`] rows.
    type Column: Copy + Default;
    /// Rows whose columns are reduced at once.
    const LANES: usize;
    /// Whether columns of samples are reduced before rows, which rounds the result of the first to a sample.
    const DOWN_FIRST: bool;

    /// One row from the rows of a window.
    fn blend_rows(window: &[&[Self]], weights: &[Self::Weight], precision: u32, out: &mut [Self]);

    /// The columns of `LANES` rows.
    fn transpose(rows: &[Self], row_len: usize, columns: &mut [Self::Column]);

    /// `LANES` rows of `weights`' target pixels from columns, of which one pixel more than the weights reach exists.
    fn blend_columns(columns: &[Self::Column], channels: usize, weights: &Weights<Self>, out: &mut [Self]);
}
