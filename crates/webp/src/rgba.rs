//! Decodes VP8 to rows of RGBA: with the samples of an alpha plane, or opaque.

use image_ingest_samples::{Avx2, CpuTimer, RowSink, SampleRows, Size, zeroed};

use crate::result::Result;
use crate::upsample::{ChromaRow, write_rgba_row};
use crate::vp8::decoder::Vp8Decoder;
use crate::vp8::rows::PlaneBatch;
use crate::vp8l::alpha::AlphaRows;

/// Decodes a VP8 key frame, the data of a `VP8 ` chunk, to RGBA, and hands its rows to `sink` as plane 0, one by one.
///
/// `alpha` is the data of the `ALPH` chunk of the same picture (RFC 9649 § 2.7.1.2); without it all pixels are opaque.
/// Colours are not premultiplied. Every sample is the one that libwebp gives.
///
/// Decoding holds what [`Vp8Decoder::memory_bytes`] says, seven bytes for a pixel of width, and for a compressed alpha plane
/// what [`LosslessLayout::memory_bytes`](crate::LosslessLayout::memory_bytes) says. `timer` is asked between rows, and
/// within a row of macroblocks.
///
/// ```
/// use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};
/// use image_ingest_webp::decode_lossy_rgba;
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
/// // A frame of 2 × 1 pixels whose bools are all 0, and alpha that is not compressed.
/// let mut frame = b"\x10\x08\0\x9D\x01\x2A\x02\0\x01\0".to_vec();
/// frame.resize(10 + 64 + 64, 0);
/// let mut rows = Rows(Vec::new());
/// decode_lossy_rgba(&frame, Some(&[0, 7, 200]), &mut rows, &CpuTimer::default())?;
/// assert_eq!(rows.0, [130, 130, 130, 7, 130, 130, 130, 200]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`, and what `sink` returns.
pub fn decode_lossy_rgba(
    frame: &[u8],
    alpha: Option<&[u8]>,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    decode_with(frame, alpha, sink, timer, Avx2::find())
}

/// As [`decode_lossy_rgba`], with AVX2 only where it is given.
pub(crate) fn decode_with(
    frame: &[u8],
    alpha: Option<&[u8]>,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
    avx2: Option<Avx2>,
) -> Result<()> {
    let decoder = Vp8Decoder::with(frame, avx2)?;
    let size = decoder.size();
    let alpha = alpha.map(|chunk| AlphaRows::new(chunk, size, timer, avx2)).transpose()?;
    let mut rows = RgbaRows::new(size, alpha)?;
    decoder.decode_batches(timer, |batch| rows.hand_on(batch, sink, timer))
}

/// Makes RGBA rows of rows of planes.
///
/// An odd row of luma takes a part of its chroma from the row of chroma below its own. The last row of a batch, which is
/// odd, therefore waits for the next batch. At the end of the picture there is none, and its own row of chroma counts
/// twice; and so it does for the first row of the picture, which has none above.
struct RgbaRows<'a> {
    width: usize,
    /// Rows of the picture that were in no batch yet.
    missing: usize,
    /// Whether a batch came before, whose last row waits.
    has_last: bool,
    last: LastRow,
    output: RgbaOutput<'a>,
}

impl<'a> RgbaRows<'a> {
    fn new(size: Size, alpha: Option<AlphaRows<'a>>) -> Result<Self> {
        let width = size.width as usize;
        let across = width.div_ceil(2);
        let last = LastRow { luma: zeroed(width)?, cb: zeroed(across)?, cr: zeroed(across)? };
        let output = RgbaOutput { alpha, rgba: zeroed(4 * width)? };
        Ok(Self { width, missing: size.height as usize, has_last: false, last, output })
    }

    /// Hands on the row that waits and those of a batch, but for its last one where more are to come.
    fn hand_on(&mut self, batch: &PlaneBatch<'_>, sink: &mut impl RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let (width, across) = (self.width, self.width.div_ceil(2));
        let Some(last) = (batch.luma.len() / batch.stride.max(1)).checked_sub(1) else { return Ok(()) };
        let luma = |y: usize| &batch.luma[y * batch.stride..][..width];
        let chroma = |y: usize| {
            let [cb, cr] = batch.chroma.map(|plane| &plane[y * batch.chroma_stride..][..across]);
            ChromaRow { cb, cr }
        };
        let mut above = chroma(0);
        if self.has_last {
            above = self.last.chroma();
            self.output.hand_on(&self.last.luma, above, chroma(0), sink, timer)?;
        }
        self.missing = self.missing.saturating_sub(last + 1);
        let now = if self.missing == 0 { last + 1 } else { last };
        for y in 0..now {
            let far = match y / 2 {
                0 if y == 0 => above,
                near if y % 2 == 0 => chroma(near - 1),
                near => chroma((near + 1).min(last / 2)),
            };
            self.output.hand_on(luma(y), chroma(y / 2), far, sink, timer)?;
        }
        self.last.set(luma(last), chroma(last / 2));
        self.has_last = true;
        Ok(())
    }
}

/// The last row of luma of a batch, and the row of chroma that belongs to it.
struct LastRow {
    luma: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
}

impl LastRow {
    fn chroma(&self) -> ChromaRow<'_> {
        ChromaRow { cb: &self.cb, cr: &self.cr }
    }

    /// The slices are as long as those that were there.
    fn set(&mut self, luma: &[u8], chroma: ChromaRow<'_>) {
        self.luma.copy_from_slice(luma);
        self.cb.copy_from_slice(chroma.cb);
        self.cr.copy_from_slice(chroma.cr);
    }
}

/// Makes one row after the other.
struct RgbaOutput<'a> {
    alpha: Option<AlphaRows<'a>>,
    rgba: Vec<u8>,
}

impl RgbaOutput<'_> {
    fn hand_on(
        &mut self,
        luma: &[u8],
        near: ChromaRow<'_>,
        far: ChromaRow<'_>,
        sink: &mut impl RowSink,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        timer.check()?;
        write_rgba_row(luma, near, far, &mut self.rgba);
        if let Some(alpha) = &mut self.alpha {
            for (pixel, &alpha) in self.rgba.as_chunks_mut::<4>().0.iter_mut().zip(alpha.next_row()?) {
                pixel[3] = alpha;
            }
        }
        sink.take_rows(0, SampleRows::u8(&self.rgba, self.rgba.len()), timer)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::WorkError;

    use super::*;
    use crate::tests::noise;

    struct Whole(Vec<u8>);

    impl RowSink for Whole {
        fn take_rows(
            &mut self,
            plane: usize,
            rows: SampleRows<'_>,
            _: &CpuTimer<'_>,
        ) -> std::result::Result<(), WorkError> {
            assert_eq!((plane, rows.samples.len()), (0, rows.stride));
            self.0.extend_from_slice(rows.bytes()?);
            Ok(())
        }
    }

    /// The rows of planes of noise, in batches of 16, with samples of noise behind the picture.
    fn in_batches(size: Size, [luma, cb, cr]: [&[u8]; 3]) -> Vec<u8> {
        let (width, across) = (size.width as usize, size.width.div_ceil(2) as usize);
        let (stride, chroma_stride) = (width + 9, across + 4);
        let padded = |plane: &[u8], width: usize, stride: usize| -> Vec<u8> {
            plane.chunks(width).flat_map(|row| [row, &noise(stride - width, 3)].concat()).collect()
        };
        let (luma, cb, cr) =
            (padded(luma, width, stride), padded(cb, across, chroma_stride), padded(cr, across, chroma_stride));
        let (mut rows, mut whole) = (RgbaRows::new(size, None).unwrap(), Whole(Vec::new()));
        let chroma = cb.chunks(8 * chroma_stride).zip(cr.chunks(8 * chroma_stride));
        for (luma, (cb, cr)) in luma.chunks(16 * stride).zip(chroma) {
            let batch = PlaneBatch { luma, chroma: [cb, cr], stride, chroma_stride };
            rows.hand_on(&batch, &mut whole, &CpuTimer::default()).unwrap();
        }
        whole.0
    }

    #[test]
    fn every_row_takes_chroma_from_both_sides_of_it() {
        for (width, height) in [(5, 1), (5, 2), (1, 3), (6, 16), (33, 17), (2, 33), (40, 48)] {
            let size = Size::new(width, height);
            let (across, down) = (width.div_ceil(2) as usize, height.div_ceil(2) as usize);
            let [luma, cb, cr] =
                [noise((width * height) as usize, 1), noise(across * down, 2), noise(across * down, 3)];
            let chroma = |row: usize| {
                let at = row.min(down - 1) * across;
                ChromaRow { cb: &cb[at..at + across], cr: &cr[at..at + across] }
            };
            let mut expected = Vec::new();
            for (y, luma) in luma.chunks(width as usize).enumerate() {
                let far = if y % 2 == 0 { (y / 2).saturating_sub(1) } else { y / 2 + 1 };
                let mut row = vec![0; 4 * width as usize];
                write_rgba_row(luma, chroma(y / 2), chroma(far), &mut row);
                expected.extend(row);
            }
            assert_eq!(in_batches(size, [&luma, &cb, &cr]), expected, "{width} x {height}");
        }
    }
}
