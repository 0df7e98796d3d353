//! Makes rows of planes of macroblocks that lie beside each other.

use image_ingest_samples::{Size, zeroed};

use crate::result::Result;

use super::macroblock::MacroblockSamples;

/// The samples of a row of macroblocks, plane by plane, as wide as the macroblocks are.
pub(crate) struct PlaneRows {
    luma: Vec<u8>,
    chroma: [Vec<u8>; 2],
    across: usize,
    /// Rows of luma that the picture still lacks.
    missing: usize,
}

impl PlaneRows {
    /// Bytes that a macroblock of width takes.
    pub(crate) const COLUMN_BYTES: usize = size_of::<MacroblockSamples>();

    /// Room for the macroblocks beside each other in a picture.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(size: Size) -> Result<Self> {
        let across = size.width.div_ceil(16) as usize;
        let chroma = [zeroed(across * 64)?, zeroed(across * 64)?];
        Ok(Self { luma: zeroed(across * 256)?, chroma, across, missing: size.height as usize })
    }

    /// Takes a row of macroblocks and gives its rows of samples, without those below the picture. An odd last row of
    /// luma has one of chroma.
    pub(crate) fn gather(&mut self, macroblocks: &[MacroblockSamples]) -> PlaneBatch<'_> {
        let rows = self.missing.min(16);
        self.missing -= rows;
        for y in 0..rows {
            let (row, _) = self.luma[y * 16 * self.across..][..16 * self.across].as_chunks_mut::<16>();
            for (to, from) in row.iter_mut().zip(macroblocks) {
                *to = from.luma[y & 15];
            }
        }
        let chroma_rows = rows.div_ceil(2);
        for (plane, samples) in self.chroma.iter_mut().enumerate() {
            for y in 0..chroma_rows {
                let (row, _) = samples[y * 8 * self.across..][..8 * self.across].as_chunks_mut::<8>();
                for (to, from) in row.iter_mut().zip(macroblocks) {
                    *to = from.chroma[y & 7].as_chunks().0[plane];
                }
            }
        }
        let (stride, chroma_stride) = (16 * self.across, 8 * self.across);
        PlaneBatch {
            luma: &self.luma[..rows * stride],
            chroma: self.chroma.each_ref().map(|samples| &samples[..chroma_rows * chroma_stride]),
            stride,
            chroma_stride,
        }
    }
}

/// Rows of a picture, from the first after those of the batch before: up to 16 of luma, and half as many of chroma.
pub(crate) struct PlaneBatch<'r> {
    pub(crate) luma: &'r [u8],
    /// Cb and Cr.
    pub(crate) chroma: [&'r [u8]; 2],
    /// Samples from the start of a row of luma to the start of the next. Those behind the picture have no meaning.
    pub(crate) stride: usize,
    /// The same for chroma.
    pub(crate) chroma_stride: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A macroblock of which every sample tells its number, plane, row and column, as far as eight bits go.
    fn macroblock(number: u8) -> MacroblockSamples {
        let sample = |plane: u8, y: usize, x: usize| 33 * number + 11 * plane + u8::try_from(7 * y + x).unwrap_or(0);
        let mut samples = MacroblockSamples::default();
        for (y, row) in samples.luma.iter_mut().enumerate() {
            *row = std::array::from_fn(|x| sample(0, y, x) & 63);
        }
        for (y, row) in samples.chroma.iter_mut().enumerate() {
            *row = std::array::from_fn(|x| sample(1 + u8::from(x > 7), y, x & 7) & 63);
        }
        samples
    }

    #[test]
    fn macroblocks_beside_each_other_become_rows_and_those_below_the_picture_are_left_out() {
        let macroblocks = [macroblock(0), macroblock(1)];
        let mut rows = PlaneRows::new(Size::new(20, 16 + 5)).unwrap();
        for (height, chroma_height) in [(16, 8), (5, 3)] {
            let batch = rows.gather(&macroblocks);
            assert_eq!((batch.stride, batch.chroma_stride), (32, 16));
            assert_eq!((batch.luma.len(), batch.chroma[1].len()), (32 * height, 16 * chroma_height));
            for (y, row) in batch.luma.chunks(32).enumerate() {
                assert_eq!(row, [macroblocks[0].luma[y], macroblocks[1].luma[y]].concat());
            }
            for (plane, samples) in batch.chroma.iter().enumerate() {
                for (y, row) in samples.chunks(16).enumerate() {
                    let of = |i: usize| &macroblocks[i].chroma[y][8 * plane..8 * plane + 8];
                    assert_eq!(row, [of(0), of(1)].concat());
                }
            }
        }
    }
}
