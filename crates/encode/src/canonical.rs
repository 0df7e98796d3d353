//! The canonical image before encoding.

use image_ingest_samples::{CpuTimer, Orientation, Size, StoredPixels, chroma_size, sample_count};

use crate::result::Result;

/// The canonical image before encoding: samples and nothing else.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Canonical {
    /// Width and height of the samples as they lie.
    pub stored_size: Size,
    /// How they are turned to stand upright.
    pub orientation: Orientation,
    /// 8-bit sRGB samples, rows tight.
    pub samples: CanonicalSamples,
    /// Whether any pixel was transparent and shows the matte.
    pub alpha_composed: bool,
    /// Stored pixels, per side, for each pixel that the codec gave: 1, or the divisor of the DCT scale.
    pub scale_divisor: u32,
}

/// The samples of a [`Canonical`].
#[derive(Clone, PartialEq)]
pub enum CanonicalSamples {
    /// Interleaved red, green, blue.
    Rgb(Vec<u8>),
    /// One component; encoded as three.
    Gray(Vec<u8>),
    /// Full-range BT.601 planes; chroma is ⌈width / 2⌉ × ⌈height / 2⌉, centred.
    Ycbcr420 {
        /// A sample for each pixel.
        luma: Vec<u8>,
        /// Blue difference.
        cb: Vec<u8>,
        /// Red difference.
        cr: Vec<u8>,
    },
}

impl std::fmt::Debug for CanonicalSamples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rgb(_) => "Rgb",
            Self::Gray(_) => "Gray",
            Self::Ycbcr420 { .. } => "Ycbcr420",
        })
    }
}

impl Canonical {
    /// A canonical image of these samples, which stand upright. `None` when a length disagrees with the size, or when there is
    /// no pixel.
    #[must_use]
    pub fn new(size: Size, samples: CanonicalSamples, alpha_composed: bool, scale_divisor: u32) -> Option<Self> {
        let is = |v: &Vec<u8>, size: Size, channels| sample_count(size, channels) == Some(v.len());
        let agrees = match &samples {
            CanonicalSamples::Rgb(v) => is(v, size, 3),
            CanonicalSamples::Gray(v) => is(v, size, 1),
            CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
                let half = chroma_size(size, (2, 2));
                is(luma, size, 1) && is(cb, half, 1) && is(cr, half, 1)
            }
        };
        let orientation = Orientation::Upright;
        let canonical = Self { stored_size: size, orientation, samples, alpha_composed, scale_divisor };
        (agrees && size.pixels() > 0).then_some(canonical)
    }

    /// Width and height of the upright image.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.stored_size.transposed() } else { self.stored_size }
    }

    /// The same image, whose samples stand upright.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub fn upright(self, timer: &CpuTimer<'_>) -> Result<Self> {
        if self.orientation == Orientation::Upright { Ok(self) } else { self.turned(timer) }
    }

    /// A copy whose samples stand upright.
    ///
    /// # Errors
    ///
    /// As [`Self::upright`].
    fn turned(&self, timer: &CpuTimer<'_>) -> Result<Self> {
        let (size, half) = (self.stored_size, chroma_size(self.stored_size, (2, 2)));
        let plane = |v: &[u8], size| StoredPixels::<1>::new(v, size, self.orientation)?.to_upright(timer);
        let samples = match &self.samples {
            CanonicalSamples::Rgb(rgb) => {
                CanonicalSamples::Rgb(StoredPixels::<3>::new(rgb, size, self.orientation)?.to_upright(timer)?)
            }
            CanonicalSamples::Gray(luma) => CanonicalSamples::Gray(plane(luma, size)?),
            CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
                CanonicalSamples::Ycbcr420 { luma: plane(luma, size)?, cb: plane(cb, half)?, cr: plane(cr, half)? }
            }
        };
        Ok(Self { stored_size: self.size(), orientation: Orientation::Upright, samples, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upright_image_has_the_axes_of_its_size() {
        let luma = (0..6).collect();
        let stored = Canonical::new(Size::new(3, 2), CanonicalSamples::Gray(luma), false, 1).unwrap();
        let turned = Canonical { orientation: Orientation::Rotate90, ..stored };
        let upright = turned.clone().upright(&CpuTimer::default()).unwrap();
        assert_eq!(
            (turned.size(), upright.size(), upright.stored_size),
            (Size::new(2, 3), Size::new(2, 3), Size::new(2, 3))
        );
        assert!(upright.samples == CanonicalSamples::Gray(vec![3, 0, 4, 1, 5, 2]));
    }

    #[test]
    fn a_canonical_image_agrees_with_its_size() {
        let size = Size::new(3, 3);
        assert!(Canonical::new(size, CanonicalSamples::Rgb(vec![0; 27]), false, 1).is_some());
        assert!(Canonical::new(size, CanonicalSamples::Rgb(vec![0; 26]), false, 1).is_none());
        let planes = |n| CanonicalSamples::Ycbcr420 { luma: vec![0; 9], cb: vec![0; n], cr: vec![0; n] };
        assert!(Canonical::new(size, planes(4), false, 1).is_some());
        assert!(Canonical::new(size, planes(1), false, 1).is_none());
    }
}
