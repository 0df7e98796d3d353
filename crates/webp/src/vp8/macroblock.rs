//! The samples of macroblocks, and those of their neighbours that prediction looks at.

/// The samples of one macroblock. It stays in the fastest cache while it is predicted, transformed and filtered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct MacroblockSamples {
    /// 16 rows of luma.
    pub(crate) luma: [[u8; 16]; 16],
    /// 8 rows of chroma: 8 samples of U, then 8 of V.
    pub(crate) chroma: [[u8; 16]; 8],
}

/// Samples beside a macroblock, before the loop filter. Chroma has both planes in one: 8 of U, then 8 of V.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    /// The row above.
    pub(crate) above: [u8; 16],
    /// The column to the left.
    pub(crate) left: [u8; 16],
    /// The sample above and to the left: of luma twice, or of U and V.
    pub(crate) corner: [u8; 2],
    /// Whether there is a macroblock above.
    pub(crate) has_above: bool,
    /// Whether there is a macroblock to the left.
    pub(crate) has_left: bool,
}

/// What stands above the picture (RFC 6386 § 12.2), the corner of the first row included.
pub(crate) const ABOVE_PICTURE: u8 = 127;

/// What stands to the left of the picture, and in the corners of all rows but the first.
pub(crate) const LEFT_OF_PICTURE: u8 = 129;

impl Beside {
    /// The neighbours of the first macroblock of a row. What is above is set for each macroblock.
    pub(crate) fn at_the_left(has_above: bool) -> Self {
        let corner = if has_above { LEFT_OF_PICTURE } else { ABOVE_PICTURE };
        Self {
            above: [ABOVE_PICTURE; 16],
            left: [LEFT_OF_PICTURE; 16],
            corner: [corner; 2],
            has_above,
            has_left: false,
        }
    }
}
