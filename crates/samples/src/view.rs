//! Borrowed views of planes that are still in a decoder's own memory.

use crate::samples::Samples;

/// One plane of a decoded picture, in the memory of its decoder.
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
    /// A view of a plane whose rows are tight. `None` when the length disagrees with the size.
    #[must_use]
    pub fn of(samples: &'a Samples, width: usize, height: usize, bit_depth: u8) -> Option<Self> {
        let (bytes, bytes_per_sample): (&[u8], _) = match samples {
            Samples::U8(v) => (v, 1),
            Samples::U16(v) => (bytemuck::cast_slice(v), 2),
        };
        let stride = width.checked_mul(bytes_per_sample)?;
        (stride.checked_mul(height)? == bytes.len()).then_some(Self { bytes, width, height, stride, bit_depth })
    }

    /// Whether there is a sample at `(x, y)` and it is 0.
    #[must_use]
    pub fn is_zero(&self, x: usize, y: usize) -> bool {
        let bytes = if self.bit_depth > 8 { 2 } else { 1 };
        let start = y.saturating_mul(self.stride).saturating_add(x.saturating_mul(bytes));
        self.bytes.get(start..).and_then(|rest| rest.get(..bytes)).is_some_and(|sample| sample.iter().all(|&b| b == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_knows_which_samples_are_zero() {
        let samples = Samples::U16(vec![1, 0, 256, 0]);
        let view = PlaneView::of(&samples, 2, 2, 10).unwrap();
        let zeros = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| view.is_zero(x, y));
        assert_eq!(zeros, [false, true, false, true]);
        assert!(!view.is_zero(0, 2));
        assert!(!view.is_zero(usize::MAX, 1));
    }

    #[test]
    fn a_length_that_disagrees_is_no_view() {
        assert!(PlaneView::of(&Samples::U8(vec![0; 5]), 2, 2, 8).is_none());
        assert!(PlaneView::of(&Samples::U8(Vec::new()), usize::MAX, 2, 8).is_none());
    }
}
