//! Encodes planes.

use image_ingest_samples::{Avx2, CpuTimer, Size, WorkError, chroma_size};

use crate::dispatch::encode;
use crate::encode::input::{EncoderRows, PlaneShape};
use crate::encode::samples::{CHROMA_ROWS, Filled, LUMA_ROWS, McuSamples};
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
    size: Size,
    /// Of luma, Cb and Cr; of luma alone where chroma is neutral.
    rows: EncoderRows,
    avx2: Option<Avx2>,
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
        let rows = EncoderRows::new(planes_of(size, has_chroma), false);
        Ok(Self { scan, size, rows, avx2: Avx2::find() })
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
        let Self { scan, size, rows: input, avx2 } = self;
        input.push(rows, |planes| {
            let samples = McuSamples::of(planes, size.width as usize, Filled::default());
            let samples = samples.ok_or_else(|| WorkError::internal("a row of MCUs without rows"))?;
            encode(EncodeWork::Code(scan, &samples, timer), *avx2)
        })
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

/// The planes of a picture: luma and chroma, or luma alone.
pub(crate) fn planes_of(size: Size, has_chroma: bool) -> impl Iterator<Item = PlaneShape> {
    let half = chroma_size(size, (2, 2));
    let planes = [(size, LUMA_ROWS), (half, CHROMA_ROWS), (half, CHROMA_ROWS)];
    let shape = |(size, mcu_rows): (Size, usize)| PlaneShape {
        row_len: size.width as usize,
        height: size.height as usize,
        mcu_rows,
    };
    planes.into_iter().take(if has_chroma { 3 } else { 1 }).map(shape)
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
