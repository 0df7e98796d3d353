//! Decodes the image data of a PNG to samples.

use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleSlice, Samples, WorkError, sample_count, zeroed};

use crate::adam7::passes;
use crate::expand::Expand;
use crate::header::ImageHeader;
use crate::inflate::ImageData;
use crate::result::Result;
use crate::rows::{StoredRows, side, unaddressable};

/// A picture whose chunks were read, and whose image data was not.
pub struct Picture<'a> {
    header: ImageHeader,
    data: ImageData<'a>,
    expand: Expand,
}

/// What the chunks before the image data say of pixels.
#[derive(Debug, Clone, Copy, Default)]
pub struct PixelChunks<'a> {
    /// The data of `PLTE`, three bytes an entry.
    pub palette: Option<&'a [u8]>,
    /// The data of `tRNS`.
    pub transparency: Option<&'a [u8]>,
    /// Whether `cICP` says that samples are in narrow range (ITU-T H.273, `VideoFullRangeFlag` 0).
    pub is_narrow_range: bool,
}

impl<'a> Picture<'a> {
    /// A picture of these chunks.
    #[must_use]
    pub fn new(header: ImageHeader, chunks: PixelChunks<'_>, data: ImageData<'a>) -> Self {
        let PixelChunks { palette, transparency, is_narrow_range } = chunks;
        Self { header, data, expand: Expand::new(&header, palette, transparency, is_narrow_range) }
    }

    /// What a decoded pixel is made of: gray, RGB or RGBA.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.expand.layout
    }

    /// Decodes a picture that is not interlaced, row by row: samples of 8 bits, or of 16 where the file has 16.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`]; [`DecodeError::Work`], with the errors of `sink`.
    pub fn decode(self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let Self { header, data, expand } = &self;
        let mut rows = StoredRows::new(*header, data.clone(), timer)?;
        let stride = side(header.size.width) * expand.layout.channels();
        if header.bit_depth == 16 {
            let mut samples = Vec::new();
            rows.pass(header.size, |rows, row_len| {
                self.expanded(rows, row_len, &mut samples, |row, _, out| expand.row16(row, out))?;
                Ok(sink.take_rows(0, SampleSlice::U16(&samples), stride)?)
            })?;
        } else if expand.is_as_stored() {
            rows.pass(header.size, |rows, _| Ok(sink.take_rows(0, SampleSlice::U8(rows), stride)?))?;
        } else {
            let mut samples = Vec::new();
            rows.pass(header.size, |rows, row_len| {
                self.expanded(rows, row_len, &mut samples, |row, width, out| expand.row8(row, width, out))?;
                Ok(sink.take_rows(0, SampleSlice::U8(&samples), stride)?)
            })?;
        }
        rows.finish()
    }

    /// Decodes an interlaced picture to all its samples, rows tight.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`]; [`DecodeError::Work`].
    pub fn decode_interlaced(self, timer: &CpuTimer<'_>) -> Result<Samples> {
        let Self { header, data, expand } = &self;
        let mut rows = StoredRows::new(*header, data.clone(), timer)?;
        let samples = if header.bit_depth == 16 {
            Samples::U16(self.woven(&mut rows, |row, _, out| expand.row16(row, out))?)
        } else {
            Samples::U8(self.woven(&mut rows, |row, width, out| expand.row8(row, width, out))?)
        };
        rows.finish()?;
        Ok(samples)
    }

    /// Replaces `samples` by what `expand` makes of stored rows of the whole picture's width.
    fn expanded<T>(
        &self,
        rows: &[u8],
        row_len: usize,
        samples: &mut Vec<T>,
        expand: impl Fn(&[u8], usize, &mut Vec<T>),
    ) -> Result<()> {
        let width = side(self.header.size.width);
        empty(samples, rows.len() / row_len * width * self.expand.layout.channels())?;
        rows.chunks_exact(row_len).for_each(|row| expand(row, width, samples));
        Ok(())
    }

    /// Spreads the pixels that `expand` makes of the rows of each pass over their places.
    fn woven<T: Copy + Default>(
        &self,
        rows: &mut StoredRows<'_>,
        expand: impl Fn(&[u8], usize, &mut Vec<T>),
    ) -> Result<Vec<T>> {
        let (size, channels) = (self.header.size, self.expand.layout.channels());
        let mut out = zeroed(sample_count(size, channels).ok_or_else(unaddressable)?)?;
        let stride = out.len() / side(size.height);
        let mut samples = Vec::new();
        for pass in passes(size, self.header.interlaced) {
            let width = side(pass.size.width);
            let mut targets = out.chunks_exact_mut(stride).skip(pass.y).step_by(pass.y_step);
            rows.pass(pass.size, |rows, row_len| {
                for (row, target) in rows.chunks_exact(row_len).zip(&mut targets) {
                    empty(&mut samples, width * channels)?;
                    expand(row, width, &mut samples);
                    let places = target.chunks_exact_mut(channels).skip(pass.x).step_by(pass.x_step);
                    places.zip(samples.chunks_exact(channels)).for_each(|(to, from)| to.copy_from_slice(from));
                }
                Ok(())
            })?;
        }
        Ok(out)
    }
}

/// Empties `samples` and makes room for `len`.
fn empty<T>(samples: &mut Vec<T>, len: usize) -> Result<(), WorkError> {
    samples.clear();
    image_ingest_samples::reserve(samples, len)
}
