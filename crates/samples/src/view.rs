//! Planes inside a decoder's own memory.

use crate::samples::Samples;

/// One plane of a decoded picture, wherever its decoder holds it.
#[derive(Debug, Clone, Copy)]
pub struct PlaneView<'a> {
    /// Rows that begin `stride` bytes apart; samples above 8 bits are two bytes each, in the machine's byte order.
    pub bytes: &'a [u8],
    /// Samples across.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Bits per sample.
    pub bit_depth: u8,
}

/// The planes of one decoded picture: luma, Cb, Cr, and `None` for those that it does not have.
pub type PictureView<'a> = [Option<PlaneView<'a>>; 3];

impl<'a> PlaneView<'a> {
    /// A plane whose rows are tight; `None` where the length disagrees with the size.
    #[must_use]
    pub fn of(samples: &'a Samples, width: usize, height: usize, bit_depth: u8) -> Option<Self> {
        let (bytes, bytes_per_sample): (&[u8], _) = match samples {
            Samples::U8(v) => (v, 1),
            Samples::U16(v) => (bytemuck::cast_slice(v), 2),
        };
        let stride = width.checked_mul(bytes_per_sample)?;
        (stride.checked_mul(height)? == bytes.len()).then_some(Self { bytes, width, height, stride, bit_depth })
    }

    /// Whether the sample at `(x, y)` is there and 0.
    #[must_use]
    pub fn is_zero(&self, x: usize, y: usize) -> bool {
        let bytes = if self.bit_depth > 8 { 2 } else { 1 };
        let start = y.saturating_mul(self.stride).saturating_add(x.saturating_mul(bytes));
        self.bytes.get(start..).and_then(|rest| rest.get(..bytes)).is_some_and(|sample| sample.iter().all(|&b| b == 0))
    }
}
