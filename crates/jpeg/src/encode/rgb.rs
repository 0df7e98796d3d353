//! Encodes RGB.

use image_ingest_samples::{Avx2, CpuTimer, Size, WorkError, joined, zeroed};

use crate::dispatch::encode;
use crate::encode::samples::{CHROMA_ROWS, LUMA_ROWS, McuSamples, rows_of};
use crate::encode::scan::ScanEncoder;
use crate::encode::work::EncodeWork;
use crate::encode::ycbcr::{PIXELS, YcbcrRows};

/// Encodes interleaved RGB whose rows come a few at a time.
///
/// Two rows at a time become a row of MCUs of samples, which is coded as soon as it is full. Nothing else is kept but one
/// row of RGB.
///
/// ```
/// use image_ingest_jpeg::RgbEncoder;
/// use image_ingest_samples::{CpuTimer, Size};
///
/// let mut encoder = RgbEncoder::new(Size::new(100, 50), 85)?;
/// for _ in 0..50 {
///     encoder.push(&[200; 100 * 3], &CpuTimer::default())?;
/// }
/// assert!(encoder.finish()?.starts_with(b"\xFF\xD8"));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct RgbEncoder {
    scan: ScanEncoder,
    size: Size,
    /// Rows that have come.
    taken: usize,
    /// A row of RGB without the one below it; empty where there is none.
    unpaired: Vec<u8>,
    strip: Strip,
    avx2: Option<Avx2>,
}

/// The samples of a row of MCUs.
struct Strip {
    /// Samples of a row of luma, in whole pieces.
    stride: usize,
    luma: Vec<u8>,
    /// Cb, then Cr; rows of half a stride.
    chroma: [Vec<u8>; 2],
    /// Pairs of rows that are filled.
    pairs: usize,
}

impl RgbEncoder {
    /// Encodes a picture of `size`. `quality` is 1 to 100, as libjpeg scales its tables.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when a side is 0 or over 65 500; [`WorkError::OutOfMemory`].
    pub fn new(size: Size, quality: u8) -> Result<Self, WorkError> {
        let scan = ScanEncoder::new(size, quality)?;
        let stride = (size.width as usize).next_multiple_of(PIXELS);
        let chroma = || zeroed(stride / 2 * CHROMA_ROWS);
        let strip = Strip { stride, luma: zeroed(stride * LUMA_ROWS)?, chroma: [chroma()?, chroma()?], pairs: 0 };
        Ok(Self { scan, size, taken: 0, unpaired: Vec::new(), strip, avx2: Avx2::find() })
    }

    /// The same encoder, with the code that any CPU can run. The bytes do not change; comparisons of both builds use it.
    #[must_use]
    pub fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// Takes the next rows, tight.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for more rows than the picture has; [`WorkError::OutOfMemory`],
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn push(&mut self, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let (row_len, height) = (self.size.width as usize * 3, self.size.height as usize);
        if !rows.len().is_multiple_of(row_len) || rows.len() / row_len > height - self.taken {
            return Err(WorkError::internal("rows that disagree with the size of a picture"));
        }
        let mut rows = rows.chunks_exact(row_len);
        while let Some(row) = rows.next() {
            self.taken += 1;
            let is_last = self.taken == height;
            if !self.unpaired.is_empty() {
                let upper = std::mem::take(&mut self.unpaired);
                self.convert([&upper, row])?;
            } else if let Some(lower) = rows.next() {
                self.taken += 1;
                self.convert([row, lower])?;
            } else if is_last {
                self.convert([row, row])?;
            } else {
                self.unpaired = joined(&[row])?;
            }
            if self.strip.is_full() || self.taken == height {
                self.code_row(timer)?;
            }
        }
        Ok(())
    }

    fn convert(&mut self, rgb: [&[u8]; 2]) -> Result<(), WorkError> {
        encode(EncodeWork::Convert(rgb, self.strip.next_rows()), self.avx2)?;
        self.strip.pairs += 1;
        Ok(())
    }

    fn code_row(&mut self, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let samples = self.strip.samples().ok_or_else(|| WorkError::internal("a row of MCUs without rows"))?;
        encode(EncodeWork::Code(&mut self.scan, &samples, timer), self.avx2)?;
        self.strip.pairs = 0;
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where rows are missing; [`WorkError::OutOfMemory`].
    pub fn finish(self) -> Result<Vec<u8>, WorkError> {
        self.scan.finish()
    }
}

impl Strip {
    fn is_full(&self) -> bool {
        self.pairs == CHROMA_ROWS
    }

    /// Where the next two rows of luma and the next one of chroma go. The strip is not full.
    fn next_rows(&mut self) -> YcbcrRows<'_> {
        let (stride, half) = (self.stride, self.stride / 2);
        let two = &mut self.luma[self.pairs * 2 * stride..][..2 * stride];
        let (upper, lower) = two.split_at_mut(stride);
        let at = self.pairs * half;
        let chroma = self.chroma.each_mut().map(|plane| &mut plane[at..][..half]);
        YcbcrRows { luma: [upper, lower], chroma }
    }

    fn samples(&self) -> Option<McuSamples<'_>> {
        let (stride, half) = (self.stride, self.stride / 2);
        let luma = rows_of(&self.luma[..self.pairs * 2 * stride], stride)?;
        let [cb, cr] = self.chroma.each_ref().map(|plane| rows_of(&plane[..self.pairs * half], half));
        Some(McuSamples { luma, chroma: Some([cb?, cr?]) })
    }
}

/// Encodes interleaved RGB, rows tight, as [`RgbEncoder`] does.
///
/// # Errors
///
/// [`WorkError::Internal`] when the length disagrees with `size` or a side is 0 or over 65 500;
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub fn encode_rgb(size: Size, rgb: &[u8], quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
    let mut encoder = RgbEncoder::new(size, quality)?;
    encoder.push(rgb, timer)?;
    encoder.finish()
}
