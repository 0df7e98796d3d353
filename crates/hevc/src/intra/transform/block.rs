//! The coefficients of one transform block.

/// The coefficients of one transform block of up to 32 × 32.
///
/// Outside of `columns` × `rows` all are zero. Most blocks have few coefficients near the corner, so the transforms
/// need not look at the rest.
pub(crate) struct TransformBlock {
    /// Rows tight: the stride is the side of the block.
    pub(crate) coefficients: [i16; 1024],
    /// Columns that coefficients reach, a multiple of 4.
    pub(crate) columns: usize,
    /// Rows that coefficients reach, a multiple of 4.
    pub(crate) rows: usize,
    /// Whether only the first coefficient can be other than zero.
    pub(crate) is_flat: bool,
}

impl TransformBlock {
    /// A block of zeros.
    pub(crate) fn zeroed() -> Self {
        Self { coefficients: [0; 1024], columns: 0, rows: 0, is_flat: false }
    }
}
