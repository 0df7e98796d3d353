//! What differs between samples of 8 and of 16 bits: the arithmetic, and which pass comes first.

use image_ingest_samples::Avx2;

use crate::alpha::AlphaProduct;
use crate::result::Result;
use crate::weights::{FixedPoint, Taps, Weights};

/// A sample that can be reduced.
///
/// A sum of samples times weights is an exact integer, so neither its order nor the number of samples that are worked
/// on at a time changes a result. Only the rounding to a sample does, once after each pass.
pub(crate) trait Arithmetic: FixedPoint + AlphaProduct + bytemuck::Pod + Default {
    /// Two columns of [`Self::LANES`] rows: the samples of both in each row beside each other.
    type Pair: Copy + Default;
    /// Rows that the horizontal pass works on at the same time.
    const LANES: usize;
    /// Whether the vertical pass comes first: the order in which fast_image_resize takes them for this depth.
    const VERTICAL_FIRST: bool;

    /// The vertical pass: one row from the rows of a window, which have equal lengths.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    fn blend_rows(window: &[&[Self]], taps: Taps<'_, Self>, out: &mut [Self], avx2: Option<Avx2>) -> Result<()>;

    /// Turns [`Self::LANES`] rows of `row_len` samples, one behind the other, into pairs of columns: those of pixels 0 and 1,
    /// one for each channel, those of pixels 2 and 3 and so on. [`CHUNK`] times as many samples as there are lanes must lie
    /// behind the rows; what is in them does not matter, as what becomes of the pixel after the last does not.
    fn pair_columns(rows: &[Self], row_len: usize, channels: usize, pairs: &mut [Self::Pair]);

    /// The horizontal pass: [`Self::LANES`] rows of target pixels, one behind the other, from pairs of columns. The
    /// weights are paired, too.
    fn blend_columns(
        pairs: &[Self::Pair],
        channels: usize,
        weights: &Weights<Self>,
        out: &mut [Self],
        avx2: Option<Avx2>,
    );
}

/// Columns are paired three times as many at a time as there are lanes, which is a whole number of pairs of pixels of one,
/// three or four channels.
pub(crate) const CHUNK: usize = 3;
