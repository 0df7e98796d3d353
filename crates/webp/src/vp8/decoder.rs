//! Decodes a VP8 key frame and hands its rows to a sink.

use image_ingest_samples::{Avx2, CpuTimer, RowSink, SampleRows, Size};

use crate::dispatch;
use crate::result::Result;

use super::header::Vp8Header;
use super::reconstruct::RowDecoder;
use super::rows::{PlaneBatch, PlaneRows};

/// Decodes a VP8 key frame (RFC 6386) to planes of limited-range BT.601 in 4:2:0, and hands rows of them to a sink.
///
/// A value of this type has read the header of its frame. Decoding holds what [`memory_bytes`](Self::memory_bytes) says:
/// 1.2 KB for 16 pixels of width, and tables.
///
/// ```
/// use image_ingest_samples::{CpuTimer, RowSink, SampleRows, Size, WorkError};
/// use image_ingest_webp::Vp8Decoder;
///
/// /// Keeps the samples of luma.
/// struct Luma(Vec<u8>);
///
/// impl RowSink for Luma {
///     fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
///         if plane == 0 {
///             self.0.extend_from_slice(rows.bytes()?);
///         }
///         Ok(())
///     }
/// }
///
/// // A frame of 16 × 2 pixels whose bools are all 0: what is above the picture, the mean and no residual.
/// let mut frame = b"\x10\x08\0\x9D\x01\x2A\x10\0\x02\0".to_vec();
/// frame.resize(10 + 64 + 64, 0);
/// let decoder = Vp8Decoder::new(&frame)?;
/// assert_eq!(decoder.size(), Size::new(16, 2));
/// let mut luma = Luma(Vec::new());
/// decoder.decode(&mut luma, &CpuTimer::default())?;
/// assert_eq!(luma.0.len(), 32);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct Vp8Decoder<'a> {
    header: Vp8Header<'a>,
    avx2: Option<Avx2>,
}

impl<'a> Vp8Decoder<'a> {
    /// Reads the header of a frame: the data of a `VP8 ` chunk.
    ///
    /// # Errors
    ///
    /// `truncated` where the frame ends before its header or before its last partition begins; `malformed` for another
    /// frame than a shown key frame, or where the first partition ends in the middle of what it says of segments and
    /// filter.
    pub fn new(frame: &'a [u8]) -> Result<Self> {
        Self::with(frame, Avx2::find())
    }

    /// As [`new`](Self::new), with AVX2 only where it is given. The samples are the same.
    pub(crate) fn with(frame: &'a [u8], avx2: Option<Avx2>) -> Result<Self> {
        Ok(Self { header: Vp8Header::read(frame)?, avx2 })
    }

    /// The width and height of the picture in pixels, each 1–16 383.
    #[must_use]
    pub fn size(&self) -> Size {
        self.header.size
    }

    /// Decodes the frame and hands its rows to `sink`, up to 16 of luma, then half as many of Cb and of Cr.
    ///
    /// Every sample is the one that libwebp gives. The stride is that of whole macroblocks, so samples beyond the width
    /// of the picture may follow in a row. Rows below the picture are left out. `timer` is asked after every 64
    /// macroblocks.
    ///
    /// # Errors
    ///
    /// `truncated` where modes or tokens end before the picture does; [`DecodeError::Work`] when memory or the budget is
    /// exhausted, or `sink` fails.
    ///
    /// [`DecodeError::Work`]: image_ingest_samples::DecodeError::Work
    pub fn decode(self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        self.decode_batches(timer, |batch| {
            sink.take_rows(0, SampleRows::u8(batch.luma, batch.stride), timer)?;
            for (plane, samples) in (1..).zip(batch.chroma) {
                sink.take_rows(plane, SampleRows::u8(samples, batch.chroma_stride), timer)?;
            }
            Ok(())
        })
    }

    /// Decodes the frame and calls `take` with its rows, those of a row of macroblocks at a time.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode), and of `take`.
    pub(crate) fn decode_batches(
        self,
        timer: &CpuTimer<'_>,
        mut take: impl FnMut(&PlaneBatch<'_>) -> Result<()>,
    ) -> Result<()> {
        let (_, down) = self.header.macroblocks();
        let mut planes = PlaneRows::new(self.header.size)?;
        let mut rows = RowDecoder::new(self.header)?;
        for row in 0..down {
            dispatch::decode_row(&mut rows, timer, self.avx2)?;
            if row > 0 {
                take(&planes.gather(rows.finished_row()))?;
            }
        }
        take(&planes.gather(rows.last_row()))
    }

    /// Bytes that decoding a frame of `size` holds: two rows of macroblocks, what each column keeps of the last one, the
    /// rows of planes made of them, and tables.
    #[must_use]
    pub fn memory_bytes(size: Size) -> u64 {
        let across = u64::from(size.width.div_ceil(16));
        across * (RowDecoder::COLUMN_BYTES + PlaneRows::COLUMN_BYTES) as u64 + RowDecoder::TABLE_BYTES as u64
    }

    /// Whether every product and sum of the frame's residual surely fits 16 bits, as they do for all that an encoder
    /// makes from samples. Where they do not, this decoder's sums wrap, and decoders differ from each other; so whoever
    /// compares decoders asks this. It decodes the whole frame slowly.
    ///
    /// # Errors
    ///
    /// Those of decoding.
    #[cfg(feature = "checked")]
    #[doc(hidden)]
    pub fn fits_16_bits(self) -> Result<bool> {
        super::checked::decode(self.header)
    }
}
