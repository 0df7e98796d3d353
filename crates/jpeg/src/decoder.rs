//! The decoder: what a file holds, and how its samples are wanted.

use image_ingest_samples::{Avx2, CpuTimer, DecodeError, RowSink, Size};

use crate::convert::InterleavedColor;
use crate::frame::DctFrame;
use crate::interleave::Interleaver;
use crate::interleaved::InterleavedRows;
use crate::picture;
use crate::result::Result;
use crate::rows::McuRows;
use crate::scale::DctScale;
use crate::tables::{Next, ScanStart, Tables};

/// Decodes a file to planes or to interleaved samples, and hands rows of them to a sink.
///
/// A value of this type has read its file up to the first scan. Sequential files need memory for one row of MCUs, or,
/// if the samples are to be interleaved and components come in several scans, for all components. Progressive files need
/// [`JpegHeader::coefficient_bytes`](crate::JpegHeader::coefficient_bytes) in addition.
///
/// Planes of luma and chroma have DCT scales of their own. libjpeg enlarges subsampled chroma when it scales down, but planes are
/// wanted as they are stored or smaller: the chroma of 4:4:4 and 4:2:2 files has further to go to 4:2:0 than luma.
///
/// ```
/// use image_ingest_jpeg::{DctScale, JpegDecoder};
/// use image_ingest_samples::{CpuTimer, RowSink, SampleRows, Size, WorkError};
///
/// struct Rows(Vec<Vec<u8>>);
///
/// impl RowSink for Rows {
///     fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
///         self.0.extend(rows.bytes()?.chunks(rows.stride).map(<[u8]>::to_vec));
///         Ok(())
///     }
/// }
///
/// // One component of 16 × 8 pixels: a block with the DC difference 5, and one with −5 from there.
/// let counts = b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// let file = [
///     &b"\xFF\xD8\xFF\xDB\0\x43\0"[..], &[16; 64],
///     b"\xFF\xC0\0\x0B\x08\0\x08\0\x10\x01\x01\x11\0",
///     b"\xFF\xC4\0\x26\x00", counts, b"\x03\x10", counts, b"\x00",
///     b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0", &[0b0_101_0_0_01, 0b0_0_111111], b"\xFF\xD9",
/// ]
/// .concat();
/// let decoder = JpegDecoder::new(&file, &CpuTimer::default())?;
/// assert_eq!((decoder.size(), decoder.luma_size(DctScale::Half)), (Size::new(16, 8), Size::new(8, 4)));
/// let mut rows = Rows(Vec::new());
/// decoder.decode([DctScale::Half; 2], &mut rows, &CpuTimer::default())?;
/// assert_eq!(rows.0, vec![[138, 138, 138, 138, 128, 128, 128, 128]; 4]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct JpegDecoder<'a> {
    file: &'a [u8],
    tables: Tables<'a>,
    first: ScanStart<'a>,
    size: Size,
    avx2: Option<Avx2>,
}

impl<'a> JpegDecoder<'a> {
    /// Reads a file up to its first scan. `file` begins with a start of image, whose two bytes are not looked at.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`]; [`DecodeError::Unsupported`] for files that are lossless
    /// or hierarchical, or have more than 8 bits or four components; [`DecodeError::Work`] where the budget ends.
    pub fn new(file: &'a [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut tables = Tables::new(file);
        let first = match tables.next(timer)? {
            Next::Scan(first) => first,
            Next::EndOfImage => return Err(DecodeError::malformed("no scan")),
            Next::EndOfData => return Err(DecodeError::truncated("the data ends before the image does")),
        };
        let size = tables.frame.as_ref().map(|frame| frame.size).ok_or_else(no_frame)?;
        Ok(Self { file, tables, first, size, avx2: Avx2::find() })
    }

    /// The same decoder without AVX2.
    #[cfg(test)]
    pub(crate) fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// The width and height of the picture in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The horizontal and vertical sampling factors of each component, 1–4. A single component has (1, 1), whatever the
    /// file says (§ A.2.2).
    #[must_use]
    pub fn sampling(&self) -> Vec<(u8, u8)> {
        let factor = |factor: u32| u8::try_from(factor).unwrap_or(1);
        self.frame().map(|f| f.components.iter().map(|c| (factor(c.h), factor(c.v))).collect()).unwrap_or_default()
    }

    /// The width and height of the luma plane at a DCT scale, in samples.
    #[must_use]
    pub fn luma_size(&self, scale: DctScale) -> Size {
        let luma = self.frame().and_then(|f| Some(f.component_size(f.components.first()?, side(scale))));
        luma.unwrap_or(self.size)
    }

    /// Whether the components are planes: one component, or three of which the last two have equal sampling factors that
    /// divide those of the first.
    #[must_use]
    pub fn is_planar(&self) -> bool {
        self.frame().is_some_and(DctFrame::is_planar)
    }

    pub(crate) fn frame(&self) -> Option<&DctFrame> {
        self.tables.frame.as_ref()
    }

    /// Decodes to planes at the DCT scales of luma and of chroma, and hands their rows to `sink`.
    ///
    /// Rows come from the top, a row of MCUs of each plane at a time. Their stride is that of whole MCUs, so samples
    /// beyond the width of the picture may follow. Rows below the picture are left out. The samples are those of
    /// libjpeg-turbo's accurate integer DCT at full scale, and of its reduced ones below.
    ///
    /// The end of the file decides nothing once the picture is whole. `timer` is asked several times in each row of MCUs.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] and [`DecodeError::Truncated`] for damage; [`DecodeError::Work`] when memory or the
    /// budget is exhausted, or `sink` fails.
    pub fn decode(self, scales: [DctScale; 2], sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let [luma, chroma] = scales.map(side);
        let frame = self.tables.frame.as_ref().ok_or_else(no_frame)?;
        let rows = McuRows::new(frame, [luma, chroma, chroma, chroma], sink, self.avx2, timer)?;
        picture::decode(self.file, self.tables, self.first, rows)
    }

    /// Decodes to interleaved samples of a picture at a DCT scale, and hands their rows to `sink` as those of plane 0.
    ///
    /// A row has [`InterleavedColor::channels`] samples for each pixel, and no other. The samples are those of
    /// libjpeg-turbo: subsampled components are enlarged by a larger inverse DCT where the scale allows it, else
    /// interpolated where the picture is twice as wide or high (libjpeg's "fancy" upsampling) and not at 1/8, else
    /// repeated.
    ///
    /// # Errors
    ///
    /// As [`Self::decode`]; [`DecodeError::Unsupported`] for another number of components than `color` has, and for a
    /// component whose samples stand in no whole proportion to the picture's.
    pub fn decode_interleaved(
        self,
        color: InterleavedColor,
        scale: DctScale,
        sink: &mut dyn RowSink,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let frame = self.tables.frame.as_ref().ok_or_else(no_frame)?;
        if frame.components.len() != color.channels() {
            return Err(DecodeError::unsupported(format!("{} components", frame.components.len())));
        }
        let sides = enlarged_sides(frame, side(scale));
        let is_whole = !frame.progressive && self.first.components.len() < frame.components.len();
        let interleaver = Interleaver::new(frame, sides, color, is_whole, timer)?;
        let mut interleaved = InterleavedRows::new(interleaver, sink, self.avx2, timer);
        let rows = McuRows::new(frame, sides, &mut interleaved, self.avx2, timer)?;
        picture::decode(self.file, self.tables, self.first, rows)
    }
}

/// The samples per side of the blocks of each component, in a picture whose blocks have `least`.
///
/// As long as a component still has fewer samples than the picture in both directions, its blocks are twice as large
/// (jdmaster.c, `jpeg_calc_output_dimensions`).
fn enlarged_sides(frame: &DctFrame, least: usize) -> [usize; 4] {
    let (h, v) = frame.max_sampling();
    let most = (h as usize * least, v as usize * least);
    let mut sides = [least; 4];
    for (side, component) in sides.iter_mut().zip(&frame.components) {
        let twice = |side: usize| (component.h as usize * side * 2, component.v as usize * side * 2);
        while *side < 8 && most.0.is_multiple_of(twice(*side).0) && most.1.is_multiple_of(twice(*side).1) {
            *side *= 2;
        }
    }
    sides
}

/// The samples per side of a block at a DCT scale.
fn side(scale: DctScale) -> usize {
    8 / scale.divisor() as usize
}

fn no_frame() -> DecodeError {
    DecodeError::malformed("no frame header")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::{FrameComponent, FrameHeader, Process};

    fn sides(sampling: &[(u8, u8)], least: usize) -> Vec<usize> {
        let components: Vec<_> =
            (1..).zip(sampling).map(|(id, &(h, v))| FrameComponent { id, h, v, quantiser: 0 }).collect();
        let (process, size) = (Process::Sequential, Size::new(8, 8));
        let count = u8::try_from(components.len()).unwrap();
        let header = FrameHeader { process, bit_depth: 8, size, count, components };
        enlarged_sides(&DctFrame::of(&header).unwrap(), least)[..sampling.len()].to_vec()
    }

    #[test]
    fn blocks_of_subsampled_components_are_enlarged_where_the_scale_allows_it() {
        let of_420 = [(2, 2), (1, 1), (1, 1)];
        assert_eq!([8, 4, 2, 1].map(|least| sides(&of_420, least)[1]), [8, 8, 4, 2]);
        assert_eq!(sides(&[(2, 1), (1, 1), (1, 1)], 4), [4, 4, 4], "not in one direction alone");
        assert_eq!(sides(&[(4, 4), (1, 1), (2, 2)], 1), [1, 4, 2]);
        assert_eq!(sides(&[(1, 1), (2, 2), (2, 2)], 2), [4, 2, 2]);
        assert_eq!(sides(&[(3, 3), (1, 1), (1, 1)], 4), [4, 4, 4], "a third");
    }
}
