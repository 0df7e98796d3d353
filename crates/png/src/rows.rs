//! The rows of a PNG as they are stored: inflated and unfiltered, pass by pass.
//!
//! Rows are inflated, unfiltered and handed on a few at a time, so that they stay in the cache and no whole picture of
//! them exists.

use image_ingest_samples::{Avx2, CpuTimer, DecodeError, Size, zeroed};

use crate::adam7::passes;
use crate::header::ImageHeader;
use crate::image_data::{ImageData, ImageInflater};
use crate::result::Result;
use crate::unfilter::group::has_groups;
use crate::unfilter::{padding_rows, unfilter};

/// The rows of a picture as they are stored, unfiltered.
pub(crate) struct StoredRows<'a> {
    bits_per_pixel: usize,
    inflate: ImageInflater<'a>,
    timer: &'a CpuTimer<'a>,
}

impl<'a> StoredRows<'a> {
    /// Prepares to read the rows that `header` describes.
    ///
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
        let most = BYTES_AT_ONCE.max(widest.saturating_mul(least_at_once(bits_per_pixel.div_ceil(8))));
        let inflate = ImageInflater::new(data, total as u64, most, timer)?;
        Ok(Self { bits_per_pixel, inflate, timer })
    }

    /// Gives `push` the rows of the next pass, whose size is `size`; a picture that is not interlaced is one pass. Each
    /// call gets several rows, tight, and the length of one in bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`], [`DecodeError::Work`], and those of `push`.
    pub(crate) fn pass(&mut self, size: Size, mut push: impl FnMut(&[u8], usize) -> Result<()>) -> Result<()> {
        let filtered_len = filtered_len(size.width, self.bits_per_pixel).ok_or_else(unaddressable)?;
        let row_len = filtered_len - 1;
        // § 9.2: where a pixel has less than a byte, filters refer to the byte on the left.
        let bytes_per_pixel = self.bits_per_pixel.div_ceil(8);
        // Little enough to stay in the cache, before the samples are expanded and after.
        let at_once = BYTES_AT_ONCE / filtered_len.max(side(size.width));
        let least = least_at_once(bytes_per_pixel);
        let at_once = (at_once / least * least).clamp(least, MAX_ROWS_AT_ONCE);
        let mut left = side(size.height);
        // The row above comes first. Above the first row all bytes count as zero (§ 9.2).
        let mut out = zeroed((1 + at_once + padding_rows(bytes_per_pixel)) * row_len)?;
        let avx2 = Avx2::find();
        while left > 0 {
            self.timer.check()?;
            let count = at_once.min(left);
            let len = count * filtered_len;
            let filtered = self.inflate.at_least(len, self.timer)?.get(..len).unwrap_or_default();
            unfilter(filtered, bytes_per_pixel, row_len, &mut out, avx2).ok_or_else(unknown_filter)?;
            self.inflate.take(len);
            push(&out[row_len..][..count * row_len], row_len)?;
            // The last row is above the next ones.
            out.copy_within(count * row_len..(count + 1) * row_len, 0);
            left -= count;
        }
        Ok(())
    }

    /// Ends the picture: the Adler-32 must be there and right, unless there is more data than the rows need.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`].
    pub(crate) fn finish(self) -> Result<()> {
        self.inflate.finish(self.timer)
    }
}

/// Bytes of a row of `width` pixels and its filter type.
fn filtered_len(width: u32, bits_per_pixel: usize) -> Option<usize> {
    usize::try_from(width).ok()?.checked_mul(bits_per_pixel)?.div_ceil(8).checked_add(1)
}

/// The least rows that are unfiltered at once, however wide the picture is: a group, where there are groups.
fn least_at_once(bytes_per_pixel: usize) -> usize {
    if has_groups(bytes_per_pixel) { 8 } else { 4 }
}

/// The rows that are unfiltered before they are pushed: about as many as these bytes hold, as whole groups, and no more
/// than [`MAX_ROWS_AT_ONCE`].
const BYTES_AT_ONCE: usize = 64 * 1024;
const MAX_ROWS_AT_ONCE: usize = 64;

/// A count of pixels as an index; pictures whose rows no memory holds fail to allocate.
pub(crate) fn side(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(usize::MAX)
}

/// A size of which the bytes cannot be counted.
pub(crate) fn unaddressable() -> DecodeError {
    DecodeError::out_of_memory(0)
}

fn unknown_filter() -> DecodeError {
    DecodeError::malformed("an unknown filter type")
}
