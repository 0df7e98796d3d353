//! Decodes a VP8L picture to rows of samples.

use image_ingest_samples::{Avx2, CpuTimer, DecodeError, Layout, RowSink, SampleRows, Size, sample_count, zeroed};

use super::rows::LosslessRows;
use crate::dispatch;
use crate::result::Result;

/// Decodes a VP8L bitstream of `size` from behind the header that gives the size (RFC 9649 § 3.4), and hands its rows to
/// `sink` as plane 0, interleaved as `layout` says: RGB, or RGBA with alpha that is not premultiplied.
///
/// It holds what [`LosslessLayout::memory_bytes`](crate::LosslessLayout::memory_bytes) says, and looks at the timer
/// between rows.
///
/// ```
/// use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleRows, Size, WorkError};
/// use image_ingest_webp::decode_lossless;
///
/// struct Rows(Vec<u8>);
///
/// impl RowSink for Rows {
///     fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
///         self.0.extend_from_slice(rows.bytes()?);
///         Ok(())
///     }
/// }
///
/// // No transform, no colour cache, and one group of prefix codes, each of which has the one symbol 1 or 0.
/// let data = [0b1100_1000, 0b1000_1100, 0b0000_1000];
/// let mut rows = Rows(Vec::new());
/// decode_lossless(&data, Size::new(1, 2), Layout::Rgba, &mut rows, &CpuTimer::default())?;
/// assert_eq!(rows.0, [1, 1, 0, 0, 1, 1, 0, 0]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`; `internal` for another layout;
/// and what `sink` returns.
pub fn decode_lossless(
    data: &[u8],
    size: Size,
    layout: Layout,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    decode_with(data, size, layout, sink, timer, Avx2::find())
}

/// As [`decode_lossless`], with AVX2 only where it is given.
pub(crate) fn decode_with(
    data: &[u8],
    size: Size,
    layout: Layout,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
    avx2: Option<Avx2>,
) -> Result<()> {
    let stride = sample_count(Size::new(size.width, 1), layout.channels());
    let mut samples = zeroed(stride.ok_or_else(|| DecodeError::out_of_memory(0))?)?;
    let mut rows = LosslessRows::new(data, size, timer)?;
    for _ in 0..size.height {
        timer.check()?;
        dispatch::next_row(&mut rows, avx2)?;
        let row = rows.row();
        match layout {
            Layout::Rgb => write_rgb(row, &mut samples),
            Layout::Rgba => write_rgba(row, &mut samples),
            Layout::Gray | Layout::Cmyk => return Err(DecodeError::internal("VP8L gives RGB or RGBA")),
        }
        sink.take_rows(0, SampleRows::u8(&samples, samples.len()), timer)?;
    }
    Ok(())
}

fn write_rgb(row: &[u32], samples: &mut [u8]) {
    for (to, argb) in samples.as_chunks_mut::<3>().0.iter_mut().zip(row) {
        let [blue, green, red, _] = argb.to_le_bytes();
        *to = [red, green, blue];
    }
}

fn write_rgba(row: &[u32], samples: &mut [u8]) {
    for (to, argb) in samples.as_chunks_mut::<4>().0.iter_mut().zip(row) {
        let [blue, green, red, alpha] = argb.to_le_bytes();
        *to = [red, green, blue, alpha];
    }
}
