//! The rows of a PNG as they are stored: inflated and unfiltered, pass by pass.

use image_ingest_samples::{CpuTimer, DecodeError, Size, zeroed};

use crate::adam7::passes;
use crate::header::ImageHeader;
use crate::inflate::{ImageData, Inflate};
use crate::result::Result;
use crate::unfilter::{SPARE, unfilter};

/// The rows of a picture as they are stored, unfiltered.
pub(crate) struct StoredRows<'a> {
    bits_per_pixel: usize,
    inflate: Inflate<'a>,
    timer: &'a CpuTimer<'a>,
}

impl<'a> StoredRows<'a> {
    /// # Errors
    ///
    /// [`DecodeError::Malformed`]; [`DecodeError::Work`].
    pub(crate) fn new(header: ImageHeader, data: ImageData<'a>, timer: &'a CpuTimer<'a>) -> Result<Self> {
        let bits_per_pixel = usize::from(header.color_type.samples()) * usize::from(header.bit_depth);
        let widest = filtered_len(header.size.width, bits_per_pixel).ok_or_else(unaddressable)?;
        let passes = passes(header.size, header.interlaced);
        let lengths = passes.map(|pass| {
            filtered_len(pass.size.width, bits_per_pixel)?.checked_mul(usize::try_from(pass.size.height).ok()?)
        });
        let total = lengths.sum::<Option<usize>>().ok_or_else(unaddressable)?;
        let most = STRIP_BYTES.max(widest.saturating_mul(LEAST_ROWS));
        let inflate = Inflate::new(data, total as u64, most)?;
        Ok(Self { bits_per_pixel, inflate, timer })
    }

    /// Gives the rows of a picture that is not interlaced, or of one pass, as many at a time as come, to `push`, with
    /// the length of a row.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`], [`DecodeError::Work`], and those of `push`.
    pub(crate) fn pass(&mut self, size: Size, mut push: impl FnMut(&[u8], usize) -> Result<()>) -> Result<()> {
        let filtered_len = filtered_len(size.width, self.bits_per_pixel).ok_or_else(unaddressable)?;
        let row_len = filtered_len - 1;
        let bytes_per_pixel = self.bits_per_pixel.div_ceil(8);
        // Little enough to stay in the cache, before the samples are expanded and after.
        let strip = (STRIP_BYTES / filtered_len.max(side(size.width))).clamp(LEAST_ROWS, MOST_ROWS);
        let mut left = side(size.height);
        // The row above comes first; above the first row there is black.
        let mut out = zeroed((1 + strip + SPARE) * row_len)?;
        while left > 0 {
            self.timer.check()?;
            let count = strip.min(left);
            let len = count * filtered_len;
            let filtered = self.inflate.at_least(len)?.get(..len).unwrap_or_default();
            unfilter(filtered, bytes_per_pixel, row_len, &mut out).ok_or_else(unknown_filter)?;
            self.inflate.take(len);
            push(&out[row_len..][..count * row_len], row_len)?;
            out.copy_within(count * row_len..(count + 1) * row_len, 0);
            left -= count;
        }
        Ok(())
    }

    /// Ends the picture: its checksum must be there and right, or more data than the picture needs.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`].
    pub(crate) fn finish(self) -> Result<()> {
        self.inflate.finish()
    }
}

/// Bytes of a row of `width` pixels with its filter type.
fn filtered_len(width: u32, bits_per_pixel: usize) -> Option<usize> {
    usize::try_from(width).ok()?.checked_mul(bits_per_pixel)?.div_ceil(8).checked_add(1)
}

/// Rows that are unfiltered before they are pushed, in bytes.
const STRIP_BYTES: usize = 64 * 1024;
const LEAST_ROWS: usize = 4;
const MOST_ROWS: usize = 64;

pub(crate) fn side(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(usize::MAX)
}

pub(crate) fn unaddressable() -> DecodeError {
    DecodeError::out_of_memory(0)
}

fn unknown_filter() -> DecodeError {
    DecodeError::malformed("an unknown filter type")
}
