//! The scales at which the inverse DCT can give a picture.

/// A DCT scale, 1/n: of a side of the picture, the decoder gives ⌈side / n⌉ samples.
///
/// A reduced inverse DCT gives the means of n × n samples of the full one, but for rounding, and takes less time.
///
/// ```
/// use image_ingest_jpeg::DctScale;
///
/// assert_eq!(1001_u32.div_ceil(DctScale::Half.divisor()), 501);
/// assert!(DctScale::Full < DctScale::Eighth);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DctScale {
    /// 1/1: every sample.
    Full,
    /// 1/2: 4 × 4 samples of a block.
    Half,
    /// 1/4: 2 × 2 samples of a block.
    Quarter,
    /// 1/8: one sample of a block.
    Eighth,
}

impl DctScale {
    /// The divisor: 1, 2, 4 or 8.
    #[must_use]
    pub const fn divisor(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}
