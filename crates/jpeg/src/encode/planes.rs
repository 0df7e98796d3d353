//! Encodes planes.

use image_ingest_samples::{Avx2, CpuTimer, Size, WorkError, chroma_size, reserve};

use crate::dispatch::encode;
use crate::encode::samples::{CHROMA_ROWS, LUMA_ROWS, McuSamples, rows_of};
use crate::encode::scan::ScanEncoder;
use crate::encode::work::EncodeWork;

/// Encodes planes whose rows come a few at a time.
///
/// The planes are full-range BT.601 (ITU-T T.871): luma of `width × height` samples, and Cb and Cr of
/// `⌈width / 2⌉ × ⌈height / 2⌉`, centred. The rows of MCUs that the rows given fill are coded at once, most of them
/// without being copied; the others are kept.
///
/// ```
/// use image_ingest_jpeg::PlanesEncoder;
/// use image_ingest_samples::{CpuTimer, Size};
///
/// let mut encoder = PlanesEncoder::new(Size::new(640, 32), 85)?;
/// for _ in 0..16 {
///     encoder.push([&[200; 640 * 2], &[128; 320], &[128; 320]], &CpuTimer::default())?;
/// }
/// let file = encoder.finish()?;
/// assert_eq!((&file[..2], &file[file.len() - 2..]), (&b"\xFF\xD8"[..], &b"\xFF\xD9"[..]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct PlanesEncoder {
    scan: ScanEncoder,
    /// Luma, Cb and Cr; luma alone where chroma is neutral.
    planes: Vec<PlaneInput>,
    avx2: Option<Avx2>,
}

/// The rows of one plane.
struct PlaneInput {
    width: usize,
    /// Samples that have not come yet.
    missing: usize,
    /// Samples of a row of MCUs.
    mcu_samples: usize,
    /// Rows that came and are not coded.
    kept: Vec<u8>,
}

impl PlanesEncoder {
    /// Encodes luma and chroma. `quality` is 1 to 100, as libjpeg scales its tables.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when a side is 0 or over 65 500.
    pub fn new(size: Size, quality: u8) -> Result<Self, WorkError> {
        Self::of(size, quality, true)
    }

    /// Encodes luma with neutral chroma, which gets no rows. The file has three components all the same.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn gray(size: Size, quality: u8) -> Result<Self, WorkError> {
        Self::of(size, quality, false)
    }

    fn of(size: Size, quality: u8, has_chroma: bool) -> Result<Self, WorkError> {
        let scan = ScanEncoder::new(size, quality)?;
        let half = chroma_size(size, (2, 2));
        let planes = [(size, LUMA_ROWS), (half, CHROMA_ROWS), (half, CHROMA_ROWS)];
        let planes = planes.into_iter().take(if has_chroma { 3 } else { 1 });
        let planes = planes.map(|(size, rows)| PlaneInput::new(size, rows)).collect();
        Ok(Self { scan, planes, avx2: Avx2::find() })
    }

    /// The same encoder, with the code that any CPU can run. The bytes do not change; comparisons of both builds use it.
    #[must_use]
    pub fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// Takes the next rows of each plane, tight: luma, Cb, Cr. They need not be as many of each.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for more rows than the picture has; [`WorkError::OutOfMemory`],
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn push(&mut self, rows: [&[u8]; 3], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let (mut rows, none) = (rows, &rows[self.planes.len()..]);
        if none.iter().any(|rows| !rows.is_empty()) {
            return Err(WorkError::internal("chroma for an encoder of luma alone"));
        }
        for (plane, rows) in self.planes.iter_mut().zip(rows) {
            plane.announce(rows)?;
        }
        while self.scan.rows_left() > 0 && self.planes.iter().zip(rows).all(|(plane, rows)| plane.is_ready(rows)) {
            self.code_row(&mut rows, timer)?;
        }
        self.planes.iter_mut().zip(rows).try_for_each(|(plane, rows)| plane.keep(rows))
    }

    /// Codes a row of MCUs of what is kept and what has come, and leaves in `rows` what is not needed yet.
    fn code_row(&mut self, rows: &mut [&[u8]; 3], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        for (plane, rows) in self.planes.iter_mut().zip(&mut *rows) {
            plane.complete(rows)?;
        }
        let next = |i: usize| self.planes.get(i).map(|plane| (plane.next(rows[i]), plane.width));
        let mcu = || -> Option<McuSamples<'_>> {
            let (luma, width) = next(0)?;
            let chroma = match next(1).zip(next(2)) {
                Some(((cb, width), (cr, _))) => Some([rows_of(cb, width)?, rows_of(cr, width)?]),
                None => None,
            };
            Some(McuSamples { luma: rows_of(luma, width)?, chroma })
        };
        let samples = mcu().ok_or_else(|| WorkError::internal("a row of MCUs without rows"))?;
        encode(EncodeWork::Code(&mut self.scan, &samples, timer), self.avx2)?;
        for (plane, rows) in self.planes.iter_mut().zip(rows) {
            plane.drop_coded(rows);
        }
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

impl PlaneInput {
    fn new(size: Size, mcu_rows: usize) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        Self { width, missing: width.saturating_mul(height), mcu_samples: width * mcu_rows, kept: Vec::new() }
    }

    /// Counts rows that have come.
    fn announce(&mut self, rows: &[u8]) -> Result<(), WorkError> {
        let left = self.missing.checked_sub(rows.len()).filter(|_| rows.len().is_multiple_of(self.width));
        self.missing = left.ok_or_else(|| WorkError::internal("rows that disagree with the size of a picture"))?;
        Ok(())
    }

    /// Whether a row of MCUs can be coded: its rows are kept or in `rows`, or they are the last.
    fn is_ready(&self, rows: &[u8]) -> bool {
        self.missing == 0 || self.kept.len() + rows.len() >= self.mcu_samples
    }

    /// Adds to what is kept, if anything is, what a row of MCUs lacks.
    fn complete(&mut self, rows: &mut &[u8]) -> Result<(), WorkError> {
        if !self.kept.is_empty() {
            let lack = self.mcu_samples.saturating_sub(self.kept.len()).min(rows.len());
            let (now, later) = rows.split_at(lack);
            self.keep(now)?;
            *rows = later;
        }
        Ok(())
    }

    /// The samples of the next row of MCUs.
    fn next<'a>(&'a self, rows: &'a [u8]) -> &'a [u8] {
        let from = if self.kept.is_empty() { rows } else { &self.kept };
        &from[..from.len().min(self.mcu_samples)]
    }

    fn drop_coded(&mut self, rows: &mut &[u8]) {
        if self.kept.is_empty() {
            *rows = &rows[rows.len().min(self.mcu_samples)..];
        } else {
            self.kept.drain(..self.kept.len().min(self.mcu_samples));
        }
    }

    fn keep(&mut self, rows: &[u8]) -> Result<(), WorkError> {
        reserve(&mut self.kept, rows.len())?;
        self.kept.extend_from_slice(rows);
        Ok(())
    }
}

/// Encodes whole planes, rows tight, as [`PlanesEncoder`] does; luma alone where `chroma` is `None`.
///
/// # Errors
///
/// [`WorkError::Internal`] when a length disagrees with `size` or a side is 0 or over 65 500;
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub fn encode_planes(
    size: Size,
    luma: &[u8],
    chroma: Option<(&[u8], &[u8])>,
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>, WorkError> {
    let mut encoder = PlanesEncoder::of(size, quality, chroma.is_some())?;
    let (cb, cr) = chroma.unwrap_or_default();
    encoder.push([luma, cb, cr], timer)?;
    encoder.finish()
}
