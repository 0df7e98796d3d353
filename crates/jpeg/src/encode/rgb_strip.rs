//! Converts rows of RGB to the samples of rows of MCUs, two rows at a time.
//!
//! Where a picture ends within an MCU, libjpeg repeats its last column of pixels, and converts those; but below its last row it
//! repeats samples. So in a picture that is stored transposed, pixels are repeated in further rows, and samples along them.

use image_ingest_samples::{Avx2, Size, WorkError, joined, reserve, zeroed};

use crate::dispatch::encode;
use crate::encode::mcu_turn::McuTurn;
use crate::encode::samples::{CHROMA_ROWS, Filled, LUMA_ROWS, McuSamples};
use crate::encode::work::EncodeWork;
use crate::encode::ycbcr::{PIXELS, YcbcrRows};

/// The samples of a row of MCUs, and what of the stored rows is not converted.
pub(crate) struct RgbStrip {
    size: Size,
    turn: McuTurn,
    /// How many times the first pixel of a stored row is repeated on its left.
    lacking: usize,
    /// Rows that have come.
    taken: usize,
    /// A row of RGB without the one below it; empty where there is none.
    unpaired: Vec<u8>,
    /// Samples of a row of luma, in whole pieces.
    stride: usize,
    luma: Vec<u8>,
    /// Cb, then Cr; rows of half a stride.
    chroma: [Vec<u8>; 2],
    /// Pairs of rows that are filled.
    pairs: usize,
    avx2: Option<Avx2>,
}

impl RgbStrip {
    /// No rows of a picture of stored `size`.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`].
    pub(crate) fn new(size: Size, turn: McuTurn) -> Result<Self, WorkError> {
        let width = size.width as usize;
        // Up to a pair of pixels, or up to a whole MCU.
        let whole = if turn.transposes() { 2 } else { LUMA_ROWS };
        let lacking = if turn.filled().on_the_left { width.next_multiple_of(whole) - width } else { 0 };
        let stride = (lacking + width).next_multiple_of(PIXELS);
        let chroma = || zeroed(stride / 2 * CHROMA_ROWS);
        let (luma, chroma) = (zeroed(stride * LUMA_ROWS)?, [chroma()?, chroma()?]);
        let (unpaired, avx2) = (Vec::new(), Avx2::find());
        Ok(Self { size, turn, lacking, taken: 0, unpaired, stride, luma, chroma, pairs: 0, avx2 })
    }

    /// Converts with the code that any CPU can run.
    pub(crate) fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// Takes the next rows, tight, and gives the rows of MCUs that they fill to `code`.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for more rows than the picture has; [`WorkError::OutOfMemory`]; those
    /// of `code`.
    pub(crate) fn push(
        &mut self,
        rows: &[u8],
        mut code: impl FnMut(&McuSamples<'_>) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let (row_len, height) = (self.size.width as usize * 3, self.size.height as usize);
        if !rows.len().is_multiple_of(row_len) || rows.len() / row_len > height - self.taken {
            return Err(WorkError::internal("rows that disagree with the size of a picture"));
        }
        let is_filled_above = self.turn.filled().above;
        let mut rows = rows.chunks_exact(row_len);
        while let Some(row) = rows.next() {
            self.taken += 1;
            if self.taken == 1 && is_filled_above {
                self.repeat(row)?;
            }
            let (upper, mut last) = (std::mem::take(&mut self.unpaired), row);
            if !upper.is_empty() {
                self.convert([&upper, row], self.pair())?;
            } else if self.is_alone() {
                self.convert([row, row], self.pair())?;
            } else if let Some(lower) = rows.next() {
                (self.taken, last) = (self.taken + 1, lower);
                self.convert([row, lower], self.pair())?;
            } else {
                self.unpaired = joined(&[row])?;
            }
            if self.taken == height && !is_filled_above {
                self.repeat(last)?;
            }
            if self.is_full() {
                let samples = self.samples().ok_or_else(|| WorkError::internal("a row of MCUs without rows"))?;
                code(&samples)?;
                self.pairs = 0;
            }
        }
        Ok(())
    }

    /// Whether the latest row is the one of an odd number of them that has no pair.
    fn is_alone(&self) -> bool {
        let height = self.size.height as usize;
        height % 2 == 1 && self.taken == if self.turn.filled().above { 1 } else { height }
    }

    /// The number of the latest pair, from where the upright picture begins.
    fn pair(&self) -> usize {
        let above = self.turn.filled().above;
        (if above { self.size.height as usize - self.taken } else { self.taken - 1 }) / 2
    }

    /// Whether the pairs fill a row of MCUs, as far as the picture does.
    fn is_full(&self) -> bool {
        let left = self.size.height as usize - self.taken;
        let is_at_end = if self.turn.filled().above { left.is_multiple_of(LUMA_ROWS) } else { left == 0 };
        self.unpaired.is_empty() && (is_at_end || self.pairs == CHROMA_ROWS)
    }

    /// Converts the first or last row of the picture as often as a row of MCUs has further pairs, if pixels are repeated in rows.
    fn repeat(&mut self, row: &[u8]) -> Result<(), WorkError> {
        if self.turn.transposes() {
            let pairs = self.size.height.div_ceil(2) as usize;
            let further = pairs..pairs.next_multiple_of(CHROMA_ROWS);
            let is_filled_above = self.turn.filled().above;
            for i in 0..further.len() {
                let pair = if is_filled_above { further.end - 1 - i } else { further.start + i };
                self.convert([row, row], pair)?;
            }
        }
        Ok(())
    }

    /// Converts two rows, which are pair `pair` from where the upright picture begins. The strip is not full.
    fn convert(&mut self, rgb: [&[u8]; 2], pair: usize) -> Result<(), WorkError> {
        let bias = self.turn.chroma_bias(pair);
        let (stride, half) = (self.stride, self.stride / 2);
        let (upper, lower) = self.luma[self.pairs * 2 * stride..][..2 * stride].split_at_mut(stride);
        let at = self.pairs * half;
        let chroma = self.chroma.each_mut().map(|plane| &mut plane[at..][..half]);
        let to = YcbcrRows { luma: [upper, lower], chroma };
        if self.lacking == 0 {
            encode(EncodeWork::Convert(rgb, to, bias), self.avx2)?;
        } else {
            let [upper, lower] = rgb.map(|row| filled_on_the_left(row, self.lacking));
            encode(EncodeWork::Convert([&upper?, &lower?], to, bias), self.avx2)?;
        }
        self.pairs += 1;
        Ok(())
    }

    fn samples(&self) -> Option<McuSamples<'_>> {
        let (stride, half, filled) = (self.stride, self.stride / 2, self.turn.filled());
        let [cb, cr] = self.chroma.each_ref().map(|plane| &plane[..self.pairs * half]);
        let planes = [&self.luma[..self.pairs * 2 * stride], cb, cr];
        if self.turn.transposes() {
            let width = (self.lacking + self.size.width as usize).next_multiple_of(2);
            return McuSamples::of_strip(planes, stride, width, filled);
        }
        McuSamples::of(planes, stride, Filled { on_the_left: false, ..filled })
    }
}

/// A row behind its first pixel `count` times.
fn filled_on_the_left(row: &[u8], count: usize) -> Result<Vec<u8>, WorkError> {
    let (first, mut filled) = (row.get(..3).unwrap_or(&[]), Vec::new());
    reserve(&mut filled, 3 * count + row.len())?;
    (0..count).for_each(|_| filled.extend_from_slice(first));
    filled.extend_from_slice(row);
    Ok(filled)
}
