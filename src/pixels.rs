//! Decoded samples on their way from a codec to the canonical image.

use image_ingest_samples::{Planes, Raster, Size};

/// What a codec gives: planes or interleaved samples, as stored or already reduced.
///
/// The plan asks for a scale that a codec may not have; this value says what the codec did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pixels {
    /// Y′CbCr planes, or a luma plane alone.
    #[cfg_attr(not(feature = "heic"), expect(dead_code, reason = "all others are reduced as they are decoded"))]
    Ycbcr(Planes),
    /// Interleaved samples.
    Interleaved(Raster),
    /// Planes that the codec cropped and reduced to the plan's target, chroma to the grid that the plan names.
    ReducedYcbcr(Planes),
    /// Interleaved samples that the codec cropped and reduced to the plan's target.
    ReducedInterleaved(Raster),
}

impl Pixels {
    /// The size of the decoded pixels, in stored axes.
    pub(crate) fn size(&self) -> Size {
        match self {
            Self::Ycbcr(planes) | Self::ReducedYcbcr(planes) => planes.size,
            Self::Interleaved(raster) | Self::ReducedInterleaved(raster) => raster.size,
        }
    }
}
