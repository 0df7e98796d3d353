//! A value for each square block of a picture: modes of a transform, or the choice of prefix codes (RFC 9649 § 3.5.1, §
//! 3.7.2.2).

use image_ingest_samples::Size;

/// Values for blocks of `1 << log2` pixels a side that cover a picture, row by row.
pub(super) struct BlockValues<T> {
    pub(super) log2: u32,
    /// BlockValues of a row.
    pub(super) width: usize,
    pub(super) values: Vec<T>,
}

impl<T> BlockValues<T> {
    /// The values of the blocks that cover row `y` of the picture, from the left.
    pub(super) fn of_row(&self, y: usize) -> &[T] {
        let start = (y >> self.log2) * self.width;
        self.values.get(start..start + self.width).unwrap_or_default()
    }
}

/// A picture of `size` in blocks of `1 << log2` pixels a side that cover it.
pub(super) fn in_blocks(size: Size, log2: u32) -> Size {
    Size::new(size.width.div_ceil(1 << log2), size.height.div_ceil(1 << log2))
}
