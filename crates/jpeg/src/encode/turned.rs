//! Encodes a picture upright whose rows come as they are stored.

use image_ingest_samples::{Avx2, CpuTimer, Orientation, Size, WorkError};

use crate::dispatch::encode;
use crate::encode::input::EncoderRows;
use crate::encode::planes::planes_of;
use crate::encode::rgb_strip::RgbStrip;
use crate::encode::samples::McuSamples;
use crate::encode::turned_scan::TurnedScan;
use crate::encode::work::EncodeWork;

/// Encodes a turned picture whose stored rows come a few at a time.
///
/// The file is the same, to the byte, as that of the upright picture by [`PlanesEncoder`](crate::PlanesEncoder) or
/// [`RgbEncoder`](crate::RgbEncoder). No picture is kept for it: each MCU is turned and coded as its rows come, and
/// [`TurnedEncoder::finish`] puts the codes into the order of the upright picture.
///
/// ```
/// use image_ingest_jpeg::{PlanesEncoder, TurnedEncoder};
/// use image_ingest_samples::{CpuTimer, Orientation, Size};
///
/// let timer = CpuTimer::default();
/// // The upright picture has one row, from black to white, and so the stored one has one column.
/// let mut upright = PlanesEncoder::gray(Size::new(256, 1), 85)?;
/// let mut stored = TurnedEncoder::gray(Size::new(1, 256), Orientation::Rotate90, 85)?;
/// upright.push([&Vec::from_iter(0..=255), &[], &[]], &timer)?;
/// for luma in (0..=255).rev() {
///     stored.push([&[luma], &[], &[]], &timer)?;
/// }
/// assert_eq!(stored.finish(&timer)?, upright.finish()?);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct TurnedEncoder {
    scan: TurnedScan,
    rows: TurnedRows,
    avx2: Option<Avx2>,
}

enum TurnedRows {
    Planes(EncoderRows),
    Rgb(Box<RgbStrip>),
}

impl TurnedEncoder {
    /// Encodes luma and chroma, as they are for [`PlanesEncoder`](crate::PlanesEncoder), of a picture of `stored` size.
    /// `quality` is 1 to 100, as libjpeg scales its tables.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when a side is 0 or over 65 500; [`WorkError::OutOfMemory`].
    pub fn new(stored: Size, orientation: Orientation, quality: u8) -> Result<Self, WorkError> {
        Self::of_planes(stored, orientation, quality, true)
    }

    /// Encodes luma with neutral chroma, which gets no rows. The file has three components all the same.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn gray(stored: Size, orientation: Orientation, quality: u8) -> Result<Self, WorkError> {
        Self::of_planes(stored, orientation, quality, false)
    }

    /// Encodes interleaved RGB, which is the first of the planes that are pushed.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn rgb(stored: Size, orientation: Orientation, quality: u8) -> Result<Self, WorkError> {
        let scan = TurnedScan::new(stored, orientation, quality)?;
        let rows = TurnedRows::Rgb(Box::new(RgbStrip::new(stored, scan.turn())?));
        Ok(Self { scan, rows, avx2: Avx2::find() })
    }

    fn of_planes(stored: Size, orientation: Orientation, quality: u8, has_chroma: bool) -> Result<Self, WorkError> {
        let scan = TurnedScan::new(stored, orientation, quality)?;
        let rows = TurnedRows::Planes(EncoderRows::new(planes_of(stored, has_chroma), scan.turn().filled().above));
        Ok(Self { scan, rows, avx2: Avx2::find() })
    }

    /// The same encoder, with the code that any CPU can run. The bytes do not change; comparisons of both builds use it.
    #[must_use]
    pub fn portable(self) -> Self {
        let rows = match self.rows {
            TurnedRows::Rgb(strip) => TurnedRows::Rgb(Box::new(strip.portable())),
            planes => planes,
        };
        Self { avx2: None, rows, ..self }
    }

    /// Takes the next stored rows of each plane, tight: luma, Cb, Cr, or RGB. They need not be as many of each.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row and for more rows than the picture has; [`WorkError::OutOfMemory`],
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn push(&mut self, rows: [&[u8]; 3], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let Self { scan, rows: input, avx2 } = self;
        let (turn, width) = (scan.turn(), scan.stored_width());
        let mut code = |samples: &McuSamples<'_>| encode(EncodeWork::CodeTurned(scan, samples, timer), *avx2);
        match input {
            TurnedRows::Rgb(strip) => match rows {
                [rgb, [], []] => strip.push(rgb, code),
                _ => Err(WorkError::internal("planes for an encoder of RGB")),
            },
            TurnedRows::Planes(planes) => planes.push(rows, |planes| {
                let samples = McuSamples::of(planes, width, turn.filled());
                code(&samples.ok_or_else(|| WorkError::internal("a row of MCUs without rows"))?)
            }),
        }
    }

    /// The whole file.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] where rows are missing; [`WorkError::OutOfMemory`], [`WorkError::Deadline`],
    /// [`WorkError::Cancelled`].
    pub fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
        self.scan.finish(timer)
    }
}
