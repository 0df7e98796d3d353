//! Encodes RGB.

use image_ingest_samples::{Avx2, CpuTimer, Orientation, Size, WorkError};

use crate::dispatch::encode;
use crate::encode::mcu_turn::McuTurn;
use crate::encode::rgb_strip::RgbStrip;
use crate::encode::scan::ScanEncoder;
use crate::encode::work::EncodeWork;

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
    strip: RgbStrip,
    avx2: Option<Avx2>,
}

impl RgbEncoder {
    /// Encodes a picture of `size`. `quality` is 1 to 100, as libjpeg scales its tables.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when a side is 0 or over 65 500; [`WorkError::OutOfMemory`].
    pub fn new(size: Size, quality: u8) -> Result<Self, WorkError> {
        let scan = ScanEncoder::new(size, quality)?;
        let strip = RgbStrip::new(size, McuTurn::new(Orientation::Upright))?;
        Ok(Self { scan, strip, avx2: Avx2::find() })
    }

    /// The same encoder, with the code that any CPU can run. The bytes do not change; comparisons of both builds use it.
    #[must_use]
    pub fn portable(self) -> Self {
        Self { avx2: None, strip: self.strip.portable(), ..self }
    }

    /// Takes the next rows, tight.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for more rows than the picture has; [`WorkError::OutOfMemory`],
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn push(&mut self, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let Self { scan, strip, avx2 } = self;
        strip.push(rows, |samples| encode(EncodeWork::Code(scan, samples, timer), *avx2))
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
