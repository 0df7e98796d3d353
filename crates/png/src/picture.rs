//! Decodes the image data of a PNG to samples.

use image_ingest_samples::{
    CpuTimer, Layout, PictureRows, RowSink, SampleRows, SampleSlice, Size, WorkError, Zeroable, sample_count,
};

use crate::adam7::{Adam7Pass, passes};
use crate::expand::Expand;
use crate::header::ImageHeader;
use crate::image_data::ImageData;
use crate::result::Result;
use crate::rows::{StoredRows, side, unaddressable};

/// A picture whose chunks were read, and whose image data was not. [`Datastream::picture`](crate::Datastream::picture)
/// makes it.
///
/// ```
/// use image_ingest_png::Datastream;
/// use image_ingest_samples::{CpuTimer, Layout};
///
/// // One gray pixel of 8 bits. A picture that is not interlaced is one pass.
/// let file = b"\x89PNG\r\n\x1a\n\
///     \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
///     \0\0\0\x0dIDAT\x78\x01\x01\x02\0\xfd\xff\0\xc8\0\xca\0\xc9\xad\x63\x23\xb2";
/// let picture = Datastream::read(file, &CpuTimer::default())?.picture();
/// assert_eq!(picture.layout(), Layout::Gray);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct PngPicture<'a> {
    header: ImageHeader,
    data: ImageData<'a>,
    expand: Expand,
}

impl<'a> PngPicture<'a> {
    /// A picture of this header and image data, whose rows become samples by `expand`.
    pub(crate) fn new(header: ImageHeader, data: ImageData<'a>, expand: Expand) -> Self {
        Self { header, data, expand }
    }

    /// What a decoded pixel is made of: gray, RGB or RGBA. Palettes give RGB; stored alpha and `tRNS` give RGBA.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.expand.layout
    }

    /// Decodes the picture, a few rows at a time from the top. An interlaced one is held whole before, since each of its
    /// passes reaches from its top to its bottom.
    ///
    /// `sink` gets interleaved rows of `width × channels` samples as plane 0, tight: `U8`, or `U16` where the file has
    /// 16 bits per sample.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`](image_ingest_samples::DecodeError::Malformed) for a CRC or an Adler-32 that does not
    /// hold, for a wrong deflate stream, and for an unknown filter type; `Truncated` where the image data ends before
    /// the last row or its Adler-32; `Work`, with the errors of `sink`.
    pub fn decode(self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let Self { header, data, expand } = &self;
        let mut rows = StoredRows::new(*header, data.clone(), timer)?;
        let stride = side(header.size.width) * expand.layout.channels();
        if header.interlaced && header.bit_depth == 16 {
            let picture = self.deinterlaced(&mut rows, |row, _, out| expand.row16(row, out), timer)?;
            rows.finish()?;
            return Ok(picture.hand_on(sink, timer)?);
        }
        if header.interlaced {
            let picture = self.deinterlaced(&mut rows, |row, width, out| expand.row8(row, width, out), timer)?;
            rows.finish()?;
            return Ok(picture.hand_on(sink, timer)?);
        }
        if header.bit_depth == 16 {
            let mut samples = Vec::new();
            rows.pass(header.size, |rows, row_len| {
                self.expanded(rows, row_len, &mut samples, |row, _, out| expand.row16(row, out))?;
                Ok(sink.take_rows(0, SampleRows { samples: SampleSlice::U16(&samples), stride }, timer)?)
            })?;
        } else if expand.is_as_stored() {
            rows.pass(header.size, |rows, _| Ok(sink.take_rows(0, SampleRows::u8(rows, stride), timer)?))?;
        } else {
            let mut samples = Vec::new();
            rows.pass(header.size, |rows, row_len| {
                self.expanded(rows, row_len, &mut samples, |row, width, out| expand.row8(row, width, out))?;
                Ok(sink.take_rows(0, SampleRows::u8(&samples, stride), timer)?)
            })?;
        }
        rows.finish()
    }

    /// Replaces `samples` by what `expand` makes of stored rows, which are as wide as the picture.
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

    /// Writes the pixels that `expand` makes of the rows of each pass to their places in the picture.
    fn deinterlaced<T: Copy + Zeroable>(
        &self,
        rows: &mut StoredRows<'_>,
        expand: impl Fn(&[u8], usize, &mut Vec<T>),
        timer: &CpuTimer<'_>,
    ) -> Result<PictureRows<T>> {
        let (size, channels) = (self.header.size, self.expand.layout.channels());
        let stride = sample_count(Size::new(size.width, 1), channels).ok_or_else(unaddressable)?;
        let mut out = PictureRows::zeroed(side(size.height), stride, timer)?;
        let mut samples = Vec::new();
        for pass in passes(size, self.header.interlaced) {
            let (width, mut y) = (side(pass.size.width), pass.y);
            rows.pass(pass.size, |rows, row_len| {
                for row in rows.chunks_exact(row_len) {
                    empty(&mut samples, width * channels)?;
                    expand(row, width, &mut samples);
                    let target = out.row_mut(y);
                    y += pass.y_step;
                    match channels {
                        1 => scatter::<T, 1>(&samples, target, &pass),
                        3 => scatter::<T, 3>(&samples, target, &pass),
                        _ => scatter::<T, 4>(&samples, target, &pass),
                    }
                }
                Ok(())
            })?;
        }
        Ok(out)
    }
}

/// Writes the pixels of a pass's row, of `N` channels each, to their places in a row of the picture.
fn scatter<T: Copy, const N: usize>(samples: &[T], target: &mut [T], pass: &Adam7Pass) {
    let places = target.as_chunks_mut::<N>().0.iter_mut().skip(pass.x).step_by(pass.x_step);
    places.zip(samples.as_chunks::<N>().0).for_each(|(to, from)| *to = *from);
}

/// Empties `samples` and makes room for `len`.
fn empty<T>(samples: &mut Vec<T>, len: usize) -> Result<(), WorkError> {
    samples.clear();
    image_ingest_samples::reserve(samples, len)
}
